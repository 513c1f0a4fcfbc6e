use std::pin::Pin;
use std::task::{Context, Poll};

type Brewing = Pin<Box<dyn Future<Output = &'static str>>>;

/// Two teas, ready when both are.
pub struct Both {
    brewing: [Brewing; 2],
    ready: Vec<&'static str>,
}

/// Waits for two teas at the same time, and gives them in this order.
pub fn both(
    first: impl Future<Output = &'static str> + 'static,
    second: impl Future<Output = &'static str> + 'static,
) -> Both {
    Both {
        brewing: [Box::pin(first), Box::pin(second)],
        ready: Vec::new(),
    }
}

impl Future for Both {
    type Output = [&'static str; 2];

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // Build it: this begins with the second tea when the first one is ready.
        loop {
            match self.ready[..] {
                [first, second] => return Poll::Ready([first, second]),
                _ => {
                    let next = self.ready.len();
                    match self.brewing[next].as_mut().poll(cx) {
                        Poll::Ready(tea) => self.ready.push(tea),
                        Poll::Pending => return Poll::Pending,
                    }
                }
            }
        }
    }
}

use std::pin::Pin;
use std::task::{Context, Poll};

type Brewing = Pin<Box<dyn Future<Output = &'static str>>>;

/// Two teas, ready when both are.
pub struct Both {
    brewing: [Brewing; 2],
    ready: [Option<&'static str>; 2],
}

/// Waits for two teas at the same time, and gives them in this order.
pub fn both(
    first: impl Future<Output = &'static str> + 'static,
    second: impl Future<Output = &'static str> + 'static,
) -> Both {
    Both {
        brewing: [Box::pin(first), Box::pin(second)],
        ready: [None, None],
    }
}

impl Future for Both {
    type Output = [&'static str; 2];

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        for (brewing, ready) in this.brewing.iter_mut().zip(&mut this.ready) {
            // A future that was ready must not be polled again.
            if ready.is_none()
                && let Poll::Ready(tea) = brewing.as_mut().poll(cx)
            {
                *ready = Some(tea);
            }
        }
        match this.ready {
            [Some(first), Some(second)] => Poll::Ready([first, second]),
            _ => Poll::Pending,
        }
    }
}

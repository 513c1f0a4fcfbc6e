use std::pin::Pin;
use std::task::{Context, Poll};

type Boxed<T> = Pin<Box<dyn Future<Output = T>>>;

/// A future, and its value once it is ready.
struct Half<T> {
    future: Boxed<T>,
    value: Option<T>,
}

impl<T> Half<T> {
    fn new(future: impl Future<Output = T> + 'static) -> Half<T> {
        Half {
            future: Box::pin(future),
            value: None,
        }
    }

    /// Polls the future unless it is ready already.
    fn go_on(&mut self, cx: &mut Context<'_>) {
        if self.value.is_none()
            && let Poll::Ready(value) = self.future.as_mut().poll(cx)
        {
            self.value = Some(value);
        }
    }
}

/// Two futures that run at the same time, as one.
pub struct Both<T> {
    first: Half<T>,
    second: Half<T>,
}

impl<T> Both<T> {
    pub fn new(
        first: impl Future<Output = T> + 'static,
        second: impl Future<Output = T> + 'static,
    ) -> Both<T> {
        Both {
            first: Half::new(first),
            second: Half::new(second),
        }
    }
}

/// `Unpin` lets `poll` change the fields: a value of `T` may be moved. Nearly every type is.
impl<T: Unpin> Future for Both<T> {
    type Output = (T, T);

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<(T, T)> {
        self.first.go_on(cx);
        self.second.go_on(cx);
        if self.first.value.is_none() || self.second.value.is_none() {
            return Poll::Pending;
        }
        match (self.first.value.take(), self.second.value.take()) {
            (Some(first), Some(second)) => Poll::Ready((first, second)),
            _ => unreachable!("both values were just there"),
        }
    }
}

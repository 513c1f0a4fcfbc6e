use std::pin::Pin;
use std::task::{Context, Poll};

type Boxed<T> = Pin<Box<dyn Future<Output = T>>>;

/// Two futures that run at the same time, as one.
pub struct Both<T> {
    first: Boxed<T>,
    second: Boxed<T>,
}

impl<T> Both<T> {
    pub fn new(
        first: impl Future<Output = T> + 'static,
        second: impl Future<Output = T> + 'static,
    ) -> Both<T> {
        Both {
            first: Box::pin(first),
            second: Box::pin(second),
        }
    }
}

/// `Unpin` lets `poll` change the fields: a value of `T` may be moved. Nearly every type is.
impl<T: Unpin> Future for Both<T> {
    type Output = (T, T);

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<(T, T)> {
        let first = self.first.as_mut().poll(cx);
        let second = self.second.as_mut().poll(cx);
        match (first, second) {
            (Poll::Ready(first), Poll::Ready(second)) => Poll::Ready((first, second)),
            _ => Poll::Pending,
        }
    }
}

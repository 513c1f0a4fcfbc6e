use std::pin::Pin;
use std::task::{Context, Poll, Waker};

type Boxed<T> = Pin<Box<dyn Future<Output = T>>>;

/// Drives all futures to their ends, turn by turn, and lists their values.
pub fn take_turns<T>(futures: Vec<Boxed<T>>) -> Vec<T> {
    let mut cx = Context::from_waker(Waker::noop());
    let mut values = Vec::new();
    for mut future in futures {
        // Build it: this drives one future after another.
        loop {
            if let Poll::Ready(value) = future.as_mut().poll(&mut cx) {
                values.push(value);
                break;
            }
        }
    }
    values
}

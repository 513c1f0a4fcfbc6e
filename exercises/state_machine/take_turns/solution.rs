use std::collections::{BTreeMap, VecDeque};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

type Boxed<T> = Pin<Box<dyn Future<Output = T>>>;

/// Drives all futures to their ends, turn by turn, and lists their values.
pub fn take_turns<T>(futures: Vec<Boxed<T>>) -> Vec<T> {
    let mut cx = Context::from_waker(Waker::noop());
    let mut turns: VecDeque<_> = futures.into_iter().enumerate().collect();
    let mut ended = BTreeMap::new();
    while let Some((place, mut future)) = turns.pop_front() {
        match future.as_mut().poll(&mut cx) {
            Poll::Ready(value) => {
                ended.insert(place, value);
            }
            Poll::Pending => turns.push_back((place, future)),
        }
    }
    ended.into_values().collect()
}

//! Stackful coroutines as tasks of an event loop: what gevent is, in forty lines.

use std::cell::RefCell;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use corosensei::{Coroutine, CoroutineResult, Yielder};

// ANCHOR: fiber
/// A function with a stack of its own, as a future.
pub struct Fiber<T>(Coroutine<Waker, (), T>);

impl<T: 'static> Fiber<T> {
    pub fn new(function: impl FnOnce(&Hub) -> T + 'static) -> Self {
        Fiber(Coroutine::new(|yielder, waker| {
            let waker = RefCell::new(waker);
            function(&Hub { yielder, waker })
        }))
    }
}

impl<T> Future for Fiber<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        match self.0.resume(cx.waker().clone()) {
            CoroutineResult::Yield(()) => Poll::Pending,
            CoroutineResult::Return(value) => Poll::Ready(value),
        }
    }
}
// ANCHOR_END: fiber

// ANCHOR: hub
/// The way back to the loop; every function that waits is given it.
pub struct Hub<'a> {
    yielder: &'a Yielder<Waker, ()>,
    /// Wakes the task that drives the fiber; new with every poll.
    waker: RefCell<Waker>,
}

impl Hub<'_> {
    /// Waits for `future` without an `.await`: the whole stack stops until it is ready.
    pub fn wait<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        loop {
            let waker = self.waker.borrow().clone();
            let mut cx = Context::from_waker(&waker);
            if let Poll::Ready(value) = future.as_mut().poll(&mut cx) {
                return value;
            }
            self.waker.replace(self.yielder.suspend(()));
        }
    }
}
// ANCHOR_END: hub

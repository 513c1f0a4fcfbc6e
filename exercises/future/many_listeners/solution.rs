use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// Rings once; a clone is a handle to the same bell.
#[derive(Clone, Default)]
pub struct Bell(Rc<State>);

#[derive(Default)]
struct State {
    rung: Cell<bool>,
    wakers: RefCell<Vec<Waker>>,
}

impl Bell {
    /// Rings, and wakes everybody who listens.
    pub fn ring(&self) {
        self.0.rung.set(true);
        for waker in self.0.wakers.take() {
            waker.wake();
        }
    }

    /// Waits until the bell has rung.
    pub fn heard(&self) -> Heard {
        Heard(self.clone())
    }
}

/// The wait of one listener.
pub struct Heard(Bell);

impl Future for Heard {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let state = &self.0.0;
        if state.rung.get() {
            return Poll::Ready(());
        }
        let mut wakers = state.wakers.borrow_mut();
        if !wakers.iter().any(|waker| waker.will_wake(cx.waker())) {
            wakers.push(cx.waker().clone());
        }
        Poll::Pending
    }
}

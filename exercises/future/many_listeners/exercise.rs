use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// Rings once; a clone is a handle to the same bell.
#[derive(Clone, Default)]
pub struct Bell(Rc<State>);

#[derive(Default)]
struct State {
    rung: Cell<bool>,
    waker: Cell<Option<Waker>>,
}

impl Bell {
    /// Rings, and wakes everybody who listens.
    pub fn ring(&self) {
        self.0.rung.set(true);
        if let Some(waker) = self.0.waker.take() {
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
        state.waker.set(Some(cx.waker().clone()));
        Poll::Pending
    }
}

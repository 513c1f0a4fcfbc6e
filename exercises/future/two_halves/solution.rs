use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// What the two halves share.
struct Slot<T> {
    value: Option<T>,
    /// Wakes whoever asked last.
    waker: Option<Waker>,
    sender_is_gone: bool,
    receiver_is_gone: bool,
}

/// The half that fills the slot.
pub struct Sender<T>(Rc<RefCell<Slot<T>>>);

/// The half that waits: it yields the value, or `None` if none will come.
pub struct Receiver<T>(Rc<RefCell<Slot<T>>>);

/// Makes both halves of an empty slot.
pub fn oneshot<T>() -> (Sender<T>, Receiver<T>) {
    let slot = Rc::new(RefCell::new(Slot {
        value: None,
        waker: None,
        sender_is_gone: false,
        receiver_is_gone: false,
    }));
    (Sender(slot.clone()), Receiver(slot))
}

impl<T> Sender<T> {
    /// Fills the slot, or gives the value back if the receiver is gone.
    pub fn send(self, value: T) -> Result<(), T> {
        let mut slot = self.0.borrow_mut();
        if slot.receiver_is_gone {
            return Err(value);
        }
        slot.value = Some(value);
        Ok(()) // The sender is dropped here, and that wakes the receiver.
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let mut slot = self.0.borrow_mut();
        slot.sender_is_gone = true;
        let waker = slot.waker.take();
        drop(slot); // Nothing is borrowed while the waker is called.
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<T> Future for Receiver<T> {
    type Output = Option<T>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let mut slot = self.0.borrow_mut();
        if let Some(value) = slot.value.take() {
            return Poll::Ready(Some(value));
        }
        if slot.sender_is_gone {
            return Poll::Ready(None);
        }
        slot.waker = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.0.borrow_mut().receiver_is_gone = true;
    }
}

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

/// What the two halves share.
struct Slot<T> {
    value: Option<T>,
}

/// The half that fills the slot.
pub struct Sender<T>(Rc<RefCell<Slot<T>>>);

/// The half that waits: it yields the value, or `None` if none will come.
pub struct Receiver<T>(Rc<RefCell<Slot<T>>>);

/// Makes both halves of an empty slot.
pub fn oneshot<T>() -> (Sender<T>, Receiver<T>) {
    let slot = Rc::new(RefCell::new(Slot { value: None }));
    (Sender(slot.clone()), Receiver(slot))
}

impl<T> Sender<T> {
    /// Fills the slot, or gives the value back if the receiver is gone.
    pub fn send(self, value: T) -> Result<(), T> {
        // Build it: this wakes nobody, and does not ask whether anybody is there.
        self.0.borrow_mut().value = Some(value);
        Ok(())
    }
}

impl<T> Future for Receiver<T> {
    type Output = Option<T>;

    fn poll(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Option<T>> {
        // Build it: this leaves no waker behind, and knows nothing of the sender.
        match self.0.borrow_mut().value.take() {
            Some(value) => Poll::Ready(Some(value)),
            None => Poll::Pending,
        }
    }
}

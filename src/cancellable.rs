//! Futures of other libraries, which know nothing of a cancellation that is a value.

use std::cell::RefCell;
use std::future::Future;
use std::rc::Rc;
use std::task::{Poll, Waker};

use crate::error::Cancelled;
use crate::event_loop::Core;
use crate::leaf::Registration;
use crate::waits::Cancel;

/// Wakes a `cancellable` that is cancelled, and leaves the rest to it.
struct WakeUp(RefCell<Waker>);

impl Cancel for WakeUp {
    fn cancel(self: Rc<Self>, _: &Cancelled) -> bool {
        self.0.borrow().wake_by_ref();
        false
    }

    fn is_foreign(&self) -> bool {
        true
    }
}

/// Lets a task be cancelled while it awaits a future of another library.
///
/// Such a future knows nothing of `Err(Cancelled)`. When the task is cancelled, it is dropped here, and the body goes on with
/// `Err(Cancelled)`; without this wrapper the whole body would be dropped at its await point, or, if other leaves of the task
/// hear of the cancellation, the future would wait on.
/// A future that awaits something of this library hears of the cancellation there, and is not dropped.
pub async fn cancellable<F: Future>(future: F) -> Result<F::Output, Cancelled> {
    let mut future = std::pin::pin!(future);
    let mut registration = Registration::default();
    let mut wake_up: Option<Rc<WakeUp>> = None;
    std::future::poll_fn(move |cx| {
        let Some(task) = Core::running().and_then(|core| core.current()) else {
            return future.as_mut().poll(cx).map(Ok);
        };
        let new = || Rc::new(WakeUp(RefCell::new(cx.waker().clone())));
        let wake_up = wake_up.get_or_insert_with(new);
        wake_up.0.borrow_mut().clone_from(cx.waker());
        if !registration.is_entered() {
            registration.enter(&task, Some(wake_up.clone()));
        }
        let inside = registration.surround(task.header());
        let polled = future.as_mut().poll(cx);
        drop(inside);
        match (polled, registration.thrown()) {
            (Poll::Ready(output), _) => {
                drop(std::mem::take(&mut registration));
                Poll::Ready(Ok(output))
            }
            (Poll::Pending, Some(cancelled)) => {
                registration.arrived(|| true);
                Poll::Ready(Err(cancelled))
            }
            (Poll::Pending, None) => Poll::Pending,
        }
    })
    .await
}

//! Futures of other libraries, which know nothing of a cancellation that is a value.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use crate::error::Cancelled;
use crate::event_loop::Core;
use crate::on_drop::OnDrop;
use crate::task::Driven;
use crate::waiting::{Registration, Target};

impl Registration {
    /// Changes what a leaf waits for.
    fn set_target(&self, target: Target) {
        let Some(task) = &self.task else { return };
        if let Some(wait) = task.state().waits.list.borrow_mut().get_mut(self.number) {
            wait.target = target;
        }
    }

    /// Calls `f`, and counts as inside of this entry whatever is entered meanwhile.
    fn surround<R>(&self, task: &dyn Driven, f: impl FnOnce() -> R) -> R {
        let scope = &task.state().waits.scope;
        let outside = scope.replace(self.number);
        let _inside = OnDrop(|| scope.set(outside));
        f()
    }
}

/// Lets a task be cancelled while it awaits a future of another library.
///
/// Such a future knows nothing of `Err(Cancelled)`. When the task is cancelled, it is polled once more, lest a value that has come
/// be lost, then dropped here, and the body goes on with `Err(Cancelled)`. Without this wrapper the whole body would be dropped at
/// its await point, or, if other leaves of the task hear of the cancellation, the future would wait on.
/// A future that awaits something of this library hears of the cancellation there, and is not dropped.
pub async fn cancellable<F: Future>(future: F) -> Result<F::Output, Cancelled> {
    let mut future = pin!(future);
    let mut registration = Registration::default();
    poll_fn(move |cx| {
        let Some(task) = Core::with_current(|_, task| task.clone()) else {
            return future.as_mut().poll(cx).map(Ok);
        };
        let target = Target::Foreign(cx.waker().clone());
        match registration.is_of(&task) {
            true => registration.set_target(target),
            false => registration.enter(&task, target),
        }
        let polled = registration.surround(&*task, || future.as_mut().poll(cx));
        match (polled, registration.thrown()) {
            // What it has taken from somebody is not lost.
            (Poll::Ready(output), _) => {
                registration = Registration::default();
                Poll::Ready(Ok(output))
            }
            (Poll::Pending, Some(cancelled)) => {
                registration.leave(true);
                Poll::Ready(Err(cancelled))
            }
            (Poll::Pending, None) => Poll::Pending,
        }
    })
    .await
}

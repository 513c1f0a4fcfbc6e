//! Futures of other libraries, which know nothing of a cancellation that is a value.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use crate::error::Cancelled;
use crate::event_loop::Core;
use crate::on_drop::OnDrop;
use crate::waiting::{Registration, Target, Waits};

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
        let Waits { list, scope, .. } = &task.state().waits;
        let mut target = Target::Foreign(cx.waker().clone());
        if !registration.is_of(&task) {
            registration.enter(&task, target);
        } else if let Some(wait) = list.borrow_mut().get_mut(registration.number) {
            // The waker of before is dropped when the list is not borrowed any more.
            std::mem::swap(&mut wait.target, &mut target);
        }
        // Whatever is entered meanwhile is inside of this entry.
        let outside = scope.replace(registration.number);
        let inside = OnDrop(|| scope.set(outside));
        let polled = future.as_mut().poll(cx);
        drop(inside);
        match (polled, registration.thrown()) {
            // What it has taken from somebody is not lost.
            (Poll::Ready(output), _) => {
                registration = Registration::default();
                Poll::Ready(Ok(output))
            }
            // It has gone on to something of this library, and hears of the cancellation there when this step is over.
            (Poll::Pending, Some(_)) if list.borrow().iter().any(|(_, wait)| wait.scope == registration.number) => {
                if let Some(wait) = list.borrow_mut().get_mut(registration.number) {
                    (wait.told, wait.thrown) = Default::default();
                }
                task.state().set_must_cancel();
                Poll::Pending
            }
            (Poll::Pending, Some(cancelled)) => {
                registration.end(true);
                Poll::Ready(Err(cancelled))
            }
            (Poll::Pending, None) => Poll::Pending,
        }
    })
    .await
}

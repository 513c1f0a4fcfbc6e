//! One turn for the others.

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::error::Cancelled;
use crate::event_loop::Core;
use crate::observe::Place;
use crate::waits::Registration;

/// Gives every other ready task and callback one turn.
///
/// # Errors
/// If the task is cancelled before its next turn.
///
/// # Panics
/// When it is awaited outside a task of a running loop.
///
/// asyncio: `asyncio.sleep(0)`.
#[track_caller]
pub fn yield_now() -> impl Future<Output = Result<(), Cancelled>> {
    yield_from(Location::caller())
}

/// Yields on behalf of a line of the program.
pub(crate) fn yield_from(at: Place) -> impl Future<Output = Result<(), Cancelled>> {
    Yielding(None, at)
}

/// A yield, with its entry in the list of what the task waits for from its first poll on.
struct Yielding(Option<Registration>, Place);

impl Future for Yielding {
    type Output = Result<(), Cancelled>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(registration) = self.0.take() {
            return Poll::Ready(registration.arrived(|| true).map_or(Ok(()), Err));
        }
        let at = self.1;
        self.0 = Core::with_current(|core, task| {
            match task.header().own_waker(cx) {
                Some(id) => core.schedule_turn(id, at),
                None => cx.waker().wake_by_ref(),
            }
            Registration::new(task, None)
        });
        assert!(
            self.0.is_some(),
            "yield_now and sleep work in a task of a running event loop only"
        );
        Poll::Pending
    }
}

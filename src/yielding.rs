//! One turn for the others.

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::error::Cancelled;
use crate::event_loop::Core;
use crate::events::Place;
use crate::leaf::Registration;

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
    Yielding {
        registration: Registration::default(),
        at,
    }
}

/// A yield; it has an entry in the line of what the task waits for from its first poll on.
struct Yielding {
    registration: Registration,
    at: Place,
}

impl Future for Yielding {
    type Output = Result<(), Cancelled>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Yielding { registration, at } = &mut *self;
        if registration.is_entered() {
            return Poll::Ready(registration.arrived(|| true).map_or(Ok(()), Err));
        }
        let scheduled = Core::with_current(|core, task| {
            match task.header().own_waker(cx) {
                Some(id) => core.schedule_turn(id, at),
                None => cx.waker().wake_by_ref(),
            }
            registration.enter(task, None);
        });
        assert!(
            scheduled.is_some(),
            "yield_now and sleep work in a task of a running event loop only"
        );
        Poll::Pending
    }
}

//! A sleep, and a bare yield.

use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::callback::once;
use crate::error::{Cancelled, Error};
use crate::event_loop::{Core, EventLoop, expect_running_loop};
use crate::handle::Handle;
use crate::observe::{Awaited, Kind, Place};
use crate::promise::{Promise, Shared};
use crate::waiting::{Registration, Target};

/// Suspends the task for `delay`; a zero delay merely lets the others have a turn.
///
/// # Errors
/// If the task is cancelled meanwhile.
///
/// # Panics
/// Outside a running loop, and when a task of another loop goes on with it.
///
/// # Cancellation
/// The timer is taken back, on `Err(Cancelled)` and on drop.
///
/// asyncio: `asyncio.sleep(delay)`.
#[track_caller]
pub fn sleep(delay: Duration) -> impl Future<Output = Result<(), Cancelled>> {
    let at = Location::caller();
    async move {
        if delay.is_zero() {
            return yield_from(at).await;
        }
        let (over, _timer) = start_timer(delay, at);
        over.wait_at(None).await.map_err(Error::into_cancelled)
    }
}

/// Cancels a timer when the code that set it ends, in whatever way.
pub(crate) struct CancelOnDrop(pub(crate) Handle);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// Makes the promise of a sleep, and sets its timer.
///
/// A function of its own, so that no sleeping task keeps the loop that it sleeps on.
fn start_timer(delay: Duration, at: Place) -> (Promise<()>, CancelOnDrop) {
    let EventLoop { core } = expect_running_loop();
    let when = core.now().saturating_add(delay);
    let filled = Rc::new(Shared::new(&core, false));
    let over = Promise::of(filled.clone());
    over.tell_created(&core, "sleep", Some(when), Some(at));
    let timer = core.call_at(when, once(move || _ = Promise::of(filled).fill(())), Some(at));
    (over, CancelOnDrop(timer))
}

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

fn yield_from(at: Place) -> Yielding {
    Yielding { registration: Registration::default(), at }
}

/// A yield. It is the one wait without a promise, for a promise would take one pass more to wake the task.
struct Yielding {
    registration: Registration,
    at: Place,
}

impl Future for Yielding {
    type Output = Result<(), Cancelled>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.registration.task.is_some() {
            let thrown = self.registration.thrown();
            self.registration.end(thrown.is_some());
            return Poll::Ready(thrown.map_or(Ok(()), Err));
        }
        let scheduled = Core::with_current(|core, task| {
            self.registration.enter(task, Target::Turn);
            let state = task.state();
            core.tell(Some(self.at), |_| Kind::Awaits { task: state.number, on: Awaited::Turn });
            state.polls_with(cx.waker()).then(|| core.schedule_step(task.clone())).is_some()
        });
        if !scheduled.expect("yield_now and sleep work in a task of a running event loop only") {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }
}

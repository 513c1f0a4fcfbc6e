//! The timer that a task can await.

use std::future::Future;
use std::panic::Location;
use std::rc::{Rc, Weak};
use std::time::Duration;

use crate::callback::Callback;
use crate::error::Cancelled;
use crate::event_loop::{Core, expect_running_loop};
use crate::events::Place;
use crate::handle::TimerHandle;
use crate::signal::Signal;
use crate::yielding::yield_from;

/// Cancels a timer when the code that set it ends, in whatever way.
pub(crate) struct CancelOnDrop(pub(crate) TimerHandle);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// Suspends the task for `delay`; a zero delay merely lets the others have a turn.
///
/// # Errors
/// If the task is cancelled meanwhile.
///
/// # Panics
/// Outside a running loop.
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
        let timer = start_timer(delay, at);
        timer.over.clone().wait().await
    }
}

/// A timer that wakes a task; it is taken back if the task does not wait for it to the end.
struct SleepTimer {
    over: Rc<Signal>,
    core: Weak<Core>,
}

impl Drop for SleepTimer {
    fn drop(&mut self) {
        if self.over.give_up()
            && let Some(core) = self.core.upgrade()
        {
            let callback: Rc<dyn Callback> = self.over.clone();
            core.cancel_timer(&callback);
        }
    }
}

/// Sets the timer of a sleep.
///
/// A function of its own, so that no sleeping task keeps the loop that it sleeps on.
fn start_timer(delay: Duration, at: Place) -> SleepTimer {
    let core = expect_running_loop().core;
    let when = core.now().saturating_add(delay);
    let over = Signal::new("sleep", Some(when), at);
    core.set_timer(when, over.clone(), at);
    SleepTimer {
        over,
        core: Rc::downgrade(&core),
    }
}

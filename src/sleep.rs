//! The timer that a task can await.

use std::future::Future;
use std::panic::Location;
use std::time::Duration;

use crate::error::Cancelled;
use crate::event_loop::expect_running_loop;
use crate::handle::TimerHandle;
use crate::observe::Place;
use crate::promise::Promise;
use crate::task::yield_from;

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
        let (over, _timer) = start_timer(delay, at);
        wait_for_signal(over).await
    }
}

/// Makes the promise that a timer fills.
///
/// A function of its own, so that no sleeping task keeps the loop that it sleeps on.
fn start_timer(delay: Duration, at: Place) -> (Promise<()>, CancelOnDrop) {
    let event_loop = expect_running_loop();
    let when = event_loop.time().saturating_add(delay);
    let over: Promise<()> = event_loop.create_signal("sleep", Some(when), at);
    let set = over.clone();
    let timer = event_loop.call_at_from(at, when, move || {
        // A cancelled sleep has nobody left to wake.
        let _ = set.set_result(());
    });
    (over, CancelOnDrop(timer))
}

/// Awaits a promise that nobody fills with an error.
pub(crate) async fn wait_for_signal<T: Clone + 'static>(
    signal: Promise<T>,
) -> Result<T, Cancelled> {
    signal.await.map_err(|error| {
        error
            .downcast_ref::<Cancelled>()
            .cloned()
            .unwrap_or_else(|| panic!("a signal cannot fail: {error}"))
    })
}

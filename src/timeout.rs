//! Limits of time.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use crate::callback::once;
use crate::cancellable::cancellable;
use crate::error::{Error, Result, texts};
use crate::event_loop::expect_running_loop;
use crate::on_drop::OnDrop;
use crate::sleep::CancelOnDrop;
use crate::task::Awaitable;
use crate::task_handle::{AnyTask, current_task};
use crate::wait::{ReturnWhen, wait};

/// Says that a limit of time was over.
///
/// asyncio: `TimeoutError`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimedOut;

texts! { TimedOut, Self => "timed out" }

enum State {
    Created,
    /// The block runs, in this task.
    Entered(AnyTask),
    /// The limit was over while the block ran; it may still run its clean-up.
    Expired,
    /// The block ended in time.
    Finished,
}

/// A limit of time that can be moved while the block that it limits runs.
///
/// Clones are handles to the same limit. asyncio: the object of `async with asyncio.timeout(…) as limit`.
///
/// ```
/// use asyncio::{EventLoop, TimedOut, Timeout, sleep};
/// use std::time::Duration;
///
/// let event_loop = EventLoop::with_virtual_clock();
/// let error = event_loop.run(async {
///     let limit = Timeout::after(Duration::from_secs(1));
///     let moved = limit.clone();
///     limit.run(async move {
///         moved.reschedule(Duration::from_secs(3));
///         Ok(sleep(Duration::from_secs(10)).await?)
///     }).await
/// });
/// assert!(error.unwrap_err().is::<TimedOut>());
/// assert_eq!(event_loop.time(), Duration::from_secs(3));
/// ```
#[derive(Clone)]
pub struct Timeout {
    deadline: Rc<Cell<Option<Duration>>>,
    state: Rc<RefCell<State>>,
    alarm: Rc<Cell<Option<CancelOnDrop>>>,
}

impl Timeout {
    /// Makes a limit of `delay` from now, or none at all.
    ///
    /// # Panics
    /// Outside a running loop.
    ///
    /// asyncio: `asyncio.timeout(delay)`.
    pub fn after(delay: impl Into<Option<Duration>>) -> Self {
        let now = expect_running_loop().time();
        Timeout::at(delay.into().map(|delay| now.saturating_add(delay)))
    }

    /// Makes a limit at a time on the loop's clock, or none at all.
    ///
    /// asyncio: `asyncio.timeout_at(when)`.
    pub fn at(when: impl Into<Option<Duration>>) -> Self {
        let deadline = Rc::new(Cell::new(when.into()));
        Timeout { deadline, state: Rc::new(RefCell::new(State::Created)), alarm: Rc::default() }
    }

    /// Gives the deadline on the loop's clock.
    pub fn when(&self) -> Option<Duration> {
        self.deadline.get()
    }

    /// Tells whether the limit was over before the block ended.
    ///
    /// asyncio: `limit.expired()`.
    pub fn is_expired(&self) -> bool {
        matches!(*self.state.borrow(), State::Expired)
    }

    /// Moves the deadline, or takes it away; after the limit expired, or the block ended, nothing changes.
    ///
    /// asyncio: `limit.reschedule(when)`, a `RuntimeError` before the block and after it.
    pub fn reschedule(&self, when: impl Into<Option<Duration>>) {
        if matches!(*self.state.borrow(), State::Created | State::Entered(_)) {
            self.deadline.set(when.into());
        }
        if matches!(*self.state.borrow(), State::Entered(_)) {
            self.set_alarm();
        }
    }

    fn set_alarm(&self) {
        // The alarm that was set before goes first.
        self.alarm.take();
        let core = match &*self.state.borrow() {
            State::Entered(task) => task.0.core(),
            _ => None,
        };
        let (Some(when), Some(core)) = (self.deadline.get(), core) else { return };
        let state = self.state.clone();
        let on_timeout = once(move || {
            if let State::Entered(task) = state.replace(State::Expired) {
                task.cancel();
            }
        });
        let alarm = match when <= core.now() {
            true => core.call_soon(on_timeout, None),
            false => core.call_at(when, on_timeout, None),
        };
        self.alarm.set(Some(CancelOnDrop(alarm)));
    }

    /// Runs `body` under the limit; when it is over, the body sees a cancellation and may clean up, and that takes the time
    /// that it takes.
    ///
    /// # Errors
    /// [`TimedOut`] if the body ended because of the limit; else the body's own error. A cancellation from elsewhere passes
    /// through.
    ///
    /// # Panics
    /// Outside a task, and if a clone of this limit has run before: a limit is for one block.
    ///
    /// # Cancellation
    /// Dropping it drops the body and takes the timer back. A limit that is over cancels the task, as in asyncio, and so the other
    /// branches of a `join!` around it, too: give each branch a task of its own, with `gather`, say, if only one shall end.
    pub async fn run<T>(self, body: impl Future<Output = Result<T>>) -> Result<T> {
        let task = current_task().expect("a timeout works inside a task only");
        assert!(matches!(*self.state.borrow(), State::Created), "a timeout limits one block only");
        self.state.replace(State::Entered(task.clone()));
        let cancelling = task.cancelling();
        let _end = OnDrop(|| {
            self.alarm.take();
            if !self.is_expired() {
                self.state.replace(State::Finished);
            }
        });
        self.set_alarm();
        let result = cancellable(body).await.unwrap_or_else(|cancelled| Err(cancelled.into()));
        // The cancellation was this limit's own only if taking it back leaves as many as there were at the beginning.
        let own = self.is_expired() && task.uncancel() <= cancelling;
        if own { result.map_err(by_limit) } else { result }
    }
}

/// Gives the error of what a limit has cancelled: the cancellation was its own.
fn by_limit(error: Error) -> Error {
    if error.is_cancelled() { TimedOut.into() } else { error }
}

/// Runs `body` for at most `delay`: see [`Timeout::run`].
///
/// asyncio: `async with asyncio.timeout(delay)`.
pub async fn timeout<T>(delay: impl Into<Option<Duration>>, body: impl Future<Output = Result<T>>) -> Result<T> {
    Timeout::after(delay).run(body).await
}

/// Runs `body` until a time on the loop's clock at most: see [`Timeout::run`].
///
/// asyncio: `async with asyncio.timeout_at(when)`.
pub async fn timeout_at<T>(when: impl Into<Option<Duration>>, body: impl Future<Output = Result<T>>) -> Result<T> {
    Timeout::at(when).run(body).await
}

/// Awaits for at most `limit`, then cancels the awaitable and waits until it has ended.
///
/// A future runs in the calling task, so there is no moment at which it has a result that the caller does not have.
/// With a limit of zero a promise that is done gives its result, and a future never starts.
///
/// # Errors
/// [`TimedOut`] if the limit ended it; else the awaitable's own error.
///
/// # Panics
/// Outside a task.
///
/// # Cancellation
/// A cancellation of the waiting task reaches the awaitable. Dropping the wait leaves the awaitable alone.
///
/// asyncio: `asyncio.wait_for(aw, timeout)`.
pub async fn wait_for<A: Awaitable<Value: Clone>>(
    awaitable: A,
    limit: impl Into<Option<Duration>>,
) -> Result<A::Value> {
    let limit = limit.into();
    if limit == Some(Duration::ZERO) {
        let promise = awaitable.ensure_promise(&expect_running_loop());
        if promise.is_done() {
            return promise.result();
        }
        promise.cancel();
        // Not by awaiting the promise itself: a cancellation of this task meanwhile is not for the promise.
        wait([&promise], None, ReturnWhen::AllCompleted).await?;
        return promise.result().map_err(by_limit);
    }
    timeout(limit, awaitable.into_future()).await
}

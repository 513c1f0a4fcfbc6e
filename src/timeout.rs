//! Limits of time.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use crate::callback::once;
use crate::cancellable::cancellable;
use crate::error::{Error, Result, texts};
use crate::event_loop::{EventLoop, expect_running_loop};
use crate::handle::Handle;
use crate::task::Awaitable;
use crate::task_handle::{AnyTask, current_task};
use crate::wait::{ReturnWhen, wait};

/// Says that a limit of time was over.
///
/// asyncio: `TimeoutError`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimedOut;

texts! {
    TimedOut,
    Self => "timed out",
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Created,
    /// The block runs.
    Entered,
    /// The limit was over while the block ran; it may still run its clean-up.
    Expired,
    /// The block ended in time.
    Finished,
}

#[derive(Default)]
struct Limits {
    deadline: Cell<Option<Duration>>,
    state: Cell<State>,
    alarm: RefCell<Option<Handle>>,
    /// The task inside the block, once it was entered.
    task: RefCell<Option<AnyTask>>,
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
    limits: Rc<Limits>,
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
        let limits = Limits::default();
        limits.deadline.set(when.into());
        Timeout { limits: Rc::new(limits) }
    }

    /// Gives the deadline on the loop's clock.
    pub fn when(&self) -> Option<Duration> {
        self.limits.deadline.get()
    }

    /// Tells whether the limit was over before the block ended.
    ///
    /// asyncio: `limit.expired()`.
    pub fn is_expired(&self) -> bool {
        self.limits.state.get() == State::Expired
    }

    /// Moves the deadline, or takes it away; after the limit expired, or the block ended, nothing changes.
    ///
    /// asyncio: `limit.reschedule(when)`, a `RuntimeError` before the block and after it.
    pub fn reschedule(&self, when: impl Into<Option<Duration>>) {
        let state = self.limits.state.get();
        if matches!(state, State::Expired | State::Finished) {
            return;
        }
        self.limits.deadline.set(when.into());
        if state == State::Entered {
            self.set_alarm();
        }
    }

    fn set_alarm(&self) {
        self.cancel_alarm();
        let Some(when) = self.limits.deadline.get() else {
            return;
        };
        let limits = self.limits.clone();
        let on_timeout = move || {
            limits.state.set(State::Expired);
            let task = limits.task.borrow().clone();
            if let Some(task) = task {
                task.cancel();
            }
        };
        let EventLoop { core } = expect_running_loop();
        let alarm = match when <= core.now() {
            true => core.call_soon(once(on_timeout), None),
            false => core.call_at(when, once(on_timeout), None),
        };
        self.limits.alarm.replace(Some(alarm));
    }

    fn cancel_alarm(&self) {
        if let Some(alarm) = self.limits.alarm.take() {
            alarm.cancel();
        }
    }

    /// Runs `body` under the limit; when it is over, the body sees a cancellation and may clean up, and that takes the time
    /// that it takes.
    ///
    /// # Errors
    /// [`TimedOut`] if the body ended because of the limit; else the body's own error. A cancellation from elsewhere passes through.
    ///
    /// # Panics
    /// Outside a task, and if a clone of this limit has run before: a limit is for one block.
    ///
    /// # Cancellation
    /// Dropping it drops the body and takes the timer back.
    /// A limit that is over cancels the task, as in asyncio, and so the other branches of a `join!` around it, too: give each branch
    /// a task of its own, with `gather`, say, if only one shall end.
    pub async fn run<T>(self, body: impl Future<Output = Result<T>>) -> Result<T> {
        /// Takes the timer back however the block ends.
        struct Block<'a>(&'a Timeout);
        impl Drop for Block<'_> {
            fn drop(&mut self) {
                let limits = &self.0.limits;
                self.0.cancel_alarm();
                if limits.state.get() == State::Entered {
                    limits.state.set(State::Finished);
                }
                limits.task.take();
            }
        }
        let task = current_task().expect("a timeout works inside a task only");
        let created = self.limits.state.get() == State::Created;
        assert!(created, "a timeout limits one block only");
        self.limits.state.set(State::Entered);
        let cancelling = task.cancelling();
        *self.limits.task.borrow_mut() = Some(task.clone());
        let block = Block(&self);
        self.set_alarm();
        let result = match cancellable(body).await {
            Ok(result) => result,
            Err(cancelled) => Err(cancelled.into()),
        };
        drop(block);
        // The cancellation was this limit's own only if taking it back leaves as many as there were at the beginning.
        if self.is_expired()
            && task.uncancel() <= cancelling
            && result.as_ref().is_err_and(Error::is_cancelled)
        {
            return Err(TimedOut.into());
        }
        result
    }
}

/// Runs `body` for at most `delay`: see [`Timeout::run`].
///
/// asyncio: `async with asyncio.timeout(delay)`.
pub async fn timeout<T>(
    delay: impl Into<Option<Duration>>,
    body: impl Future<Output = Result<T>>,
) -> Result<T> {
    Timeout::after(delay).run(body).await
}

/// Runs `body` until a time on the loop's clock at most: see [`Timeout::run`].
///
/// asyncio: `async with asyncio.timeout_at(when)`.
pub async fn timeout_at<T>(
    when: impl Into<Option<Duration>>,
    body: impl Future<Output = Result<T>>,
) -> Result<T> {
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
pub async fn wait_for<A>(awaitable: A, limit: impl Into<Option<Duration>>) -> Result<A::Value>
where
    A: Awaitable,
    A::Value: Clone,
{
    let limit = limit.into();
    if limit.is_some_and(|limit| limit.is_zero()) {
        let promise = awaitable.ensure_promise(&expect_running_loop());
        if promise.is_done() {
            return promise.result();
        }
        promise.cancel();
        // Not by awaiting the promise itself: a cancellation of this task meanwhile is not for the promise.
        wait([&promise], None, ReturnWhen::AllCompleted).await?;
        return match promise.result() {
            Err(error) if error.is_cancelled() => Err(TimedOut.into()),
            result => result,
        };
    }
    timeout(limit, awaitable.into_future()).await
}

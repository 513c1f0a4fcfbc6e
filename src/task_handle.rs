//! What a program holds of a task.

use std::ops::Deref;
use std::panic::Location;
use std::rc::Rc;

use crate::error::{Cancelled, Error, Result};
use crate::event_loop::{Core, EventLoop, expect_running_loop};
use crate::observe::Kind;
use crate::promise::{Promise, State, cancel};
use crate::task::{Awaitable, Driven, spawn};
use crate::waiting::{Awaiting, awaitable};

/// A future that the loop drives, and the promise of its result.
///
/// All that a [`Promise`] can do, a task can do; only its result comes from the body alone.
/// Dropping the handle changes nothing: the loop keeps the task until it ends. (asyncio keeps only weak references, so a task
/// that nobody holds may vanish; Tokio detaches as this library does.)
///
/// asyncio: `Task`.
///
/// ```
/// use asyncio::{EventLoop, create_task, sleep};
/// use std::time::Duration;
///
/// let event_loop = EventLoop::with_virtual_clock();
/// let sum = event_loop.run(async {
///     let two = create_task(async { sleep(Duration::from_secs(2)).await?; Ok(2) });
///     let three = create_task(async { sleep(Duration::from_secs(2)).await?; Ok(3) });
///     Ok(two.await? + three.await?)
/// });
/// assert_eq!(sum.unwrap(), 5);
/// assert_eq!(event_loop.time(), Duration::from_secs(2));
/// ```
pub struct Task<T: 'static> {
    promise: Promise<T>,
}

impl<T> Clone for Task<T> {
    fn clone(&self) -> Self {
        Task { promise: self.promise.clone() }
    }
}

/// asyncio's `Task` is a subclass of `Future`; here a task lends the promise that it fills.
impl<T> Deref for Task<T> {
    type Target = Promise<T>;

    fn deref(&self) -> &Promise<T> {
        &self.promise
    }
}

impl<T> AsRef<Promise<T>> for Task<T> {
    fn as_ref(&self) -> &Promise<T> {
        self
    }
}

impl<T> PartialEq for Task<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T> Eq for Task<T> {}

impl<T: std::fmt::Debug> std::fmt::Debug for Task<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {:?}", self.name(), self.promise)
    }
}

awaitable!(Task<T>, &Task<T>);

/// Handles are equal when they belong to the same promise.
impl<T> PartialEq for Promise<T> {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.any(), &other.any())
    }
}

impl<T> Eq for Promise<T> {}

impl<T: std::fmt::Debug> std::fmt::Debug for Promise<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = self.shared().kind();
        match &*self.shared().state.borrow() {
            State::Pending(_) => write!(f, "<{kind} pending>"),
            State::Finished(Ok(value)) => write!(f, "<{kind} finished result={value:?}>"),
            State::Finished(Err(error)) => write!(f, "<{kind} finished exception={error:?}>"),
            State::Cancelled(_) => write!(f, "<{kind} cancelled>"),
        }
    }
}

impl EventLoop {
    /// Makes a task of a future and schedules its first step; nothing of it runs yet.
    ///
    /// # Panics
    /// If the loop is closed.
    ///
    /// asyncio: `loop.create_task(coro)`.
    #[track_caller]
    pub fn create_task<T: 'static>(&self, body: impl Future<Output = Result<T>> + 'static) -> Task<T> {
        self.core.assert_open();
        Task { promise: spawn(&self.core, body, Some(Location::caller())) }
    }

    /// Lists the tasks that have not ended, oldest first.
    ///
    /// asyncio: `all_tasks(loop)`.
    pub fn all_tasks(&self) -> Vec<AnyTask> {
        self.core.tasks().into_iter().map(AnyTask).collect()
    }
}

/// Makes a task on the running loop: see [`EventLoop::create_task`](crate::EventLoop::create_task).
///
/// # Panics
/// Outside a running loop.
///
/// asyncio: `asyncio.create_task(coro)`.
#[track_caller]
pub fn create_task<T: 'static>(body: impl Future<Output = Result<T>> + 'static) -> Task<T> {
    expect_running_loop().create_task(body)
}

/// A task of any value: what `all_tasks` lists and `current_task` gives.
#[derive(Clone)]
pub struct AnyTask(pub(crate) Rc<dyn Driven>);

impl AnyTask {
    pub(crate) fn number(&self) -> u64 {
        self.0.state().number
    }

    /// Gives the task's name.
    pub fn name(&self) -> Rc<str> {
        self.0.state().name()
    }

    /// Gives the task another name.
    pub fn set_name(&self, name: impl Into<Rc<str>>) {
        let name = name.into();
        self.0.tell(|| Kind::TaskNamed { task: self.number(), name: name.to_string() });
        self.0.state().name.replace(Some(name));
    }

    /// Asks the task to end; false if it is done already.
    pub fn cancel(&self) -> bool {
        cancel(self.0.clone(), &Cancelled::new())
    }

    /// Tells whether the task is done.
    pub fn is_done(&self) -> bool {
        self.0.is_done()
    }

    /// Tells whether the task was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Gives the error of a task that failed; `None` while it runs, after a success, and after a cancellation.
    pub fn exception(&self) -> Option<Error> {
        self.0.error()
    }

    /// Counts the cancellations that were asked for and not taken back.
    pub fn cancelling(&self) -> u32 {
        self.0.state().requests.get()
    }

    /// Takes back one request to cancel, and gives how many are left.
    ///
    /// With the last one goes a cancellation that is on its way to no await yet.
    pub fn uncancel(&self) -> u32 {
        let state = self.0.state();
        let left = state.requests.get().saturating_sub(1);
        if state.requests.replace(left) == 1 {
            state.waits.must_cancel.set(false);
        }
        left
    }
}

impl PartialEq for AnyTask {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for AnyTask {}

impl std::fmt::Debug for AnyTask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "<{}>", self.name())
    }
}

/// Gives the task whose step is running; `None` in a callback and outside the loop.
///
/// asyncio: `asyncio.current_task()`.
pub fn current_task() -> Option<AnyTask> {
    Core::with_current(|_, task| AnyTask(task.clone()))
}

impl<T> Task<T> {
    /// Gives the task as a promise, for code that takes either.
    pub fn promise(&self) -> Promise<T> {
        self.promise.clone()
    }

    /// Gives the task without its value's type.
    pub fn any(&self) -> AnyTask {
        AnyTask(self.promise.driven().expect("this is a task's promise"))
    }

    /// Names the task; without a name it is called "Task-" and its number.
    ///
    /// asyncio: `create_task(coro, name=…)`.
    pub fn named(self, name: impl Into<Rc<str>>) -> Self {
        self.any().set_name(name);
        self
    }

    /// Gives the task's name.
    pub fn name(&self) -> Rc<str> {
        self.any().name()
    }

    /// Counts the cancellations that were asked for and not taken back.
    ///
    /// asyncio: `task.cancelling()`.
    pub fn cancelling(&self) -> u32 {
        self.any().cancelling()
    }

    /// Takes back one request to cancel, and gives how many are left: see [`AnyTask::uncancel`].
    ///
    /// asyncio: `task.uncancel()`.
    pub fn uncancel(&self) -> u32 {
        self.any().uncancel()
    }
}

//! A task without its value's type.

use std::rc::Rc;

use crate::error::{Cancelled, Error};
use crate::event_loop::{Core, EventLoop, expect_running_loop};
use crate::observe::Kind;
use crate::promise::{AnyPromise, cancel};
use crate::task::{Driven, Task};

/// A task of any value: what `all_tasks` lists and `current_task` gives.
#[derive(Clone)]
pub struct AnyTask {
    task: Rc<dyn Driven>,
}

impl AnyTask {
    pub(crate) fn new(task: Rc<dyn Driven>) -> Self {
        AnyTask { task }
    }

    pub(crate) fn number(&self) -> u64 {
        self.task.state().number
    }

    pub(crate) fn promise(&self) -> Rc<dyn AnyPromise> {
        self.task.clone().promise()
    }

    /// Gives the task's name.
    pub fn name(&self) -> Rc<str> {
        self.task.state().name()
    }

    /// Gives the task another name.
    pub fn set_name(&self, name: impl Into<Rc<str>>) {
        let name = name.into();
        self.task.state().tell(|| Kind::TaskNamed {
            task: self.number(),
            name: name.to_string(),
        });
        self.task.state().name.replace(Some(name));
    }

    /// Asks the task to end; false if it is done already.
    pub fn cancel(&self) -> bool {
        cancel(self.promise(), &Cancelled::new())
    }

    /// Tells whether the task is done.
    pub fn is_done(&self) -> bool {
        self.promise().is_done()
    }

    /// Tells whether the task was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.promise().is_cancelled()
    }

    /// Gives the error of a task that failed; `None` while it runs, after a success, and after a cancellation.
    pub fn exception(&self) -> Option<Error> {
        self.promise().error()
    }

    /// Counts the cancellations that were asked for and not taken back.
    pub fn cancelling(&self) -> u32 {
        self.task.state().requests.get()
    }

    /// Takes back one request to cancel, and gives how many are left.
    ///
    /// With the last one goes a cancellation that is on its way to no await yet.
    pub fn uncancel(&self) -> u32 {
        let state = self.task.state();
        let left = state.requests.get().saturating_sub(1);
        if state.requests.replace(left) == 1 {
            state.must_cancel.set(false);
        }
        left
    }

    /// Waits until the task has ended, whatever its outcome. Cancelling this wait leaves the task alone.
    pub async fn ended(&self) {
        if self.is_done() {
            return;
        }
        let ended = expect_running_loop().create_promise::<()>();
        let set = ended.clone();
        self.promise().on_done(Box::new(move || {
            let _ = set.set_result(());
        }));
        let _ = ended.await;
    }
}

impl PartialEq for AnyTask {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.task, &other.task)
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
    Core::with_current(|_, task| AnyTask::new(task.clone()))
}

impl EventLoop {
    /// Lists the tasks that have not ended, oldest first.
    ///
    /// asyncio: `all_tasks(loop)`.
    pub fn all_tasks(&self) -> Vec<AnyTask> {
        let tasks = self.core.tasks().into_iter();
        tasks.map(AnyTask::new).collect()
    }
}

impl<T> Task<T> {
    /// Gives the task without its value's type.
    pub fn any(&self) -> AnyTask {
        AnyTask::new(self.promise().driven().expect("this is a task's promise"))
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

//! A task without its value's type.

use std::rc::Rc;

use crate::error::{Cancelled, Error};
use crate::event_loop::{Body, Core, EventLoop, expect_running_loop};
use crate::events::Kind;
use crate::header::TaskId;
use crate::observation::observed;

/// A task of any value: what `all_tasks` lists and `current_task` gives.
#[derive(Clone)]
pub struct AnyTask {
    body: Rc<dyn Body>,
}

impl AnyTask {
    pub(crate) fn new(body: Rc<dyn Body>) -> Self {
        AnyTask { body }
    }

    pub(crate) fn id(&self) -> TaskId {
        self.body.header().id
    }

    pub(crate) fn number(&self) -> u64 {
        self.body.header().number
    }

    /// Gives the task's name.
    pub fn name(&self) -> Rc<str> {
        self.body.header().name()
    }

    /// Gives the task another name.
    pub fn set_name(&self, name: impl Into<Rc<str>>) {
        let name = name.into();
        if observed() {
            self.observe_name(&name);
        }
        self.body.header().set_name(name);
    }

    #[cold]
    fn observe_name(&self, name: &str) {
        let (task, name) = (self.number(), name.to_owned());
        if let Some(core) = self.body.core() {
            core.observe(|_| Kind::TaskNamed { task, name }, None);
        }
    }

    /// Asks the task to end; false if it is done already.
    pub fn cancel(&self) -> bool {
        self.body.clone().request_cancel(&Cancelled::new())
    }

    /// Tells whether the task is done.
    pub fn is_done(&self) -> bool {
        self.body.is_done()
    }

    /// Tells whether the task was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.body.is_cancelled()
    }

    /// Gives the error of a task that failed; `None` while it runs, after a success, and after a cancellation.
    pub fn exception(&self) -> Option<Error> {
        self.body.exception()
    }

    /// Counts the cancellations that were asked for and not taken back.
    pub fn cancelling(&self) -> u32 {
        self.body.header().cancelling()
    }

    /// Takes back one request to cancel, and gives how many are left.
    pub fn uncancel(&self) -> u32 {
        self.body.header().uncancel()
    }

    /// Waits until the task has ended, whatever its outcome. Cancelling this wait leaves the task alone.
    pub async fn ended(&self) {
        if self.is_done() {
            return;
        }
        let ended = expect_running_loop().create_promise::<()>();
        let set = ended.clone();
        self.body.clone().on_done(Box::new(move || {
            let _ = set.set_result(());
        }));
        let _ = ended.await;
    }
}

impl PartialEq for AnyTask {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.body, &other.body)
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
    Core::running()?.current().map(AnyTask::new)
}

impl EventLoop {
    /// Lists the tasks that have not ended, oldest first.
    ///
    /// asyncio: `all_tasks(loop)`.
    pub fn all_tasks(&self) -> Vec<AnyTask> {
        let mut tasks: Vec<_> = self
            .core
            .tasks
            .borrow()
            .iter()
            .cloned()
            .map(AnyTask::new)
            .collect();
        tasks.sort_by_key(AnyTask::number);
        tasks
    }
}

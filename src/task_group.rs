//! Tasks that end together.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;

use crate::cancellable::cancellable;
use crate::error::{Error, Result, texts};
use crate::event_loop::expect_running_loop;
use crate::list::List;
use crate::on_drop::OnDrop;
use crate::promise::{Promise, drop_in_turn};
use crate::task_handle::{AnyTask, Task, create_task, current_task};

/// The errors that the tasks of a group ended with, in the order in which they failed, and behind them that of its body.
///
/// asyncio: `ExceptionGroup`.
#[derive(Clone, Debug)]
pub struct ErrorGroup {
    errors: Vec<Error>,
}

impl ErrorGroup {
    /// Borrows the errors.
    pub fn errors(&self) -> &[Error] {
        &self.errors
    }
}

impl fmt::Display for ErrorGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.errors.len();
        let plural = if count == 1 { "" } else { "s" };
        let errors = self.errors.iter().map(|error| match error.is::<ErrorGroup>() {
            true => "another task group failed".to_owned(),
            false => error.to_string(),
        });
        let errors = errors.collect::<Vec<_>>().join(", ");
        write!(f, "unhandled errors in a task group ({count} sub-error{plural}: {errors})")
    }
}

impl std::error::Error for ErrorGroup {}

impl Drop for ErrorGroup {
    fn drop(&mut self) {
        // There may be groups within groups.
        drop_in_turn(std::mem::take(&mut self.errors));
    }
}

/// Says that a group takes no more tasks.
///
/// asyncio: a `RuntimeError`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupClosed {
    /// A task failed or the block was cancelled; the group cancels what it has.
    ShuttingDown,
    /// The block has ended.
    Finished,
}

texts! {
    GroupClosed,
    Self::ShuttingDown => "task group is shutting down",
    Self::Finished => "task group is finished",
}

/// What the handles of a group share.
#[derive(Default)]
struct Shared {
    /// Those that have not ended, in the order in which they were made.
    tasks: RefCell<List<AnyTask>>,
    /// Those that have failed, in this order; nobody has looked at their errors yet.
    failed: RefCell<Vec<AnyTask>>,
    /// What the end of the block waits on, while it waits.
    on_completed: Cell<Option<Promise<()>>>,
    /// The body has ended.
    exiting: Cell<bool>,
    /// The tasks were told to end.
    aborting: Cell<bool>,
    parent_cancel_requested: Cell<bool>,
}

/// The group inside its block: it makes tasks. Clones are handles to the same group.
#[derive(Clone)]
pub struct TaskGroup {
    parent: AnyTask,
    shared: Rc<Shared>,
}

impl TaskGroup {
    /// Makes a task that ends before the block does.
    ///
    /// # Errors
    /// If the group is shutting down or finished; the future is dropped.
    ///
    /// asyncio: `group.create_task(coro)`.
    pub fn create_task<T: 'static>(
        &self,
        body: impl Future<Output = Result<T>> + 'static,
    ) -> Result<Task<T>, GroupClosed> {
        let Shared { tasks, exiting, aborting, .. } = &*self.shared;
        if exiting.get() && tasks.borrow().is_empty() {
            return Err(GroupClosed::Finished);
        }
        if aborting.get() {
            return Err(GroupClosed::ShuttingDown);
        }
        let task = create_task(body);
        let number = tasks.borrow_mut().push(task.any());
        let this = self.clone();
        task.add_done_callback(move |task| this.on_task_done(number, task));
        Ok(task)
    }

    fn on_task_done<T>(&self, number: u64, task: &Promise<T>) {
        let shared = &*self.shared;
        let ended = shared.tasks.borrow_mut().take(number);
        if shared.tasks.borrow().is_empty()
            && let Some(completed) = shared.on_completed.take()
        {
            completed.fill(());
        }
        if !task.failed() {
            return;
        }
        shared.failed.borrow_mut().extend(ended);
        if !shared.aborting.get() {
            self.abort();
            shared.parent_cancel_requested.set(true);
            self.parent.cancel();
        }
    }

    fn abort(&self) {
        self.shared.aborting.set(true);
        let tasks = &self.shared.tasks;
        let tasks: Vec<AnyTask> = tasks.borrow().iter().map(|(_, task)| task.clone()).collect();
        for task in tasks {
            task.cancel();
        }
    }
}

/// Runs `body` and every task that it adds to the group; ends when all have ended.
///
/// The first failure cancels the other tasks, in the order in which they were made, and then the body. A task that is cancelled
/// alone does not fail the group.
///
/// # Errors
/// [`ErrorGroup`] with every failure, the body's included; `Cancelled` if the block was cancelled from outside and nothing failed.
///
/// # Panics
/// Outside a task.
///
/// # Cancellation
/// A cancellation cancels the tasks and waits for them; a body that awaits a future of another library ends there, as inside
/// [`cancellable`]. Dropping the block cancels the tasks and waits for nobody; what they fail with is reported to the exception
/// handler, as with any task whose error nobody has seen.
///
/// asyncio: `async with asyncio.TaskGroup() as group`, which keeps a set and cancels in any order.
///
/// ```
/// use asyncio::{EventLoop, task_group};
///
/// let sum = EventLoop::new().run(async {
///     let (one, two) = task_group(async |group| {
///         let one = group.create_task(async { Ok(1) })?;
///         let two = group.create_task(async { Ok(2) })?;
///         Ok((one, two))
///     }).await?;
///     Ok(one.result()? + two.result()?)
/// });
/// assert_eq!(sum.unwrap(), 3);
/// ```
pub async fn task_group<T>(body: impl AsyncFnOnce(TaskGroup) -> Result<T>) -> Result<T> {
    let parent = &current_task().expect("a task group works inside a task only");
    let group = TaskGroup { parent: parent.clone(), shared: Rc::default() };
    let shared = &*group.shared;
    // A block that is dropped in the middle cancels its tasks.
    let _end = OnDrop(|| {
        shared.exiting.set(true);
        group.abort();
    });
    let result = cancellable(body(group.clone())).await.unwrap_or_else(|cancelled| Err(cancelled.into()));
    shared.exiting.set(true);

    let mut cancelled = result.as_ref().err().filter(|error| error.is_cancelled()).cloned();
    if result.is_err() && !shared.aborting.get() {
        group.abort();
    }
    while !shared.tasks.borrow().is_empty() {
        let completed = Promise::labelled(&expect_running_loop().core, "task group", None);
        shared.on_completed.set(Some(completed.clone()));
        if let Err(reason) = completed.wait_at(None).await
            && !shared.aborting.get()
        {
            cancelled = Some(reason);
            group.abort();
        }
    }
    if shared.parent_cancel_requested.get() && parent.uncancel() == 0 {
        // The cancellation was the group's own.
        cancelled = None;
    }
    let mut errors: Vec<Error> = shared.failed.take().iter().filter_map(AnyTask::exception).collect();
    match (result, cancelled) {
        (_, Some(cancelled)) if errors.is_empty() => return Err(cancelled),
        (Ok(value), _) if errors.is_empty() => return Ok(value),
        (Err(error), _) if !error.is_cancelled() => errors.push(error),
        _ => {}
    }
    if parent.cancelling() > 0 {
        // Somebody else has cancelled the task as well. The errors go first, and the cancellation arrives at the next await.
        parent.uncancel();
        parent.cancel();
    }
    Err(ErrorGroup { errors }.into())
}

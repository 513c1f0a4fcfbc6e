//! Tasks that end together.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::Future;
use std::rc::Rc;

use crate::error::{Cancelled, Error, Result, texts};
use crate::event_loop::expect_running_loop;
use crate::list::List;
use crate::promise::{Promise, drop_in_turn};
use crate::task_handle::{AnyTask, Task, create_task, current_task};

/// The errors that the tasks of a group ended with, in the order in which they failed.
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
        write!(f, "unhandled errors in a task group ({count} sub-error{plural}: ")?;
        for (n, error) in self.errors.iter().enumerate() {
            let comma = if n == 0 { "" } else { ", " };
            match error.is::<ErrorGroup>() {
                true => write!(f, "{comma}another task group failed")?,
                false => write!(f, "{comma}{error}")?,
            }
        }
        f.write_str(")")
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

struct Members {
    parent: AnyTask,
    /// Those that have not ended, in the order in which they were made.
    tasks: RefCell<List<AnyTask>>,
    errors: RefCell<Vec<Error>>,
    /// What the end of the block waits on, while it waits.
    on_completed: RefCell<Option<Promise<()>>>,
    /// The body has ended.
    exiting: Cell<bool>,
    /// The tasks were told to end.
    aborting: Cell<bool>,
    parent_cancel_requested: Cell<bool>,
    /// The block is gone, dropped in the middle; nobody collects errors any more.
    left: Cell<bool>,
}

impl Members {
    fn abort(&self) {
        self.aborting.set(true);
        let tasks: Vec<AnyTask> = self.tasks.borrow().iter().map(|(_, t)| t.clone()).collect();
        for task in tasks {
            task.cancel();
        }
    }

    fn on_task_done(&self, number: u64) {
        let Some(task) = self.tasks.borrow_mut().take(number) else {
            unreachable!("a task ends once");
        };
        if self.tasks.borrow().is_empty()
            && let Some(completed) = &*self.on_completed.borrow()
        {
            completed.fill(());
        }
        if self.left.get() {
            // An error that nobody looks at is reported like any other.
            return;
        }
        let Some(error) = task.exception() else {
            return;
        };
        self.errors.borrow_mut().push(error);
        if !self.aborting.get() && !self.parent_cancel_requested.get() {
            self.abort();
            self.parent_cancel_requested.set(true);
            self.parent.cancel();
        }
    }
}

/// The group inside its block: it makes tasks. Clones are handles to the same group.
#[derive(Clone)]
pub struct TaskGroup {
    members: Rc<Members>,
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
        let members = &self.members;
        if members.exiting.get() && members.tasks.borrow().is_empty() {
            return Err(GroupClosed::Finished);
        }
        if members.aborting.get() {
            return Err(GroupClosed::ShuttingDown);
        }
        let task = create_task(body);
        let number = members.tasks.borrow_mut().push(task.any());
        let this = members.clone();
        task.add_done_callback(move |_| this.on_task_done(number));
        Ok(task)
    }
}

/// Runs `body` and every task that it adds to the group; ends when all have ended.
///
/// The first failure cancels the other tasks, in the order in which they were made, and then the body. A task that is cancelled alone
/// does not fail the group.
///
/// # Errors
/// [`ErrorGroup`] with every failure, the body's included; `Cancelled` if the block was cancelled from outside and nothing failed.
///
/// # Panics
/// Outside a task.
///
/// # Cancellation
/// A cancellation cancels the tasks and waits for them. Dropping the block cancels them and waits for nobody; a task that fails
/// after that is reported to the exception handler.
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
    /// Cancels the tasks if the block is dropped in the middle.
    struct Block(Rc<Members>);
    impl Drop for Block {
        fn drop(&mut self) {
            self.0.exiting.set(true);
            self.0.left.set(true);
            if !self.0.tasks.borrow().is_empty() {
                self.0.abort();
            }
        }
    }
    let members = Rc::new(Members {
        parent: current_task().expect("a task group works inside a task only"),
        tasks: RefCell::default(),
        errors: RefCell::default(),
        on_completed: RefCell::new(None),
        exiting: Cell::new(false),
        aborting: Cell::new(false),
        parent_cancel_requested: Cell::new(false),
        left: Cell::new(false),
    });
    let _block = Block(members.clone());
    let result = body(TaskGroup { members: members.clone() }).await;
    members.exiting.set(true);

    let mut cancelled: Option<Cancelled> = match &result {
        Err(error) => error.downcast_ref::<Cancelled>().cloned(),
        Ok(_) => None,
    };
    if result.is_err() && !members.aborting.get() {
        members.abort();
    }
    while !members.tasks.borrow().is_empty() {
        let completed = Promise::labelled(&expect_running_loop().core, "task group", None);
        *members.on_completed.borrow_mut() = Some(completed.clone());
        if let Err(reason) = completed.wait_at(None).await
            && !members.aborting.get()
        {
            cancelled = Some(reason.into_cancelled());
            members.abort();
        }
        members.on_completed.take();
    }
    if members.parent_cancel_requested.get() && members.parent.uncancel() == 0 {
        // The cancellation was the group's own.
        cancelled = None;
    }
    let mut errors = members.errors.take();
    if let Some(cancelled) = cancelled
        && errors.is_empty()
    {
        return Err(cancelled.into());
    }
    match result {
        Err(error) if !error.is_cancelled() => errors.push(error),
        Ok(value) if errors.is_empty() => return Ok(value),
        _ => {}
    }
    if members.parent.cancelling() > 0 {
        // Somebody else has cancelled the task as well. The errors go first, and the cancellation arrives at the next await.
        members.parent.uncancel();
        members.parent.cancel();
    }
    Err(ErrorGroup { errors }.into())
}

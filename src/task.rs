//! A task: a promise that drives a future to fill itself.

use std::cell::Cell;
use std::future::{Future, IntoFuture};
use std::ops::Deref;
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use crate::any_task::AnyTask;
use crate::awaiting::Awaiting;
use crate::error::{Cancelled, Error, Panicked, Result};
use crate::event_loop::{Body, Core, EventLoop, expect_running_loop};
use crate::events::{Kind, Place};
use crate::header::Header;
use crate::observation::observed;
use crate::promise::Promise;
use crate::slot::{self, Identity, Settle, Slot};
use crate::waits::Cancel;

// ANCHOR: task_cell
type BoxedFuture<T> = Pin<Box<dyn Future<Output = Result<T>>>>;

struct TaskCell<T> {
    header: Header,
    slot: Slot<T>,
    /// `None` while a step runs, and after the end.
    body: Cell<Option<BoxedFuture<T>>>,
}

impl<T: 'static> TaskCell<T> {
    #[cold]
    fn observe(&self, kind: impl FnOnce(u64) -> Kind) {
        if let Some(core) = self.slot.core() {
            core.observe(|_| kind(self.header.number), None);
        }
    }

    #[cold]
    fn observe_cancel(&self, reason: &Cancelled) {
        let message = reason.message().map(str::to_owned);
        self.observe(|task| Kind::CancelRequested { task, message });
    }

    fn finish(self: Rc<Self>, core: &Core, outcome: Result<T>) {
        core.release(self.header.id);
        Promise::of(self).settle_task(outcome);
    }
}
// ANCHOR_END: task_cell

impl<T: 'static> Settle<T> for TaskCell<T> {
    fn slot(&self) -> &Slot<T> {
        &self.slot
    }

    fn identity(&self) -> Identity<'_> {
        Identity::Task(self.header.number)
    }

    fn task(self: Rc<Self>) -> Option<Rc<dyn Body>> {
        Some(self)
    }
}

impl<T: 'static> Cancel for TaskCell<T> {
    fn cancel(self: Rc<Self>, reason: &Cancelled) -> bool {
        self.slot.mark_seen();
        if self.slot.is_done() {
            return false;
        }
        let header = &self.header;
        header.count_cancelling();
        if observed() {
            self.observe_cancel(reason);
        }
        if header.running.get() || header.waits.is_empty() {
            header.set_must_cancel(reason.clone());
            // A task that is suspended on a future of another library is woken here; one that has not started
            // is scheduled already.
            if !header.running.get() {
                header.waker.wake_by_ref();
            }
        } else {
            header.pass_on(reason);
        }
        true
    }
}

impl<T: 'static> Body for TaskCell<T> {
    fn header(&self) -> &Header {
        &self.header
    }

    fn core(&self) -> Option<Rc<Core>> {
        self.slot.core()
    }

    fn step(self: Rc<Self>, core: &Rc<Core>) {
        /// Ends the task if its body panics; the panic goes on and leaves the run.
        struct Panicking<'a, T: 'static>(&'a Core, &'a Rc<TaskCell<T>>);
        impl<T: 'static> Drop for Panicking<'_, T> {
            fn drop(&mut self) {
                let task = self.1;
                task.clone().finish(self.0, Err(Panicked::unknown().into()));
                // The panic reports itself.
                task.slot.mark_seen();
            }
        }
        let Some(mut body) = self.body.take() else {
            return;
        };
        let header = &self.header;
        header.running.set(true);
        if let Some(reason) = header.take_must_cancel() {
            // A body that never started, or that waits for nothing that could deliver the cancellation, ends here
            // in Rust's own way: it is dropped.
            if header.waits.is_empty() {
                drop(body);
                self.finish(core, Err(reason.into()));
                return;
            }
            header.pass_on(&reason);
        }
        let panicking = Panicking(core, &self);
        // ANCHOR: poll
        let polled = body.as_mut().poll(&mut Context::from_waker(&header.waker));
        match polled {
            Poll::Ready(outcome) => {
                drop(body);
                // Nothing has panicked, so the guard must not act.
                std::mem::forget(panicking);
                // A cancellation that arrived too late for any await
                // takes the place of the value.
                let outcome = match (outcome, header.take_must_cancel()) {
                    (Ok(_), Some(reason)) => Err(reason.into()),
                    (outcome, _) => outcome,
                };
                self.finish(core, outcome);
            }
            Poll::Pending => {
                std::mem::forget(panicking);
                self.body.set(Some(body));
                // The body was cancelled while it ran; the await
                // that it has reached since receives it.
                if let Some(reason) = header.take_must_cancel() {
                    if header.waits.is_empty() {
                        header.set_must_cancel(reason);
                        core.schedule_step(header.id);
                    } else {
                        header.pass_on(&reason);
                    }
                }
                header.running.set(false);
            }
        }
        // ANCHOR_END: poll
    }

    fn discard(self: Rc<Self>, core: &Core) {
        let body = self.body.take();
        if body.is_none() {
            return;
        }
        core.release(self.header.id);
        if observed() {
            self.observe(|task| Kind::TaskDropped { task });
        }
        drop(body);
        // Its callbacks may hold what holds the task.
        self.slot.forget_hooks();
        core.report(
            format!(
                "Task {} was destroyed but it is pending",
                self.header.name()
            ),
            None,
        );
    }

    fn request_cancel(self: Rc<Self>, reason: &Cancelled) -> bool {
        self.cancel(reason)
    }

    fn is_done(&self) -> bool {
        self.slot.is_done()
    }

    fn is_cancelled(&self) -> bool {
        self.slot.is_cancelled()
    }

    fn exception(&self) -> Option<Error> {
        if self.is_cancelled() {
            return None;
        }
        self.slot.mark_seen();
        self.slot.error()
    }

    fn on_done(self: Rc<Self>, callback: Box<dyn FnOnce()>) {
        Promise::of(self).add_done_callback(move |_| callback());
    }
}

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
pub struct Task<T> {
    promise: Promise<T>,
}

impl<T: 'static> Task<T> {
    pub(crate) fn spawn(
        core: &Rc<Core>,
        at: Place,
        body: impl Future<Output = Result<T>> + 'static,
    ) -> Task<T> {
        let cell = Rc::new(TaskCell {
            header: core.new_header(),
            slot: Slot::new(Rc::downgrade(core), slot::Kind::Task),
            body: Cell::new(Some(Box::pin(body))),
        });
        core.adopt(cell.clone(), at);
        Task {
            promise: Promise::of(cell),
        }
    }

    /// Gives the task as a promise, for code that takes either.
    pub fn promise(&self) -> Promise<T> {
        self.promise.clone()
    }

    /// Gives the task without its value's type.
    pub fn any(&self) -> AnyTask {
        let body = self.promise.cell.clone().task();
        AnyTask::new(body.expect("this promise is a task's"))
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

    /// Takes back one request to cancel, and gives how many are left.
    ///
    /// asyncio: `task.uncancel()`.
    pub fn uncancel(&self) -> u32 {
        self.any().uncancel()
    }
}

impl<T> Clone for Task<T> {
    fn clone(&self) -> Self {
        Task {
            promise: self.promise.clone(),
        }
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
        &self.promise
    }
}

impl<T> PartialEq for Task<T> {
    fn eq(&self, other: &Self) -> bool {
        self.promise == other.promise
    }
}

impl<T> Eq for Task<T> {}

impl<T: std::fmt::Debug + 'static> std::fmt::Debug for Task<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {:?}", self.any().name(), self.promise)
    }
}

impl<T: Clone + 'static> IntoFuture for Task<T> {
    type Output = Result<T>;
    type IntoFuture = Awaiting<T>;

    #[track_caller]
    fn into_future(self) -> Awaiting<T> {
        self.promise().into_future()
    }
}

impl<T: Clone + 'static> IntoFuture for &Task<T> {
    type Output = Result<T>;
    type IntoFuture = Awaiting<T>;

    #[track_caller]
    fn into_future(self) -> Awaiting<T> {
        self.promise().into_future()
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
    pub fn create_task<T: 'static>(
        &self,
        body: impl Future<Output = Result<T>> + 'static,
    ) -> Task<T> {
        self.core.assert_open();
        Task::spawn(&self.core, Location::caller(), body)
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

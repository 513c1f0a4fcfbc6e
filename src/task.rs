//! A task: a promise that drives a future to fill itself.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::error::{Cancelled, Error, Panicked, Result};
use crate::event_loop::{Core, expect_running_loop};
use crate::few::Few;
use crate::promise::{Awaiting, Promise, Settle, Slot};
use crate::remote::TaskWaker;
use crate::table::TaskId;

/// What a task can wait for, seen from `cancel`.
pub(crate) trait Cancel {
    /// Asks it to end; false if it is done already.
    fn cancel(self: Rc<Self>, reason: &Cancelled) -> bool;
}

/// Something that the task is suspended on: a leaf, or a `cancellable` with what is inside it.
struct Waiting {
    key: u64,
    /// The key of the `cancellable` around it, zero if there is none.
    scope: u64,
    /// Where a cancellation goes; `None` for a mere yield.
    target: Option<Rc<dyn Cancel>>,
    /// True once a cancellation was passed to it.
    told: bool,
    /// The cancellation that it receives when it is polled next, because its target did not take it.
    thrown: Option<Cancelled>,
}

/// The part of a task that does not depend on its value's type.
pub(crate) struct Header {
    pub(crate) id: TaskId,
    pub(crate) number: u64,
    name: RefCell<Option<Rc<str>>>,
    waker: Waker,
    started: Cell<bool>,
    /// What the body is suspended on; more than one entry when it polls several leaves, as `join!` and `select!` do.
    waiting: RefCell<Few<Waiting>>,
    last_key: Cell<u64>,
    /// The `cancellable` whose inside is being polled, zero outside.
    scope: Cell<u64>,
    /// A cancellation that nothing the body waits for was told of yet.
    must_cancel: RefCell<Option<Cancelled>>,
    /// A cancellation that was passed on and has not come out of any await yet.
    underway: RefCell<Option<Cancelled>>,
    /// How many cancellations were asked for and not taken back by `uncancel`.
    cancelling: Cell<u32>,
}

impl Header {
    pub(crate) fn name(&self) -> Rc<str> {
        match &*self.name.borrow() {
            Some(name) => name.clone(),
            None => format!("Task-{}", self.number).into(),
        }
    }

    /// True while a step of this task runs.
    fn is_running(&self) -> bool {
        Core::running()
            .and_then(|core| core.current())
            .is_some_and(|current| std::ptr::eq(current.header(), self))
    }

    /// Passes a cancellation to all that the body waits for; a `cancellable` leaves it to what waits inside.
    fn pass_on(&self, reason: &Cancelled) {
        // Cancelling may run code that changes the list.
        let mut told = Vec::new();
        {
            let mut waiting = self.waiting.borrow_mut();
            let scopes: Vec<u64> = waiting.iter().map(|waiting| waiting.scope).collect();
            for waiting in waiting.iter_mut() {
                if !scopes.contains(&waiting.key) {
                    waiting.told = true;
                    told.push((waiting.key, waiting.target.clone()));
                }
            }
        }
        *self.underway.borrow_mut() = Some(reason.clone());
        for (key, target) in told {
            if target.is_some_and(|target| target.cancel(reason)) {
                continue;
            }
            // It is done, or cannot be cancelled. Its next poll has been scheduled, or its own end schedules it.
            for waiting in self.waiting.borrow_mut().iter_mut() {
                if waiting.key == key {
                    waiting.thrown = Some(reason.clone());
                }
            }
        }
    }
}

/// A task as the loop sees it.
pub(crate) trait Body {
    fn header(&self) -> &Header;
    /// Polls the body once.
    fn step(self: Rc<Self>, core: &Rc<Core>);
    /// Drops the body of a task that will not run again.
    fn discard(self: Rc<Self>, core: &Core);
    fn request_cancel(self: Rc<Self>, reason: &Cancelled) -> bool;
    fn is_done(&self) -> bool;
    fn is_cancelled(&self) -> bool;
    fn exception(&self) -> Option<Error>;
    fn on_done(self: Rc<Self>, callback: Box<dyn FnOnce()>);
}

/// A leaf's entry in the list of what a task waits for; dropping it takes the entry out.
pub(crate) struct Registration {
    task: Weak<dyn Body>,
    key: u64,
}

impl Registration {
    pub(crate) fn new(task: Rc<dyn Body>, target: Option<Rc<dyn Cancel>>) -> Self {
        let header = task.header();
        let key = header.last_key.get() + 1;
        header.last_key.set(key);
        header.waiting.borrow_mut().push(Waiting {
            key,
            scope: header.scope.get(),
            target,
            told: false,
            thrown: None,
        });
        Registration {
            task: Rc::downgrade(&task),
            key,
        }
    }

    /// Gives the cancellation if one was thrown at this leaf.
    pub(crate) fn thrown(&self) -> Option<Cancelled> {
        let task = self.task.upgrade()?;
        let waiting = task.header().waiting.borrow();
        let own = waiting.iter().find(|waiting| waiting.key == self.key)?;
        own.thrown.clone()
    }

    /// Ends the wait of a leaf that is ready: if it was told of a cancellation, the body knows of it now.
    pub(crate) fn arrived(self) {
        let Some(task) = self.task.upgrade() else {
            return;
        };
        let header = task.header();
        let told = header
            .waiting
            .borrow()
            .iter()
            .any(|waiting| waiting.key == self.key && waiting.told);
        if told {
            header.underway.take();
        }
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        let Some(task) = self.task.upgrade() else {
            return;
        };
        let header = task.header();
        let key = self.key;
        let removed = header
            .waiting
            .borrow_mut()
            .remove_where(|waiting| waiting.key == key);
        // The branch that a `select!` drops may be the only one that a cancellation was passed to.
        if removed.is_some_and(|removed| removed.told)
            && !header.waiting.borrow().iter().any(|waiting| waiting.told)
            && let Some(reason) = header.underway.take()
        {
            *header.must_cancel.borrow_mut() = Some(reason);
            if !header.is_running() {
                header.waker.wake_by_ref();
            }
        }
    }
}

// ANCHOR: task_cell
struct TaskCell<T> {
    header: Header,
    slot: Slot<T>,
    /// `None` while a step runs, and after the end.
    body: Cell<Option<Pin<Box<dyn Future<Output = Result<T>>>>>>,
}

impl<T: 'static> TaskCell<T> {
    fn finish(self: Rc<Self>, core: &Core, outcome: Result<T>) {
        core.release(self.header.id);
        Promise::of_task(self).settle_task(outcome);
    }
}
// ANCHOR_END: task_cell

impl<T: 'static> Settle<T> for TaskCell<T> {
    fn slot(&self) -> &Slot<T> {
        &self.slot
    }

    fn is_task(&self) -> bool {
        true
    }
}

impl<T: 'static> Cancel for TaskCell<T> {
    fn cancel(self: Rc<Self>, reason: &Cancelled) -> bool {
        self.slot.mark_seen();
        if self.slot.is_done() {
            return false;
        }
        let header = &self.header;
        header.cancelling.set(header.cancelling.get() + 1);
        if header.is_running() || header.waiting.borrow().is_empty() {
            *header.must_cancel.borrow_mut() = Some(reason.clone());
            // A task that is suspended on a future of another library is woken here; one that has not started
            // is scheduled already.
            if !header.is_running() {
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

    fn step(self: Rc<Self>, core: &Rc<Core>) {
        /// Ends the task if its body panics; the panic goes on and leaves the run.
        struct Panicking<'a, T: 'static>(&'a Core, Option<Rc<TaskCell<T>>>);
        impl<T: 'static> Drop for Panicking<'_, T> {
            fn drop(&mut self) {
                if let Some(task) = self.1.take() {
                    task.clone().finish(self.0, Err(Panicked::unknown().into()));
                    // The panic reports itself.
                    task.slot.mark_seen();
                }
            }
        }
        let Some(mut body) = self.body.take() else {
            return;
        };
        let header = &self.header;
        let cancel = header.must_cancel.take();
        if let Some(reason) = cancel {
            // A body that never started, or that waits for nothing that could deliver the cancellation, ends here
            // in Rust's own way: it is dropped.
            if !header.started.get() || header.waiting.borrow().is_empty() {
                drop(body);
                self.finish(core, Err(reason.into()));
                return;
            }
            header.pass_on(&reason);
        }
        header.started.set(true);
        let mut panicking = Panicking(core, Some(self.clone()));
        // ANCHOR: poll
        let polled = body.as_mut().poll(&mut Context::from_waker(&header.waker));
        match polled {
            Poll::Ready(outcome) => {
                drop(body);
                panicking.1 = None;
                // A cancellation that arrived too late for any await takes the place of the value.
                let outcome = match (outcome, header.must_cancel.take()) {
                    (Ok(_), Some(reason)) => Err(reason.into()),
                    (outcome, _) => outcome,
                };
                self.finish(core, outcome);
            }
            Poll::Pending => {
                panicking.1 = None;
                self.body.set(Some(body));
                // The body was cancelled while it ran; the await that it has reached since receives it.
                if header.waiting.borrow().is_empty() {
                    if header.must_cancel.borrow().is_some() {
                        core.schedule_step(header.id);
                    }
                } else if let Some(reason) = header.must_cancel.take() {
                    header.pass_on(&reason);
                }
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
        Promise::of_task(self).add_done_callback(move |_| callback());
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
    any: AnyTask,
}

impl<T: 'static> Task<T> {
    pub(crate) fn spawn(
        core: &Rc<Core>,
        body: impl Future<Output = Result<T>> + 'static,
    ) -> Task<T> {
        let cell = core.adopt(|id, number| TaskCell {
            header: Header {
                id,
                number,
                name: RefCell::new(None),
                waker: Waker::from(Arc::new(TaskWaker {
                    remote: core.remote.clone(),
                    id,
                })),
                started: Cell::new(false),
                waiting: RefCell::new(Few::new()),
                last_key: Cell::new(0),
                scope: Cell::new(0),
                must_cancel: RefCell::new(None),
                underway: RefCell::new(None),
                cancelling: Cell::new(0),
            },
            slot: Slot::new(Rc::downgrade(core), "Task"),
            body: Cell::new(Some(Box::pin(body))),
        });
        Task {
            promise: Promise::of_task(cell.clone()),
            any: AnyTask { body: cell },
        }
    }

    /// Gives the task as a promise, for code that takes either.
    pub fn promise(&self) -> Promise<T> {
        self.promise.clone()
    }

    /// Gives the task without its value's type.
    pub fn any(&self) -> &AnyTask {
        &self.any
    }

    /// Names the task; without a name it is called "Task-" and its number.
    ///
    /// asyncio: `create_task(coro, name=…)`.
    #[must_use]
    pub fn named(self, name: impl Into<Rc<str>>) -> Self {
        self.any.set_name(name);
        self
    }

    /// Gives the task's name.
    pub fn name(&self) -> Rc<str> {
        self.any.name()
    }

    /// Counts the cancellations that were asked for and not taken back.
    ///
    /// asyncio: `task.cancelling()`.
    pub fn cancelling(&self) -> u32 {
        self.any.cancelling()
    }

    /// Takes back one request to cancel, and gives how many are left.
    ///
    /// asyncio: `task.uncancel()`.
    pub fn uncancel(&self) -> u32 {
        self.any.uncancel()
    }
}

impl<T> Clone for Task<T> {
    fn clone(&self) -> Self {
        Task {
            promise: self.promise.clone(),
            any: self.any.clone(),
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

impl<T: std::fmt::Debug> std::fmt::Debug for Task<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {:?}", self.any.name(), self.promise)
    }
}

impl<T: Clone + 'static> IntoFuture for Task<T> {
    type Output = Result<T>;
    type IntoFuture = Awaiting<T>;

    fn into_future(self) -> Awaiting<T> {
        self.promise.into_future()
    }
}

impl<T: Clone + 'static> IntoFuture for &Task<T> {
    type Output = Result<T>;
    type IntoFuture = Awaiting<T>;

    fn into_future(self) -> Awaiting<T> {
        self.promise().into_future()
    }
}

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
        *self.body.header().name.borrow_mut() = Some(name.into());
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
        self.body.header().cancelling.get()
    }

    /// Takes back one request to cancel, and gives how many are left.
    pub fn uncancel(&self) -> u32 {
        let header = self.body.header();
        let left = header.cancelling.get().saturating_sub(1);
        // As of CPython 3.13, what no await was told of yet is taken back with the last request.
        if header.cancelling.replace(left) == 1 {
            header.must_cancel.take();
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

/// Gives the task whose step is running; `None` in a callback and outside the loop.
///
/// asyncio: `asyncio.current_task()`.
pub fn current_task() -> Option<AnyTask> {
    Core::running()?.current().map(AnyTask::new)
}

/// Wakes a `cancellable` that is cancelled, and leaves the rest to it.
struct WakeUp(RefCell<Waker>);

impl Cancel for WakeUp {
    fn cancel(self: Rc<Self>, _: &Cancelled) -> bool {
        self.0.borrow().wake_by_ref();
        false
    }
}

/// Marks what is registered while it lives as inside of a `cancellable`.
struct Inside<'a>(&'a Header, u64);

impl<'a> Inside<'a> {
    fn enter(header: &'a Header, scope: u64) -> Self {
        Inside(header, header.scope.replace(scope))
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.scope.set(self.1);
    }
}

/// Lets a task be cancelled while it awaits a future of another library.
///
/// Such a future knows nothing of `Err(Cancelled)`. When the task is cancelled, it is dropped here, and the body goes on with
/// `Err(Cancelled)`; without this wrapper the whole body would be dropped at its await point, or, if other leaves of the task
/// hear of the cancellation, the future would wait on.
/// A future that awaits something of this library hears of the cancellation there, and is not dropped.
pub async fn cancellable<F: Future>(future: F) -> Result<F::Output, Cancelled> {
    let mut future = std::pin::pin!(future);
    let mut registered: Option<(Registration, Rc<WakeUp>)> = None;
    std::future::poll_fn(move |cx| {
        let Some(task) = Core::running().and_then(|core| core.current()) else {
            return future.as_mut().poll(cx).map(Ok);
        };
        let (registration, wake_up) = registered.get_or_insert_with(|| {
            let wake_up = Rc::new(WakeUp(RefCell::new(cx.waker().clone())));
            (
                Registration::new(task.clone(), Some(wake_up.clone())),
                wake_up,
            )
        });
        wake_up.0.borrow_mut().clone_from(cx.waker());
        let inside = Inside::enter(task.header(), registration.key);
        let polled = future.as_mut().poll(cx);
        drop(inside);
        let outcome = match (polled, registration.thrown()) {
            (Poll::Ready(output), _) => Ok(output),
            (Poll::Pending, Some(cancelled)) => Err(cancelled),
            (Poll::Pending, None) => return Poll::Pending,
        };
        let (registration, _) = registered.take().expect("registered above");
        if outcome.is_err() {
            registration.arrived();
        }
        Poll::Ready(outcome)
    })
    .await
}

/// Gives every other ready task and callback one turn.
///
/// asyncio: `asyncio.sleep(0)`.
pub async fn yield_now() -> Result<(), Cancelled> {
    let mut registration: Option<Registration> = None;
    std::future::poll_fn(move |cx| match registration.take() {
        Some(registration) => {
            let thrown = registration.thrown();
            registration.arrived();
            Poll::Ready(thrown.map_or(Ok(()), Err))
        }
        None => {
            let Some(task) = Core::running().and_then(|core| core.current()) else {
                panic!("yield_now and sleep work in a task of a running event loop only");
            };
            registration = Some(Registration::new(task, None));
            cx.waker().wake_by_ref();
            Poll::Pending
        }
    })
    .await
}

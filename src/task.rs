//! A task: a promise that drives a future to fill itself.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::ops::Deref;
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use crate::error::{Cancelled, Error, Panicked, Result};
use crate::event_loop::{Core, expect_running_loop};
use crate::few::Few;
use crate::observation::observed;
use crate::observe::{Kind, Place};
use crate::promise::{self, Awaiting, Identity, Promise, Settle, Slot};
use crate::table::TaskId;

/// What a task can wait for, seen from `cancel`.
pub(crate) trait Cancel {
    /// Asks it to end; false if it is done already.
    fn cancel(self: Rc<Self>, reason: &Cancelled) -> bool;

    /// Tells whether it stands for a future of another library.
    fn is_foreign(&self) -> bool {
        false
    }
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
    thrown: Option<Box<Cancelled>>,
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
    /// Absent until it is needed: most tasks are never cancelled.
    cancellation: RefCell<Option<Box<Cancellation>>>,
    /// How many cancellations were asked for and not taken back by `uncancel`.
    cancelling: Cell<u32>,
}

/// How far the cancellation of a task has got.
#[derive(Default)]
struct Cancellation {
    /// Set while nothing that the body waits for was told of it.
    must_cancel: Option<Cancelled>,
    /// Set from when it was passed on until it has come out of an await.
    underway: Option<Cancelled>,
}

impl Header {
    fn set_must_cancel(&self, reason: Cancelled) {
        let mut cancellation = self.cancellation.borrow_mut();
        cancellation.get_or_insert_default().must_cancel = Some(reason);
    }

    #[inline]
    fn take_must_cancel(&self) -> Option<Cancelled> {
        self.cancellation.borrow_mut().as_mut()?.must_cancel.take()
    }

    fn set_underway(&self, reason: Cancelled) {
        let mut cancellation = self.cancellation.borrow_mut();
        cancellation.get_or_insert_default().underway = Some(reason);
    }

    fn take_underway(&self) -> Option<Cancelled> {
        self.cancellation.borrow_mut().as_mut()?.underway.take()
    }

    /// Tells whether the task polls with its own waker, and what that waker would schedule.
    ///
    /// Between the task and the leaf there may be another's waker, from `FuturesUnordered`, say.
    #[inline]
    pub(crate) fn own_waker(&self, cx: &Context<'_>) -> Option<TaskId> {
        cx.waker().will_wake(&self.waker).then_some(self.id)
    }

    pub(crate) fn name(&self) -> Rc<str> {
        match &*self.name.borrow() {
            Some(name) => name.clone(),
            None => format!("Task-{}", self.number).into(),
        }
    }

    /// Tells whether the task is suspended on futures of other libraries alone.
    pub(crate) fn waits_for_nothing_known(&self) -> bool {
        let waiting = self.waiting.borrow();
        let known = |w: &Waiting| !w.target.as_ref().is_some_and(|target| target.is_foreign());
        !waiting.iter().any(known)
    }

    /// True while a step of this task runs.
    fn is_running(&self) -> bool {
        Core::with_current(|_, task| std::ptr::eq(task.header(), self)).unwrap_or(false)
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
        self.set_underway(reason.clone());
        for (key, target) in told {
            if target.is_some_and(|target| target.cancel(reason)) {
                continue;
            }
            // It is done, or cannot be cancelled. Its next poll has been scheduled, or its own end schedules it.
            for waiting in self.waiting.borrow_mut().iter_mut() {
                if waiting.key == key {
                    waiting.thrown = Some(Box::new(reason.clone()));
                }
            }
        }
    }
}

/// A task as the loop sees it.
pub(crate) trait Body {
    fn header(&self) -> &Header;
    /// Gives the loop, if it still lives.
    fn core(&self) -> Option<Rc<Core>>;
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
///
/// It keeps the task that keeps it, in its body: the loop breaks the circle, for it lets go of no task that still has its body.
pub(crate) struct Registration {
    task: Rc<dyn Body>,
    key: u64,
}

impl Registration {
    #[inline]
    pub(crate) fn new(task: &Rc<dyn Body>, target: Option<Rc<dyn Cancel>>) -> Self {
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
            task: task.clone(),
            key,
        }
    }

    /// Gives the cancellation if one was thrown at this leaf.
    #[inline]
    pub(crate) fn thrown(&self) -> Option<Cancelled> {
        let waiting = self.task.header().waiting.borrow();
        let own = waiting.iter().find(|waiting| waiting.key == self.key)?;
        own.thrown.as_deref().cloned()
    }

    /// Ends the wait of a leaf that is ready, and gives the cancellation if one was thrown at it.
    ///
    /// If the leaf was told of a cancellation, the body knows of it now; `cancelled` says whether as a cancellation.
    #[inline]
    pub(crate) fn arrived(self, cancelled: impl FnOnce() -> bool) -> Option<Cancelled> {
        let waiting = self.take_out()?;
        if waiting.told {
            if observed() && cancelled() {
                self.observe_delivered();
            }
            self.task.header().take_underway();
        }
        waiting.thrown.map(|thrown| *thrown)
    }

    #[cold]
    fn observe_delivered(&self) {
        let task = self.task.header().number;
        if let Some(core) = self.task.core() {
            core.observe(|_| Kind::CancelDelivered { task }, None);
        }
    }

    /// Takes the entry out of the list, if it is still there.
    #[inline]
    fn take_out(&self) -> Option<Waiting> {
        let mut waiting = self.task.header().waiting.borrow_mut();
        waiting.remove_where(|waiting| waiting.key == self.key)
    }
}

impl Drop for Registration {
    #[inline]
    fn drop(&mut self) {
        if !self.take_out().is_some_and(|removed| removed.told) {
            return;
        }
        // The branch that a `select!` drops may be the only one that a cancellation was passed to.
        let header = self.task.header();
        if !header.waiting.borrow().iter().any(|waiting| waiting.told)
            && let Some(reason) = header.take_underway()
        {
            header.set_must_cancel(reason);
            if !header.is_running() {
                header.waker.wake_by_ref();
            }
        }
    }
}

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
        Promise::of_task(self).settle_task(outcome);
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
}

impl<T: 'static> Cancel for TaskCell<T> {
    fn cancel(self: Rc<Self>, reason: &Cancelled) -> bool {
        self.slot.mark_seen();
        if self.slot.is_done() {
            return false;
        }
        let header = &self.header;
        header.cancelling.set(header.cancelling.get() + 1);
        if observed() {
            self.observe_cancel(reason);
        }
        if header.is_running() || header.waiting.borrow().is_empty() {
            header.set_must_cancel(reason.clone());
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
        if let Some(reason) = header.take_must_cancel() {
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
        let panicking = Panicking(core, &self);
        // ANCHOR: poll
        let polled = body.as_mut().poll(&mut Context::from_waker(&header.waker));
        match polled {
            Poll::Ready(outcome) => {
                drop(body);
                // Nothing has panicked, so the guard must not act.
                std::mem::forget(panicking);
                // A cancellation that arrived too late for any await takes the place of the value.
                let outcome = match (outcome, header.take_must_cancel()) {
                    (Ok(_), Some(reason)) => Err(reason.into()),
                    (outcome, _) => outcome,
                };
                self.finish(core, outcome);
            }
            Poll::Pending => {
                std::mem::forget(panicking);
                self.body.set(Some(body));
                // The body was cancelled while it ran; the await that it has reached since receives it.
                if let Some(reason) = header.take_must_cancel() {
                    if header.waiting.borrow().is_empty() {
                        header.set_must_cancel(reason);
                        core.schedule_step(header.id);
                    } else {
                        header.pass_on(&reason);
                    }
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
        at: Place,
        body: impl Future<Output = Result<T>> + 'static,
    ) -> Task<T> {
        let cell = core.adopt(at, |id, waker, number| TaskCell {
            header: Header {
                id,
                number,
                name: RefCell::new(None),
                waker,
                started: Cell::new(false),
                waiting: RefCell::new(Few::new()),
                last_key: Cell::new(0),
                scope: Cell::new(0),
                cancellation: RefCell::new(None),
                cancelling: Cell::new(0),
            },
            slot: Slot::new(Rc::downgrade(core), promise::Kind::Task),
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

    #[track_caller]
    fn into_future(self) -> Awaiting<T> {
        self.promise.into_future()
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
        *self.body.header().name.borrow_mut() = Some(name);
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
        self.body.header().cancelling.get()
    }

    /// Takes back one request to cancel, and gives how many are left.
    pub fn uncancel(&self) -> u32 {
        let header = self.body.header();
        let left = header.cancelling.get().saturating_sub(1);
        // As of CPython 3.13, what no await was told of yet is taken back with the last request.
        if header.cancelling.replace(left) == 1 {
            header.take_must_cancel();
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

    fn is_foreign(&self) -> bool {
        true
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
            (Registration::new(&task, Some(wake_up.clone())), wake_up)
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
            registration.arrived(|| true);
        }
        Poll::Ready(outcome)
    })
    .await
}

/// Gives every other ready task and callback one turn.
///
/// # Errors
/// If the task is cancelled before its next turn.
///
/// # Panics
/// When it is awaited outside a task of a running loop.
///
/// asyncio: `asyncio.sleep(0)`.
#[track_caller]
pub fn yield_now() -> impl Future<Output = Result<(), Cancelled>> {
    yield_from(Location::caller())
}

/// Yields on behalf of a line of the program.
pub(crate) fn yield_from(at: Place) -> impl Future<Output = Result<(), Cancelled>> {
    Yielding(None, at)
}

/// A yield, with its entry in the list of what the task waits for from its first poll on.
struct Yielding(Option<Registration>, Place);

impl Future for Yielding {
    type Output = Result<(), Cancelled>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(registration) = self.0.take() {
            return Poll::Ready(registration.arrived(|| true).map_or(Ok(()), Err));
        }
        let at = self.1;
        self.0 = Core::with_current(|core, task| {
            match task.header().own_waker(cx) {
                Some(id) => core.schedule_turn(id, at),
                None => cx.waker().wake_by_ref(),
            }
            Registration::new(task, None)
        });
        assert!(
            self.0.is_some(),
            "yield_now and sleep work in a task of a running event loop only"
        );
        Poll::Pending
    }
}

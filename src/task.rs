//! A task: a promise, and a body that fills it, driven by the loop step by step; and what can be made one.

use std::cell::{Cell, RefCell};
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use crate::error::{Cancelled, Panicked, Result};
use crate::event_loop::{Core, EventLoop};
use crate::observe::{Kind, Place};
use crate::on_drop::OnDrop;
use crate::promise::{AnyPromise, Promise, PromiseCell, Shared, Targets, cancel, drop_in_turn};
use crate::remote::Remote;
use crate::waiting::Waits;

/// What the loop drives: a task, without its value's type.
pub(crate) trait Driven: AnyPromise {
    fn state(&self) -> &TaskState;
    /// Polls the body once.
    fn step(self: Rc<Self>, core: &Rc<Core>);
    /// Drops the body of a task that will not run again.
    fn discard(self: Rc<Self>, core: &Core);
}

impl dyn Driven {
    pub(crate) fn tell(&self, kind: impl FnOnce() -> Kind) {
        if let Some(core) = self.core() {
            core.tell(None, |_| kind());
        }
    }

    /// Hears that somebody cancels; false if a cancellation is being passed on at this moment, and comes back.
    pub(crate) fn begin_cancel(&self, reason: &Cancelled) -> bool {
        let state = self.state();
        if state.waits.passing_on.replace(true) {
            state.waits.in_a_circle.set(true);
            return false;
        }
        state.requests.set(state.requests.get() + 1);
        state.reason.set(reason.clone());
        self.tell(|| Kind::CancelRequested { task: state.number, message: reason.message().map(str::to_owned) });
        true
    }
}

/// The waker of one task.
///
/// It holds no more than a number, so it may go to any thread although the task stays on its own.
struct TaskWaker {
    remote: Arc<Remote>,
    number: u64,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        let here = Core::with_running(|core| {
            let own = Arc::ptr_eq(&core.remote, &self.remote);
            // A task that has ended is not found any more.
            own.then(|| core.task(self.number).map(|task| core.schedule_step(task))).is_some()
        });
        if here != Some(true) {
            // A closed loop has dropped the task, so nobody is left to wake.
            let number = self.number;
            let _ = self.remote.call(move |core| {
                if let Some(task) = core.task(number) {
                    core.enqueue_step(task);
                }
            });
        }
    }
}

/// The part of a task that does not depend on its value's type.
pub(crate) struct TaskState {
    pub(crate) number: u64,
    /// `None` for a task that was given no name.
    pub(crate) name: RefCell<Option<Rc<str>>>,
    waker: Waker,
    /// True while a step is in the ready queue; a second wake-up adds no second step.
    pub(crate) scheduled: Cell<bool>,
    pub(crate) waits: Waits,
    /// True while a step of this task runs, and from the last one on.
    running: Cell<bool>,
    /// How many cancellations were asked for and not taken back by `uncancel`.
    pub(crate) requests: Cell<u32>,
    /// The last cancellation, for whoever sees it.
    reason: Cell<Cancelled>,
}

impl TaskState {
    /// Tells whether it is the task itself that polls with this waker, and not a `join!` or the like in its body.
    pub(crate) fn polls_with(&self, waker: &Waker) -> bool {
        self.waker.will_wake(waker)
    }

    pub(crate) fn name(&self) -> Rc<str> {
        let name = self.name.borrow().clone();
        name.unwrap_or_else(|| format!("Task-{}", self.number).into())
    }

    /// Gives the last cancellation.
    pub(crate) fn reason(&self) -> Cancelled {
        let reason = self.reason.take();
        self.reason.set(reason.clone());
        reason
    }

    /// Passes the last cancellation on to what the task waits for by now.
    fn pass_on(&self) {
        let reason = self.reason();
        self.waits.passing_on.set(true);
        let promises = self.waits.promises().into_iter();
        let accepted: Vec<bool> = promises.map(|promise| cancel(promise, &reason)).collect();
        self.passed_on(&accepted);
    }

    /// Hears which promises have accepted a cancellation; if a leaf is left out, the next step throws it there.
    fn passed_on(&self, accepted: &[bool]) {
        let Waits { passing_on, in_a_circle, delivering, .. } = &self.waits;
        passing_on.set(false);
        if self.running.get() {
            // It was passed on to nobody: the body may yet wait for something else. Whatever was on its way before, this one is
            // not.
            delivering.set(false);
            self.set_must_cancel();
        } else if in_a_circle.take() {
            // Nobody else would wake this task: the circle ends here.
            self.waits.accepted(&[]);
            self.set_must_cancel();
            self.waker.wake_by_ref();
        } else if !self.waits.accepted(accepted) {
            self.set_must_cancel();
        }
    }

    /// Leaves the cancellation to the next step.
    pub(crate) fn set_must_cancel(&self) {
        self.waits.must_cancel.set(true);
        if self.running.get() {
            return;
        }
        // What waits for a future of another library is woken by nobody else.
        if self.waits.is_empty() {
            self.waker.wake_by_ref();
        }
        for waker in self.waits.foreign_wakers() {
            waker.wake();
        }
    }
}

// ANCHOR: task_cell
type BoxedFuture<T> = Pin<Box<dyn Future<Output = Result<T>>>>;

struct TaskCell<T: 'static> {
    shared: Shared<T>,
    /// `None` while a step runs, and after the end.
    body: Cell<Option<BoxedFuture<T>>>,
    state: TaskState,
}
// ANCHOR_END: task_cell

impl<T> TaskCell<T> {
    /// Ends the task: one whose body gives `Cancelled` as its error was cancelled.
    fn finish(self: Rc<Self>, core: &Core, outcome: Result<T>) {
        core.release(self.state.number);
        let promise = Promise::of(self);
        match outcome.as_ref().err().and_then(|error| error.downcast_ref()) {
            Some(cancelled) => promise.settle_cancelled(cancelled),
            None => promise.follow(outcome),
        };
    }
}

impl<T> PromiseCell for TaskCell<T> {
    type Value = T;

    fn shared(&self) -> &Shared<T> {
        &self.shared
    }

    fn driven(self: Rc<Self>) -> Option<Rc<dyn Driven>> {
        Some(self)
    }

    fn targets(&self) -> Targets {
        // The body that runs may yet wait for something else.
        if self.state.running.get() { Vec::new() } else { self.state.waits.promises() }
    }

    fn decide(&self, _: &Promise<T>, _: &Cancelled, accepted: &[bool]) -> bool {
        self.state.passed_on(accepted);
        true
    }
}

impl<T> Driven for TaskCell<T> {
    fn state(&self) -> &TaskState {
        &self.state
    }

    fn step(self: Rc<Self>, core: &Rc<Core>) {
        let state = &self.state;
        state.scheduled.set(false);
        let Some(mut body) = self.body.take() else { return };
        // If the body panics, the task ends; the panic goes on and leaves the run. It has its own report, so the error counts as
        // seen.
        let panicking = OnDrop(|| {
            let panicked = Panicked { message: "see the panic's own report".to_owned() };
            self.clone().finish(core, Err(panicked.into()));
            self.error();
        });
        state.running.set(true);
        let must_cancel = state.waits.must_cancel.take();
        if must_cancel {
            state.waits.throw();
        }
        // ANCHOR: poll
        let mut context = Context::from_waker(&state.waker);
        let polled = match must_cancel && state.waits.is_empty() {
            false => body.as_mut().poll(&mut context),
            // Nothing could deliver the cancellation: the body ends
            // here in Rust's own way, it is dropped.
            true => Poll::Ready(Err(state.reason().into())),
        };
        match polled.is_ready() {
            true => drop(body),
            false => self.body.set(Some(body)),
        }
        // Nothing has panicked, so the guard must not act.
        std::mem::forget(panicking);
        state.running.set(polled.is_ready());
        // True if the body was cancelled while it ran, or has dropped
        // the leaf that a cancellation was on its way to.
        let cancelled = state.waits.must_cancel.take();
        match polled {
            // It was cancelled while it ran, too late for an await:
            // that takes the place of the value.
            Poll::Ready(Ok(value)) if cancelled && !state.waits.delivering.get() => {
                drop(value);
                let outcome = Err(state.reason().into());
                self.finish(core, outcome);
            }
            Poll::Ready(outcome) => self.finish(core, outcome),
            // The await that it has reached since receives it.
            Poll::Pending if cancelled => state.pass_on(),
            Poll::Pending => {}
        }
        // ANCHOR_END: poll
    }

    fn discard(self: Rc<Self>, core: &Core) {
        let Some(body) = self.body.take() else { return };
        core.release(self.state.number);
        core.tell(None, |_| Kind::TaskDropped { task: self.state.number });
        drop(body);
        // Its callbacks may hold what holds the task.
        drop_in_turn(self.shared.listeners().map(|mut listeners| std::mem::take(&mut *listeners)));
        core.report(format!("Task {} was destroyed but it is pending", self.state.name()), None);
    }
}

/// Makes a task and schedules its first step; gives its promise.
pub(crate) fn spawn<T: 'static>(
    core: &Rc<Core>,
    body: impl Future<Output = Result<T>> + 'static,
    at: Option<Place>,
) -> Promise<T> {
    let number = core.tasks_made.get() + 1;
    core.tasks_made.set(number);
    let waker = Waker::from(Arc::new(TaskWaker { remote: core.remote.clone(), number }));
    let (name, scheduled, waits, running, requests, reason) = Default::default();
    let state = TaskState { number, name, waker, scheduled, waits, running, requests, reason };
    let cell = Rc::new(TaskCell { shared: Shared::new(core, true), body: Cell::new(Some(Box::pin(body))), state });
    // The loop keeps it until it ends: nobody has to hold a handle.
    core.tasks.borrow_mut().insert(number, cell.clone());
    core.tell(at, |_| Kind::TaskCreated { task: number, name: cell.state.name().to_string() });
    core.schedule_step(cell.clone());
    Promise::of(cell)
}

/// What can be awaited and given to `gather`, `wait_for` and the like: a future of this library's [`Result`], a task, or a
/// promise.
///
/// asyncio: an awaitable.
pub trait Awaitable: IntoFuture<Output = Result<Self::Value>> {
    /// What a success yields.
    type Value: 'static;

    /// Makes a task of a future, and gives tasks and promises as they are.
    ///
    /// asyncio: `ensure_future`.
    #[track_caller]
    fn ensure_promise(self, event_loop: &EventLoop) -> Promise<Self::Value>;
}

impl<F: Future<Output = Result<T>> + 'static, T: 'static> Awaitable for F {
    type Value = T;

    #[track_caller]
    fn ensure_promise(self, event_loop: &EventLoop) -> Promise<T> {
        event_loop.core.assert_open();
        spawn(&event_loop.core, self, Some(Location::caller()))
    }
}

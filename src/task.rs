//! A task: a promise, and a body that fills it, driven by the loop step by step; and what can be made one.

use std::cell::{Cell, RefCell};
use std::future::{Future, IntoFuture};
use std::panic::Location;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use crate::error::{Cancelled, Panicked, Result};
use crate::event_loop::{Core, EventLoop};
use crate::observe::{Kind, Place};
use crate::on_drop::OnDrop;
use crate::promise::{AnyPromise, Promise, PromiseCell, Shared, Targets, cancel};
use crate::remote::Remote;
use crate::waiting::Waits;

/// What the loop drives: a task, without its value's type.
pub(crate) trait Driven {
    fn state(&self) -> &TaskState;
    fn promise(self: Rc<Self>) -> Rc<dyn AnyPromise>;
    /// Polls the body once.
    fn step(self: Rc<Self>, core: &Rc<Core>);
    /// Drops the body of a task that will not run again.
    fn discard(self: Rc<Self>, core: &Core);
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
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
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
    core: Weak<Core>,
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
    reason: RefCell<Cancelled>,
    /// A cancellation has not reached every leaf that the body waits on: the next step begins with handing it to those.
    pub(crate) must_cancel: Cell<bool>,
    /// A value has come before that cancellation did: the body may end with it, and else hears of the cancellation at its next await.
    value_first: Cell<bool>,
    /// A cancellation is on its way to a leaf: its promise was cancelled, or the next poll will see it.
    pub(crate) delivering: Cell<bool>,
    passing_on: Cell<PassingOn>,
}

/// Whether a task is passing a cancellation on to what it waits for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum PassingOn {
    No,
    Yes,
    /// And the cancellation has come back to it: the tasks wait for each other in a circle.
    InACircle,
}

impl TaskState {
    fn new(core: &Rc<Core>) -> Self {
        let number = core.next_task_number();
        TaskState {
            number,
            core: Rc::downgrade(core),
            name: RefCell::default(),
            waker: Waker::from(Arc::new(TaskWaker { remote: core.remote.clone(), number })),
            scheduled: Cell::new(false),
            waits: Waits::default(),
            running: Cell::new(false),
            requests: Cell::new(0),
            reason: RefCell::default(),
            must_cancel: Cell::new(false),
            value_first: Cell::new(false),
            delivering: Cell::new(false),
            passing_on: Cell::new(PassingOn::No),
        }
    }

    /// Tells whether it is the task itself that polls with this waker, and not a `join!` or the like in its body.
    pub(crate) fn polls_with(&self, waker: &Waker) -> bool {
        self.waker.will_wake(waker)
    }

    pub(crate) fn tell(&self, kind: impl FnOnce() -> Kind) {
        if let Some(core) = self.core.upgrade() {
            core.tell(None, |_| kind());
        }
    }

    pub(crate) fn name(&self) -> Rc<str> {
        match &*self.name.borrow() {
            Some(name) => name.clone(),
            None => format!("Task-{}", self.number).into(),
        }
    }

    /// Gives the last cancellation.
    pub(crate) fn reason(&self) -> Cancelled {
        self.reason.borrow().clone()
    }

    /// Cancels the task once more, because the leaf that the cancellation was on its way to is gone.
    pub(crate) fn cancel_again(&self) {
        if self.delivering.replace(false) {
            self.value_first.set(true);
            self.set_must_cancel();
        }
    }

    /// Leaves the cancellation to the next step.
    fn set_must_cancel(&self) {
        self.must_cancel.set(true);
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

    /// Hears which promises have accepted a cancellation; if a leaf is left out, the next step throws it there.
    fn passed_on(&self, accepted: &[bool]) {
        if self.passing_on.replace(PassingOn::No) == PassingOn::InACircle {
            // Nobody else would wake this task: the circle ends here.
            self.waits.accepted(&[]);
            self.set_must_cancel();
            return self.waker.wake_by_ref();
        }
        if accepted.contains(&true) {
            self.delivering.set(true);
        }
        if !self.waits.accepted(accepted) {
            self.set_must_cancel();
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
    fn finish(self: Rc<Self>, core: &Core, outcome: Result<T>) {
        core.release(self.state.number);
        let error = outcome.as_ref().err();
        let cancelled = error.and_then(|error| error.downcast_ref::<Cancelled>()).cloned();
        match cancelled {
            Some(cancelled) => Promise::of(self).settle_cancelled(&cancelled),
            None => Promise::of(self).follow(outcome),
        };
    }
}

impl<T> PromiseCell for TaskCell<T> {
    type Value = T;

    fn shared(&self) -> &Shared<T> {
        &self.shared
    }

    fn task(self: Rc<Self>) -> Option<Rc<dyn Driven>> {
        Some(self)
    }

    fn targets(&self) -> Targets {
        match self.state.running.get() {
            // The body that runs may yet wait for something else.
            true => Vec::new(),
            false => self.state.waits.promises(),
        }
    }

    fn begin_cancel(&self, reason: &Cancelled) -> bool {
        let state = &self.state;
        if state.passing_on.get() != PassingOn::No {
            state.passing_on.set(PassingOn::InACircle);
            return false;
        }
        state.passing_on.set(PassingOn::Yes);
        state.requests.set(state.requests.get() + 1);
        state.reason.replace(reason.clone());
        state.tell(|| Kind::CancelRequested {
            task: state.number,
            message: reason.message().map(str::to_owned),
        });
        true
    }

    fn decide(&self, _: &Promise<T>, _: &Cancelled, accepted: &[bool]) -> bool {
        match self.state.running.get() {
            true => {
                self.state.passing_on.set(PassingOn::No);
                self.state.value_first.set(false);
                self.state.set_must_cancel();
            }
            false => self.state.passed_on(accepted),
        }
        true
    }
}

impl<T> Driven for TaskCell<T> {
    fn state(&self) -> &TaskState {
        &self.state
    }

    fn promise(self: Rc<Self>) -> Rc<dyn AnyPromise> {
        self
    }

    fn step(self: Rc<Self>, core: &Rc<Core>) {
        let state = &self.state;
        state.scheduled.set(false);
        let Some(mut body) = self.body.take() else {
            return;
        };
        // If the body panics, the task ends; the panic goes on and leaves the run.
        let panicking = OnDrop(|| {
            self.clone().finish(core, Err(Panicked::unknown().into()));
            // The panic reports itself.
            self.error();
        });
        state.running.set(true);
        if state.must_cancel.take() {
            // A body that never started, or that waits for nothing that could deliver the cancellation, ends here
            // in Rust's own way: it is dropped.
            if state.waits.is_empty() {
                drop(body);
                std::mem::forget(panicking);
                let outcome = Err(state.reason().into());
                return self.finish(core, outcome);
            }
            state.delivering.set(true);
            state.waits.throw();
        }
        // ANCHOR: poll
        let polled = body.as_mut().poll(&mut Context::from_waker(&state.waker));
        match polled {
            Poll::Ready(outcome) => {
                drop(body);
                // Nothing has panicked, so the guard must not act.
                std::mem::forget(panicking);
                // A cancellation that arrived too late for any await
                // takes the place of the value.
                let late = state.must_cancel.take() && !state.value_first.get();
                let outcome = match (outcome, late) {
                    (Ok(_), true) => Err(state.reason().into()),
                    (outcome, _) => outcome,
                };
                self.finish(core, outcome);
            }
            Poll::Pending => {
                std::mem::forget(panicking);
                self.body.set(Some(body));
                state.running.set(false);
                // The body was cancelled while it ran; the await
                // that it has reached since receives it.
                if state.must_cancel.take() {
                    let reason = state.reason();
                    let promises = state.waits.promises().into_iter();
                    state.passing_on.set(PassingOn::Yes);
                    let accepted: Vec<bool> = promises.map(|p| cancel(p, &reason)).collect();
                    state.passed_on(&accepted);
                }
            }
        }
        // ANCHOR_END: poll
    }

    fn discard(self: Rc<Self>, core: &Core) {
        let Some(body) = self.body.take() else {
            return;
        };
        let TaskState { number, .. } = self.state;
        core.release(number);
        core.tell(None, |_| Kind::TaskDropped { task: number });
        drop(body);
        // Its callbacks may hold what holds the task.
        self.shared.abandon();
        let name = self.state.name();
        core.report(format!("Task {name} was destroyed but it is pending"), None);
    }
}

/// Makes a task and schedules its first step; gives its promise.
pub(crate) fn spawn<T: 'static>(
    core: &Rc<Core>,
    body: impl Future<Output = Result<T>> + 'static,
    at: Option<Place>,
) -> Promise<T> {
    let state = TaskState::new(core);
    let number = state.number;
    let cell = Rc::new(TaskCell {
        shared: Shared::new(core, "Task"),
        body: Cell::new(Some(Box::pin(body))),
        state,
    });
    core.adopt(cell.clone());
    core.tell(at, |_| Kind::TaskCreated { task: number, name: cell.state.name().to_string() });
    core.schedule_step(cell.clone());
    Promise::of(cell)
}

/// What can be awaited and given to `gather`, `wait_for` and the like: a future of this library's [`Result`], a task, or a promise.
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

impl<F, T> Awaitable for F
where
    F: Future<Output = Result<T>> + 'static,
    T: 'static,
{
    type Value = T;

    #[track_caller]
    fn ensure_promise(self, event_loop: &EventLoop) -> Promise<T> {
        event_loop.core.assert_open();
        spawn(&event_loop.core, self, Some(Location::caller()))
    }
}

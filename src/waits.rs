//! What a task waits for, and the way that a cancellation takes to it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::{Rc, Weak};
use std::task::{Context, Waker};

use crate::error::Cancelled;
use crate::event_loop::Core;
use crate::line::Line;
use crate::observation::observed;
use crate::observe::Kind;
use crate::table::TaskId;
use crate::task::{Body, Header};

/// What a task can wait for, seen from `cancel`.
pub(crate) trait Cancel {
    /// Asks it to end; false if it is done already, or leaves it to the task to throw the cancellation.
    fn cancel(self: Rc<Self>, reason: &Cancelled) -> bool;

    /// Tells whether it stands for a future of another library.
    fn is_foreign(&self) -> bool {
        false
    }
}

/// Whom a leaf wakes.
pub(crate) enum Awaiter {
    /// The short way to a task that polls the leaf with its own waker, as nearly all do.
    Task(TaskId),
    /// The way that every future can go, from inside `FuturesUnordered` or another executor, say.
    Other(Waker),
}

impl Awaiter {
    /// Names who polls a leaf in a step of a task.
    #[inline]
    pub(crate) fn of(header: &Header, cx: &Context<'_>) -> Self {
        match header.own_waker(cx) {
            Some(id) => Awaiter::Task(id),
            None => Awaiter::Other(cx.waker().clone()),
        }
    }

    #[inline]
    pub(crate) fn wake(self, core: &Weak<Core>) {
        match self {
            Awaiter::Task(id) => {
                if let Some(core) = core.upgrade() {
                    core.schedule_step(id);
                }
            }
            Awaiter::Other(waker) => waker.wake(),
        }
    }
}

/// Something that the task is suspended on: a leaf, or a `cancellable` with what is inside it.
struct Waiting {
    /// The number of the `cancellable` around it, zero if there is none.
    scope: u64,
    /// Where a cancellation goes; `None` for a mere yield.
    target: Option<Rc<dyn Cancel>>,
    /// True once a cancellation was passed to it.
    told: bool,
    /// The cancellation that it receives when it is polled next, because its target did not take it.
    thrown: Option<Box<Cancelled>>,
}

/// What the body of a task is suspended on; more than one when it polls several leaves, as `join!` and `select!` do.
#[derive(Default)]
pub(crate) struct Waits {
    line: RefCell<Line<Waiting>>,
    /// The `cancellable` whose inside is being polled, zero outside.
    scope: Cell<u64>,
}

impl Waits {
    pub(crate) fn is_empty(&self) -> bool {
        self.line.borrow().is_empty()
    }

    /// Tells whether all of it are futures of other libraries.
    pub(crate) fn are_foreign(&self) -> bool {
        let line = self.line.borrow();
        let foreign = |w: &Waiting| w.target.as_ref().is_some_and(|target| target.is_foreign());
        line.iter().all(|(_, waiting)| foreign(waiting))
    }

    /// Passes a cancellation to each; a `cancellable` leaves it to what waits inside.
    pub(crate) fn cancel(&self, reason: &Cancelled) {
        // Cancelling may run code that changes the line.
        let mut told = Vec::new();
        {
            let mut line = self.line.borrow_mut();
            let scopes: BTreeSet<u64> = line.iter().map(|(_, waiting)| waiting.scope).collect();
            for (number, waiting) in line.iter_mut() {
                if !scopes.contains(&number) {
                    waiting.told = true;
                    told.push((number, waiting.target.clone()));
                }
            }
        }
        for (number, target) in told {
            if target.is_some_and(|target| target.cancel(reason)) {
                continue;
            }
            // It is done, or cannot be cancelled. Its next poll has been scheduled, or its own end schedules it.
            if let Some(waiting) = self.line.borrow_mut().get_mut(number) {
                waiting.thrown = Some(Box::new(reason.clone()));
            }
        }
    }

    fn any_told(&self) -> bool {
        self.line.borrow().iter().any(|(_, waiting)| waiting.told)
    }
}

/// A leaf's entry in the line of what a task waits for; dropping it takes the entry out.
///
/// It keeps the task that keeps it, in its body: the loop breaks the circle, for it lets go of no task that still has its body.
#[derive(Default)]
pub(crate) struct Registration {
    /// `None` before the leaf has to wait, and once it is ready.
    task: Option<Rc<dyn Body>>,
    number: u64,
}

impl Registration {
    #[inline]
    pub(crate) fn is_entered(&self) -> bool {
        self.task.is_some()
    }

    /// Enters the leaf; `target` is where a cancellation goes.
    #[inline]
    pub(crate) fn enter(&mut self, task: &Rc<dyn Body>, target: Option<Rc<dyn Cancel>>) {
        let waits = &task.header().waits;
        self.number = waits.line.borrow_mut().push(Waiting {
            scope: waits.scope.get(),
            target,
            told: false,
            thrown: None,
        });
        self.task = Some(task.clone());
    }

    /// Gives the cancellation if one was thrown at this leaf.
    #[inline]
    pub(crate) fn thrown(&self) -> Option<Cancelled> {
        let line = self.task.as_ref()?.header().waits.line.borrow();
        line.get(self.number)?.thrown.as_deref().cloned()
    }

    /// Ends the wait of a leaf that is ready, and gives the cancellation if one was thrown at it.
    ///
    /// If the leaf was told of a cancellation, the body knows of it now; `cancelled` says whether as a cancellation.
    #[inline]
    pub(crate) fn arrived(&mut self, cancelled: impl FnOnce() -> bool) -> Option<Cancelled> {
        let task = self.task.take()?;
        let header = task.header();
        let waiting = header.waits.line.borrow_mut().take(self.number)?;
        if waiting.told {
            if observed() && cancelled() {
                observe_delivered(&*task);
            }
            header.take_underway();
        }
        waiting.thrown.map(|thrown| *thrown)
    }

    /// Counts as inside of this entry whatever is entered while the guard lives.
    pub(crate) fn surround<'a>(&self, header: &'a Header) -> Inside<'a> {
        let scope = &header.waits.scope;
        Inside(scope, scope.replace(self.number))
    }
}

#[cold]
fn observe_delivered(task: &dyn Body) {
    let number = task.header().number;
    if let Some(core) = task.core() {
        core.observe(|_| Kind::CancelDelivered { task: number }, None);
    }
}

impl Drop for Registration {
    #[inline]
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            let header = task.header();
            let waiting = header.waits.line.borrow_mut().take(self.number);
            // The branch that a `select!` drops may be the only one that a cancellation was passed to.
            if waiting.is_some_and(|waiting| waiting.told) && !header.waits.any_told() {
                header.cancel_again();
            }
        }
    }
}

/// Ends the inside of a `cancellable`.
pub(crate) struct Inside<'a>(&'a Cell<u64>, u64);

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.set(self.1);
    }
}

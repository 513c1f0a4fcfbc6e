//! What every leaf has: whom it wakes, and its entry among what its task waits for.

use std::cell::Cell;
use std::rc::{Rc, Weak};
use std::task::{Context, Waker};

use crate::error::Cancelled;
use crate::event_loop::{Body, Core};
use crate::events::Kind;
use crate::header::{Header, TaskId};
use crate::observation::observed;
use crate::waits::Cancel;

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

    /// Schedules the task, or calls the waker.
    ///
    /// Choice: never inlined. Where the compiler inlines it into its callers, it calls what it inlines here otherwise, the push to
    /// the ready queue, and a handover between two tasks executes 1.5 % more instructions.
    #[inline(never)]
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
        self.number = task.header().waits.enter(target);
        self.task = Some(task.clone());
    }

    /// Gives the cancellation if one was thrown at this leaf.
    #[inline]
    pub(crate) fn thrown(&self) -> Option<Cancelled> {
        self.task.as_ref()?.header().waits.thrown(self.number)
    }

    /// Ends the wait of a leaf that is ready, and gives the cancellation if one was thrown at it.
    ///
    /// If the leaf was told of a cancellation, the body knows of it now; `cancelled` says whether as a cancellation.
    #[inline]
    pub(crate) fn arrived(&mut self, cancelled: impl FnOnce() -> bool) -> Option<Cancelled> {
        let task = self.task.take()?;
        let header = task.header();
        let waiting = header.waits.take(self.number)?;
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
            let waiting = header.waits.take(self.number);
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

//! The part that promises and tasks have in common: the state, and what happens when it is settled.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use crate::callback::Callback;
use crate::error::{Cancelled, Error};
use crate::event_loop::{Body, Core};
use crate::events::{self, Awaited, Outcome};
use crate::leaf::Awaiter;
use crate::line::Line;
use crate::observation::{Number, Observation};
use crate::waits::Cancel;

/// How far it has got.
pub(crate) enum State<T> {
    Pending,
    Done(T),
    Failed(Error),
    Cancelled(Cancelled),
}

/// A callback that waits at a promise, and goes into the ready queue with it when the promise is done.
pub(crate) trait DoneCallback<T>: Callback {
    fn set_cell(&self, which: u32, cell: Rc<dyn Settle<T>>);
}

/// What happens when the promise is done; all kinds share one list, so they keep one order.
pub(crate) enum Hook<T> {
    Wake(Awaiter),
    /// A callback, and which child of a `gather` waits with it; zero for all others.
    Call(Rc<dyn DoneCallback<T>>, u32),
}

/// Whom a slot belongs to, and what reports call it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    Promise,
    Task,
}

/// What an observer calls a slot.
pub(crate) enum Identity<'a> {
    Task(u64),
    Promise(&'a Number),
}

impl Identity<'_> {
    pub(crate) fn awaited(&self, observation: &Observation) -> Awaited {
        match self {
            Identity::Task(task) => Awaited::Task(*task),
            Identity::Promise(number) => Awaited::Promise(observation.promise(number)),
        }
    }

    pub(crate) fn done(&self, observation: &Observation, outcome: Outcome) -> events::Kind {
        match self.awaited(observation) {
            Awaited::Task(task) => events::Kind::TaskDone { task, outcome },
            Awaited::Promise(promise) => events::Kind::PromiseDone { promise, outcome },
            Awaited::Turn | Awaited::Foreign => unreachable!("a slot is of a task or a promise"),
        }
    }
}

/// The part that promises and tasks have in common.
pub(crate) struct Slot<T> {
    pub(crate) core: Weak<Core>,
    /// Invariant: leaves `Pending` once, and never comes back.
    pub(crate) state: RefCell<State<T>>,
    /// Invariant: empty once the state has left `Pending`.
    pub(crate) hooks: RefCell<Line<Hook<T>>>,
    /// True from a failure until someone looks at it; dropped so, the failure is reported.
    pub(crate) unseen: Cell<bool>,
    pub(crate) kind: Kind,
}

impl<T> Slot<T> {
    pub(crate) fn new(core: Weak<Core>, kind: Kind) -> Self {
        Slot {
            core,
            state: RefCell::new(State::Pending),
            hooks: RefCell::default(),
            unseen: Cell::new(false),
            kind,
        }
    }

    /// Gives the loop, if it still lives.
    pub(crate) fn core(&self) -> Option<Rc<Core>> {
        self.core.upgrade()
    }

    pub(crate) fn is_done(&self) -> bool {
        !matches!(*self.state.borrow(), State::Pending)
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        matches!(*self.state.borrow(), State::Cancelled(_))
    }

    pub(crate) fn mark_seen(&self) {
        self.unseen.set(false);
    }

    #[inline]
    pub(crate) fn add_hook(&self, hook: Hook<T>) -> u64 {
        self.hooks.borrow_mut().push(hook)
    }

    pub(crate) fn replace_hook(&self, number: u64, hook: Hook<T>) {
        let mut hooks = self.hooks.borrow_mut();
        let old = hooks.get_mut(number);
        let replaced = old.map(|old| std::mem::replace(old, hook));
        drop(hooks);
        drop(replaced);
    }

    pub(crate) fn remove_hook(&self, number: u64) -> bool {
        let removed = self.hooks.borrow_mut().take(number);
        removed.is_some()
    }

    /// Drops what was to happen when the promise is done.
    pub(crate) fn forget_hooks(&self) {
        let hooks = self.hooks.take();
        drop(hooks);
    }

    pub(crate) fn error(&self) -> Option<Error> {
        match &*self.state.borrow() {
            State::Pending | State::Done(_) => None,
            State::Failed(error) => Some(error.clone()),
            State::Cancelled(cancelled) => Some(cancelled.clone().into()),
        }
    }
}

impl<T> Drop for Slot<T> {
    fn drop(&mut self) {
        if !self.unseen.get() {
            return;
        }
        if let (State::Failed(error), Some(core)) = (self.state.get_mut(), self.core.upgrade()) {
            let message = format!("{:?} exception was never retrieved", self.kind);
            core.report(message, Some(error.clone()));
        }
    }
}

/// A promise's cell or a task's: something with a slot that can be cancelled.
pub(crate) trait Settle<T>: Cancel {
    fn slot(&self) -> &Slot<T>;
    fn identity(&self) -> Identity<'_>;
    /// Gives the task that the slot belongs to, if it is a task's.
    fn task(self: Rc<Self>) -> Option<Rc<dyn Body>>;
}

//! What a task waits for, and the way that a cancellation takes to it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;

use crate::error::Cancelled;
use crate::line::Line;

/// What a task can wait for, seen from `cancel`.
pub(crate) trait Cancel {
    /// Asks it to end; false if it is done already, or leaves it to the task to throw the cancellation.
    fn cancel(self: Rc<Self>, reason: &Cancelled) -> bool;

    /// Tells whether it stands for a future of another library.
    fn is_foreign(&self) -> bool {
        false
    }
}

/// Something that the task is suspended on: a leaf, or a `cancellable` with what is inside it.
pub(crate) struct Waiting {
    /// The number of the `cancellable` around it, zero if there is none.
    scope: u64,
    /// Where a cancellation goes; `None` for a mere yield.
    target: Option<Rc<dyn Cancel>>,
    /// True once a cancellation was passed to it.
    pub(crate) told: bool,
    /// The cancellation that it receives when it is polled next, because its target did not take it.
    pub(crate) thrown: Option<Box<Cancelled>>,
}

/// What the body of a task is suspended on; more than one when it polls several leaves, as `join!` and `select!` do.
#[derive(Default)]
pub(crate) struct Waits {
    line: RefCell<Line<Waiting>>,
    /// The `cancellable` whose inside is being polled, zero outside.
    pub(crate) scope: Cell<u64>,
}

impl Waits {
    /// Enters a leaf, and gives the number of its entry; `target` is where a cancellation goes.
    #[inline]
    pub(crate) fn enter(&self, target: Option<Rc<dyn Cancel>>) -> u64 {
        self.line.borrow_mut().push(Waiting {
            scope: self.scope.get(),
            target,
            told: false,
            thrown: None,
        })
    }

    /// Takes an entry out.
    #[inline]
    pub(crate) fn take(&self, number: u64) -> Option<Waiting> {
        self.line.borrow_mut().take(number)
    }

    /// Gives the cancellation that was thrown at a leaf, if one was.
    #[inline]
    pub(crate) fn thrown(&self, number: u64) -> Option<Cancelled> {
        let line = self.line.borrow();
        line.get(number)?.thrown.as_deref().cloned()
    }

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

    pub(crate) fn any_told(&self) -> bool {
        self.line.borrow().iter().any(|(_, waiting)| waiting.told)
    }
}

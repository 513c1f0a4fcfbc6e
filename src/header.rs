//! The part of a task that does not depend on its value's type.

use std::cell::Cell;
use std::rc::Rc;
use std::task::{Context, Waker};

use crate::error::Cancelled;
use crate::waits::Waits;

/// Names a task for wakers and for the ready queue.
///
/// A place in the table is used again; the generation tells its successive tenants apart, so a late wake-up meets nobody.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct TaskId {
    pub(crate) index: u32,
    pub(crate) generation: u32,
}

/// The part of a task that does not depend on its value's type.
pub(crate) struct Header {
    pub(crate) id: TaskId,
    pub(crate) number: u64,
    pub(crate) waker: Waker,
    pub(crate) waits: Waits,
    /// True while a step of this task runs, the last one for ever.
    pub(crate) running: Cell<bool>,
    /// Absent until it is needed: most tasks have no name of their own and are never cancelled.
    extras: Cell<Option<Box<Extras>>>,
}

#[derive(Default)]
struct Extras {
    name: Option<Rc<str>>,
    /// How many cancellations were asked for and not taken back by `uncancel`.
    cancelling: u32,
    /// A cancellation of which nothing that the body waits for was told.
    must_cancel: Option<Cancelled>,
    /// A cancellation from when it was passed on until it has come out of an await.
    underway: Option<Cancelled>,
}

impl Header {
    #[inline]
    pub(crate) fn new(id: TaskId, number: u64, waker: Waker) -> Self {
        Header {
            id,
            number,
            waker,
            waits: Waits::default(),
            running: Cell::new(false),
            extras: Cell::new(None),
        }
    }

    /// Looks at the extras, if there are any.
    #[inline]
    fn look<R: Default>(&self, f: impl FnOnce(&mut Extras) -> R) -> R {
        let Some(mut extras) = self.extras.take() else {
            return R::default();
        };
        let result = f(&mut extras);
        self.extras.set(Some(extras));
        result
    }

    fn change(&self, f: impl FnOnce(&mut Extras)) {
        let mut extras = self.extras.take().unwrap_or_default();
        f(&mut extras);
        self.extras.set(Some(extras));
    }

    pub(crate) fn set_must_cancel(&self, reason: Cancelled) {
        self.change(|extras| extras.must_cancel = Some(reason));
    }

    #[inline]
    pub(crate) fn take_must_cancel(&self) -> Option<Cancelled> {
        self.look(|extras| extras.must_cancel.take())
    }

    pub(crate) fn take_underway(&self) -> Option<Cancelled> {
        self.look(|extras| extras.underway.take())
    }

    pub(crate) fn cancelling(&self) -> u32 {
        self.look(|extras| extras.cancelling)
    }

    /// Counts one request to cancel more.
    pub(crate) fn count_cancelling(&self) {
        self.change(|extras| extras.cancelling += 1);
    }

    /// Takes back one request to cancel, and gives how many are left.
    pub(crate) fn uncancel(&self) -> u32 {
        let before = self.cancelling();
        let left = before.saturating_sub(1);
        if before > 0 {
            self.change(|extras| extras.cancelling = left);
        }
        // As of CPython 3.13, what no await was told of yet is taken back with the last request.
        if before == 1 {
            self.take_must_cancel();
        }
        left
    }

    pub(crate) fn set_name(&self, name: Rc<str>) {
        self.change(|extras| extras.name = Some(name));
    }

    /// Tells whether the task polls with its own waker, and what that waker would schedule.
    ///
    /// Between the task and the leaf there may be another's waker, from `FuturesUnordered`, say.
    #[inline]
    pub(crate) fn own_waker(&self, cx: &Context<'_>) -> Option<TaskId> {
        cx.waker().will_wake(&self.waker).then_some(self.id)
    }

    pub(crate) fn name(&self) -> Rc<str> {
        match self.look(|extras| extras.name.clone()) {
            Some(name) => name,
            None => format!("Task-{}", self.number).into(),
        }
    }

    /// Passes a cancellation to all that the body waits for.
    pub(crate) fn pass_on(&self, reason: &Cancelled) {
        self.change(|extras| extras.underway = Some(reason.clone()));
        self.waits.cancel(reason);
    }

    /// Cancels the task once more, because what the cancellation was passed to is gone.
    pub(crate) fn cancel_again(&self) {
        if let Some(reason) = self.take_underway() {
            self.set_must_cancel(reason);
            if !self.running.get() {
                self.waker.wake_by_ref();
            }
        }
    }
}

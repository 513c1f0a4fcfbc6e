//! What a task waits for, and the leaf on which it waits: the `await` of a promise.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use crate::error::{AwaitError, Cancelled, Error, Result};
use crate::event_loop::{Core, EventLoop};
use crate::list::List;
use crate::observe::{Kind, Place};
use crate::promise::{AnyPromise, Promise, Targets};
use crate::task::{Awaitable, Driven};

/// What a leaf waits for, seen from `cancel`.
pub(crate) enum Target {
    /// A promise, which is cancelled first.
    Promise(Rc<dyn AnyPromise>),
    /// Its next turn, which comes anyway.
    Turn,
    /// A future of another library, which knows nothing of cancellations; the waker is whose that polls it.
    Foreign(Waker),
}

/// A leaf on which a task is suspended, or a `cancellable` with the leaves inside it.
pub(crate) struct Wait {
    pub(crate) target: Target,
    /// The number of the `cancellable` around it, zero if there is none.
    scope: u64,
    /// True once a cancellation is on its way to the leaf: its promise has accepted it, or it is thrown at the leaf itself.
    told: bool,
    /// True if the leaf ends with the cancellation at its next poll, whatever its promise says.
    thrown: bool,
}

/// What the body of a task is suspended on; more than one leaf when it polls several, as `join!` and `select!` do.
#[derive(Default)]
pub(crate) struct Waits {
    pub(crate) list: RefCell<List<Wait>>,
    /// The `cancellable` whose inside is being polled, zero outside.
    pub(crate) scope: Cell<u64>,
}

impl Waits {
    pub(crate) fn is_empty(&self) -> bool {
        self.list.borrow().is_empty()
    }

    /// Calls `f` with each leaf to which a cancellation goes: a `cancellable` leaves it to those inside it.
    fn each_leaf(&self, mut f: impl FnMut(&mut Wait)) {
        let mut list = self.list.borrow_mut();
        let scopes: HashSet<u64> = list.iter().map(|(_, wait)| wait.scope).collect();
        for (number, wait) in list.iter_mut() {
            if !scopes.contains(&number) {
                f(wait);
            }
        }
    }

    /// Gives the promises that a cancellation is passed on to.
    pub(crate) fn promises(&self) -> Targets {
        let mut promises = Vec::new();
        self.each_leaf(|wait| {
            if let Target::Promise(promise) = &wait.target {
                promises.push(promise.clone());
            }
        });
        promises
    }

    /// Notes which of the promises have accepted a cancellation, and tells whether it is on its way to every leaf.
    pub(crate) fn accepted(&self, accepted: &[bool]) -> bool {
        let mut accepted = accepted.iter();
        let mut all = !self.is_empty();
        self.each_leaf(|wait| {
            let is_promise = matches!(wait.target, Target::Promise(_));
            wait.told = is_promise && accepted.next() == Some(&true);
            all &= wait.told;
        });
        all
    }

    /// Throws a cancellation at each leaf that it is not on its way to; one whose promise was cancelled ends so by itself.
    pub(crate) fn throw(&self) {
        self.each_leaf(|wait| {
            let cancelled = matches!(&wait.target, Target::Promise(p) if p.ended_cancelled());
            wait.thrown |= !wait.told && !cancelled;
            wait.told = true;
        });
    }

    /// Gives the wakers of the leaves that wait for futures of other libraries.
    pub(crate) fn foreign_wakers(&self) -> Vec<Waker> {
        let mut wakers = Vec::new();
        self.each_leaf(|wait| {
            if let Target::Foreign(waker) = &wait.target {
                wakers.push(waker.clone());
            }
        });
        wakers
    }
}

/// A leaf's entry in the list of what a task waits for; dropping it takes the entry out.
///
/// The task has the leaf in its body, and the leaf has the task here: a circle, which ends with the body, that is dropped when the
/// task ends and when the loop is closed.
#[derive(Default)]
pub(crate) struct Registration {
    /// `None` before the leaf has to wait, and once it is ready.
    pub(crate) task: Option<Rc<dyn Driven>>,
    pub(crate) number: u64,
}

impl Registration {
    pub(crate) fn is_entered(&self) -> bool {
        self.task.is_some()
    }

    pub(crate) fn is_of(&self, task: &Rc<dyn Driven>) -> bool {
        self.task.as_ref().is_some_and(|own| Rc::ptr_eq(own, task))
    }

    /// Enters the leaf; one that another task has polled before leaves that one's list.
    pub(crate) fn enter(&mut self, task: &Rc<dyn Driven>, target: Target) {
        let waits = &task.state().waits;
        let wait = Wait { target, scope: waits.scope.get(), told: false, thrown: false };
        let number = waits.list.borrow_mut().push(wait);
        *self = Registration { task: Some(task.clone()), number };
    }

    /// Gives the cancellation if one was thrown at this leaf.
    pub(crate) fn thrown(&self) -> Option<Cancelled> {
        let state = self.task.as_ref()?.state();
        let mut list = state.waits.list.borrow_mut();
        let thrown = list.get_mut(self.number)?.thrown;
        thrown.then(|| state.reason())
    }

    /// Ends the wait of a leaf that is ready, and gives the cancellation if one was thrown at it; `cancelled` says whether the body
    /// sees one in any case.
    pub(crate) fn leave(&mut self, cancelled: bool) -> Option<Cancelled> {
        let task = self.task.take()?;
        let state = task.state();
        let wait = state.waits.list.borrow_mut().take(self.number)?;
        if wait.told {
            state.delivering.set(false);
            if cancelled || wait.thrown {
                state.tell(|| Kind::CancelDelivered { task: state.number });
            }
        }
        wait.thrown.then(|| state.reason())
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        let Some(task) = self.task.take() else {
            return;
        };
        let state = task.state();
        let mut list = state.waits.list.borrow_mut();
        let wait = list.take(self.number);
        let others_told = list.iter().any(|(_, wait)| wait.told);
        drop(list);
        // The branch that a `select!` drops may be the only one that a cancellation was on its way to.
        if wait.is_some_and(|wait| wait.told) && !others_told {
            state.cancel_again();
        }
    }
}

/// Lets a handle, and a reference to one, be awaited, and given to `gather` and the like.
macro_rules! awaitable {
    ($($handle:ty),+) => {$(
        impl<T: Clone + 'static> std::future::IntoFuture for $handle {
            type Output = Result<T>;
            type IntoFuture = Awaiting<T>;

            /// Is what `.await` calls, so the caller's line is that of the await.
            #[track_caller]
            fn into_future(self) -> Awaiting<T> {
                self.as_ref().clone().wait_at(Some(std::panic::Location::caller()))
            }
        }

        impl<T: Clone + 'static> Awaitable for $handle {
            type Value = T;

            fn ensure_promise(self, _: &EventLoop) -> Promise<T> {
                self.as_ref().clone()
            }
        }
    )+};
}
pub(crate) use awaitable;

awaitable!(Promise<T>, &Promise<T>);

impl<T: 'static> Promise<T> {
    /// Awaits the promise on behalf of a line of the program, or of none.
    pub(crate) fn wait_at(self, at: Option<Place>) -> Awaiting<T> {
        Awaiting { promise: self, listener: None, registration: Registration::default(), at }
    }
}

/// The `await` of a promise or a task: the leaf on which every task of this library is suspended, but for a bare yield.
///
/// # Cancellation
/// A cancelled task sees `Err(Cancelled)` here, even when the value has arrived but was not looked at yet.
/// A task that is suspended on several leaves, in a `join!` or a `select!`, sees it at each of them.
/// Dropping the leaf takes its waker back and leaves the promise alone.
#[must_use = "futures do nothing unless awaited"]
pub struct Awaiting<T: 'static> {
    promise: Promise<T>,
    /// Among the promise's listeners, who is woken when it is done.
    listener: Option<u64>,
    /// The entry in the list of what the task waits for, through which a cancellation comes.
    registration: Registration,
    at: Option<Place>,
}

impl<T: 'static> Awaiting<T> {
    /// Enters the leaf into the list of what the task waits for.
    fn register(&mut self) -> Result<(), AwaitError> {
        let registered = Core::with_current(|core, task| {
            if self.registration.is_of(task) {
                return Ok(());
            }
            let number = task.state().number;
            if !self.promise.belongs_to(core) {
                return Err(AwaitError::DifferentLoop);
            }
            if self.promise.is_of(task) {
                return Err(AwaitError::OnItself);
            }
            self.registration.enter(task, Target::Promise(self.promise.any()));
            core.tell(self.at, |names| Kind::Awaits {
                task: number,
                on: self.promise.awaited(names),
            });
            Ok(())
        });
        registered.unwrap_or(Ok(()))
    }
}

impl<T: Clone + 'static> Future for Awaiting<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T>> {
        let this = &mut *self;
        let outcome = match this.registration.thrown() {
            Some(cancelled) => Some(Err(cancelled.into())),
            // A promise that is done has no listeners any more; from one that is not, the listener is taken back on drop.
            None => this.promise.outcome().inspect(|_| this.listener = None),
        };
        if let Some(outcome) = outcome {
            let cancelled = outcome.as_ref().is_err_and(Error::is_cancelled);
            this.registration.leave(cancelled);
            return Poll::Ready(outcome);
        }
        if let Err(error) = this.register() {
            return Poll::Ready(Err(error.into()));
        }
        let task = this.registration.task.as_ref();
        this.promise.wake_when_done(&mut this.listener, task, cx.waker());
        Poll::Pending
    }
}

impl<T: 'static> Drop for Awaiting<T> {
    fn drop(&mut self) {
        if let Some(listener) = self.listener.take() {
            self.promise.forget(listener);
        }
    }
}

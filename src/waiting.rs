//! What a task waits for, and the leaf on which it waits: the `await` of a promise.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use crate::error::{AwaitError, Cancelled, Error, Result};
use crate::event_loop::{Core, EventLoop, seldom};
use crate::list::{List, new_number};
use crate::observe::{Kind, Place};
use crate::promise::{AnyPromise, Listener, Promise, Targets};
use crate::task::{Awaitable, Driven};

/// What a leaf waits for, seen from `cancel`.
pub(crate) enum Target {
    /// A promise, which is cancelled first.
    Promise(Rc<dyn AnyPromise>),
    /// Its next turn, which comes anyway.
    Turn,
    /// A future of another library, which knows nothing of cancellations; with this waker it is polled.
    Foreign(Waker),
}

/// A leaf: a future that a task is suspended on, and that awaits none itself. Or a `cancellable` with the leaves inside it.
pub(crate) struct Wait {
    pub(crate) target: Target,
    /// The number of the `cancellable` around it, zero if there is none.
    pub(crate) scope: u64,
    /// True while the last cancellation is on its way to the leaf: its promise has accepted it, or it is thrown at the leaf
    /// itself.
    pub(crate) told: Cell<bool>,
    /// True if the leaf ends with the cancellation at its next poll, whatever its promise says.
    pub(crate) thrown: Cell<bool>,
}

/// What the body of a task is suspended on, and how far a cancellation has got there; more than one leaf when the body polls
/// several, as `join!` and `select!` do.
#[derive(Default)]
pub(crate) struct Waits {
    pub(crate) list: RefCell<List<Wait>>,
    /// The `cancellable` whose inside is being polled, zero outside.
    pub(crate) scope: Cell<u64>,
    /// A cancellation has not reached every leaf: the next step begins with handing it to those.
    pub(crate) must_cancel: Cell<bool>,
    /// It is on its way to a leaf, and the body has not seen it there yet.
    pub(crate) delivering: Cell<bool>,
    /// It is being passed on to the promises at this moment.
    pub(crate) passing_on: Cell<bool>,
    /// And it has come back: the tasks wait for each other in a circle.
    pub(crate) in_a_circle: Cell<bool>,
}

impl Waits {
    pub(crate) fn is_empty(&self) -> bool {
        self.list.borrow().is_empty()
    }

    /// Calls `f` with each leaf to which a cancellation goes, and lists what it gives. It does not go to a `cancellable` that has
    /// leaves inside it.
    fn map_leaves<R>(&self, mut f: impl FnMut(&Wait) -> Option<R>) -> Vec<R> {
        let list = self.list.borrow();
        let scopes: HashSet<u64> = list.iter().map(|(_, wait)| wait.scope).collect();
        let leaves = list.iter().filter(|(number, _)| !scopes.contains(number));
        leaves.filter_map(|(_, wait)| f(wait)).collect()
    }

    /// Gives the promises that a cancellation is passed on to.
    pub(crate) fn promises(&self) -> Targets {
        self.map_leaves(|wait| match &wait.target {
            Target::Promise(promise) => Some(promise.clone()),
            _ => None,
        })
    }

    /// Gives the wakers of the leaves that wait for futures of other libraries.
    pub(crate) fn foreign_wakers(&self) -> Vec<Waker> {
        self.map_leaves(|wait| match &wait.target {
            Target::Foreign(waker) => Some(waker.clone()),
            _ => None,
        })
    }

    /// Notes which of the promises have accepted a cancellation, and tells whether it is on its way to every leaf.
    pub(crate) fn accepted(&self, accepted: &[bool]) -> bool {
        let mut accepted = accepted.iter();
        let told = self.map_leaves(|wait| {
            let is_promise = matches!(wait.target, Target::Promise(_));
            wait.told.set(is_promise && accepted.next() == Some(&true));
            Some(wait.told.get())
        });
        self.delivering.set(self.delivering.get() || told.contains(&true));
        !told.is_empty() && !told.contains(&false)
    }

    /// Throws a cancellation at each leaf that it is not on its way to; one whose promise was cancelled ends so by itself.
    pub(crate) fn throw(&self) {
        self.delivering.set(true);
        self.map_leaves(|wait| {
            let cancelled = matches!(&wait.target, Target::Promise(p) if p.ended_cancelled());
            let thrown = !wait.told.replace(true) && !cancelled;
            wait.thrown.set(wait.thrown.get() || thrown);
            Some(())
        });
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
    /// The leaf's number in each list that it is in; zero before it has to wait.
    pub(crate) number: u64,
}

impl Registration {
    pub(crate) fn is_of(&self, task: &Rc<dyn Driven>) -> bool {
        self.task.as_ref().is_some_and(|own| Rc::ptr_eq(own, task))
    }

    /// Gives the leaf's number.
    fn number(&mut self) -> u64 {
        if self.number == 0 {
            self.number = new_number();
        }
        self.number
    }

    /// Enters the leaf. If another task has polled it before, the entry there goes when the old registration is dropped.
    #[inline]
    pub(crate) fn enter(&mut self, task: &Rc<dyn Driven>, target: Target) {
        let (waits, number) = (&task.state().waits, self.number());
        let (told, thrown) = Default::default();
        waits.list.borrow_mut().put(number, Wait { target, scope: waits.scope.get(), told, thrown });
        *self = Registration { task: Some(task.clone()), number };
    }

    /// Gives the cancellation if one was thrown at this leaf.
    #[inline]
    pub(crate) fn thrown(&self) -> Option<Cancelled> {
        let state = self.task.as_ref()?.state();
        let thrown = state.waits.list.borrow_mut().get_mut(self.number)?.thrown.get();
        thrown.then(|| state.reason())
    }

    /// Takes out the entry of a leaf that is ready. `cancelled` says whether it ends with a cancellation: an observer hears of the
    /// delivery.
    pub(crate) fn end(&mut self, cancelled: bool) {
        let Some(task) = self.task.take() else { return };
        let state = task.state();
        let wait = state.waits.list.borrow_mut().take(self.number);
        if wait.is_some_and(|wait| wait.told.get()) {
            state.waits.delivering.set(false);
            if cancelled {
                task.tell(|| Kind::CancelDelivered { task: state.number });
            }
        }
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        let Registration { task: Some(task), number } = self else { return };
        // The leaf was dropped before it was ready.
        seldom(|| {
            let Waits { list, delivering, .. } = &task.state().waits;
            let wait = list.borrow_mut().take(*number);
            let is_last = || !list.borrow().iter().any(|(_, other)| other.told.get());
            // The branch that a `select!` drops may be the only one that a cancellation was on its way to.
            if wait.is_some_and(|wait| wait.told.get()) && delivering.get() && is_last() {
                task.state().set_must_cancel();
            }
        });
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
        Awaiting { promise: self, registration: Registration::default(), at }
    }
}

/// The `await` of a promise or a task: the leaf on which every task of this library is suspended, but for a bare yield.
///
/// # Cancellation
/// A cancelled task sees `Err(Cancelled)` here, even when the value has arrived but was not looked at yet. If it awaits another
/// task it sees what that one makes of the cancellation. A task that is suspended on several leaves, in a `join!` or a `select!`,
/// sees it at each of them. Dropping the leaf takes its listener back, and does nothing to the promise.
#[must_use = "futures do nothing unless awaited"]
pub struct Awaiting<T: 'static> {
    promise: Promise<T>,
    /// The entry in the list of what the task waits for, through which a cancellation comes. It has the number of the promise's
    /// listener, who is woken when the promise is done.
    registration: Registration,
    at: Option<Place>,
}

impl<T: 'static> Awaiting<T> {
    /// Enters the leaf into the list of what the task waits for, or says why it cannot wait.
    fn register(&mut self) -> Option<AwaitError> {
        Core::with_current(|core, task| match &self.promise {
            _ if self.registration.is_of(task) => None,
            promise if !promise.belongs_to(core) => Some(AwaitError::DifferentLoop),
            promise if promise.is_of(task) => Some(AwaitError::OnItself),
            promise => {
                self.registration.enter(task, Target::Promise(promise.any()));
                core.tell(self.at, |names| Kind::Awaits { task: task.state().number, on: promise.awaited(names) });
                None
            }
        })?
    }
}

impl<T: Clone + 'static> Future for Awaiting<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T>> {
        let this = &mut *self;
        let outcome = match this.registration.thrown() {
            Some(cancelled) => Some(Err(cancelled.into())),
            None => this.promise.outcome(),
        };
        if let Some(outcome) = outcome {
            let cancelled = outcome.as_ref().is_err_and(Error::is_cancelled);
            this.registration.end(cancelled);
            return Poll::Ready(outcome);
        }
        if let Some(error) = this.register() {
            return Poll::Ready(Err(error.into()));
        }
        let task = this.registration.task.as_ref();
        let listener = match task.filter(|task| task.state().polls_with(cx.waker())) {
            Some(task) => Listener::Step(task.clone()),
            None => Listener::Wake(cx.waker().clone()),
        };
        this.promise.wake_when_done(this.registration.number(), listener);
        Poll::Pending
    }
}

impl<T: 'static> Drop for Awaiting<T> {
    fn drop(&mut self) {
        self.promise.forget(self.registration.number);
    }
}

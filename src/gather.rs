//! Many awaitables as one.

use std::cell::{Cell, RefCell};
use std::panic::Location;
use std::rc::Rc;

use crate::error::{Cancelled, Error, Result, RunError};
use crate::event_loop::expect_running_loop;
use crate::promise::{AnyPromise, Promise, PromiseCell, Shared, Targets, WeakPromise};
use crate::task::Awaitable;

struct Child<T: 'static> {
    /// Weak, because the child's callback keeps the whole.
    promise: WeakPromise<T>,
    /// `None` until it has ended.
    outcome: Option<Result<T>>,
    /// `None` unless it is a task that has ended: then the last cancellation that it was asked for, or an empty one.
    reason: Option<Cancelled>,
}

/// The promise of the whole.
struct Whole<T: 'static, R: 'static> {
    shared: Shared<R>,
    /// In the order of the arguments.
    children: RefCell<Vec<Child<T>>>,
    first_error_settles: bool,
    /// How many children have not ended.
    left: Cell<usize>,
    /// True once a cancellation of the whole has gone to the children: if they swallow it, the whole fails with `Cancelled` all
    /// the same.
    cancel_requested: Cell<bool>,
    /// Makes the result of the whole of the children, when all have ended.
    finish: fn(Vec<Child<T>>) -> Result<R>,
}

impl<T, R> PromiseCell for Whole<T, R> {
    type Value = R;

    fn shared(&self) -> &Shared<R> {
        &self.shared
    }

    fn targets(&self) -> Targets {
        let children = self.children.borrow();
        let children = children.iter().filter_map(|child| child.promise.upgrade());
        children.map(|child| child as Rc<dyn AnyPromise>).collect()
    }

    fn decide(&self, promise: &Promise<R>, reason: &Cancelled, accepted: &[bool]) -> bool {
        let gone = |child: &Child<T>| child.outcome.is_none() && child.promise.strong_count() == 0;
        if self.children.borrow().iter().any(gone) {
            // A child that is gone will never end, so nobody waits for the others.
            return promise.settle_cancelled(reason);
        }
        let any = accepted.contains(&true);
        self.cancel_requested.set(self.cancel_requested.get() || any);
        any
    }
}

impl<T: Clone, R> Whole<T, R> {
    /// Makes the promise of the whole, and listens to the children.
    #[track_caller]
    fn gather(
        awaitables: impl IntoIterator<Item = impl Awaitable<Value = T>>,
        first_error_settles: bool,
        finish: fn(Vec<Child<T>>) -> Result<R>,
    ) -> Promise<R> {
        let event_loop = expect_running_loop();
        let awaitables = awaitables.into_iter();
        let mut promises = Vec::with_capacity(awaitables.size_hint().0);
        for awaitable in awaitables {
            promises.push(awaitable.ensure_promise(&event_loop));
        }
        let children = promises.iter();
        let children = children.map(|child| Child { promise: child.downgrade(), outcome: None, reason: None });
        let whole = Rc::new(Whole {
            shared: Shared::new(&event_loop.core, false),
            children: RefCell::new(children.collect()),
            first_error_settles,
            left: Cell::new(promises.len()),
            cancel_requested: Cell::new(false),
            finish,
        });
        let outer = Promise::of(whole.clone());
        outer.tell_created(&event_loop.core, "gather", None, Some(Location::caller()));
        if promises.is_empty() {
            outer.follow(finish(Vec::new()));
        } else if !promises.iter().all(|child| child.belongs_to(&event_loop.core)) {
            outer.follow(Err(RunError::WrongLoop.into()));
        } else {
            // Those that are done are heard at once, when it is certain that all others will be.
            let children = || promises.iter().enumerate();
            for (which, child) in children().filter(|(_, child)| !child.is_done()) {
                let whole = whole.clone();
                child.add_done_callback(move |child| whole.child_done(which, child));
            }
            for (which, child) in children().filter(|(_, child)| child.is_done()) {
                whole.clone().child_done(which, child);
            }
        }
        outer
    }

    fn child_done(self: Rc<Self>, which: usize, child: &Promise<T>) {
        self.left.set(self.left.get() - 1);
        // Also marks the child's error as seen, even if the whole has ended already: nobody else will look at it.
        let outcome = child.result();
        if self.is_done() {
            return;
        }
        if let (Err(error), true) = (&outcome, self.first_error_settles) {
            Promise::of(self).follow(Err(error.clone()));
            return;
        }
        let reason = child.driven().map(|task| task.state().reason());
        self.children.borrow_mut()[which] = Child { promise: child.downgrade(), outcome: Some(outcome), reason };
        if self.left.get() == 0 {
            self.all_done();
        }
    }

    fn all_done(self: Rc<Self>) {
        let children = self.children.take();
        // A cancellation becomes an error like any other: the outer promise itself was not cancelled.
        let whole = match (self.cancel_requested.get(), children.last()) {
            (true, Some(Child { outcome: Some(Err(error)), .. })) if error.is_cancelled() => Err(error.clone()),
            (true, Some(Child { reason, .. })) => Err(reason.clone().unwrap_or_default().into()),
            _ => (self.finish)(children),
        };
        Promise::of(self).follow(whole);
    }
}

/// Awaits all, and gives their values in the order of the arguments; the first failure is the result of the whole.
///
/// Futures become tasks at once, in order, awaited or not. The siblings of a failed child go on, and their later failures are
/// not reported. The whole is a promise: it can be asked, cancelled, and given a callback.
///
/// # Errors
/// Awaiting gives the first error of a child. A child that was cancelled counts as failed with [`Cancelled`].
/// A child of another loop fails the whole at once with [`RunError::WrongLoop`].
///
/// # Panics
/// Outside a running loop.
///
/// # Cancellation
/// Cancelling the promise, or the task that awaits it, cancels every child that is not done.
///
/// asyncio: `asyncio.gather(*aws)`.
#[track_caller]
pub fn gather<T: Clone + 'static>(awaitables: impl IntoIterator<Item = impl Awaitable<Value = T>>) -> Promise<Vec<T>> {
    Whole::gather(awaitables, true, |children| children.into_iter().filter_map(|child| child.outcome).collect())
}

/// Awaits all, and gives every outcome in the order of the arguments: a failure is an item like any other.
///
/// # Cancellation
/// As with [`gather`]; the awaiter is resumed when every child has ended.
///
/// asyncio: `asyncio.gather(*aws, return_exceptions=True)`.
#[track_caller]
pub fn gather_return_exceptions<T: Clone + 'static>(
    awaitables: impl IntoIterator<Item = impl Awaitable<Value = T>>,
) -> Promise<Vec<Result<T, Error>>> {
    Whole::gather(awaitables, false, |children| {
        let items = children.into_iter().filter_map(|child| match child.outcome {
            // A task's cancellation has lost its message here, as in asyncio.
            Some(Err(error)) if error.is_cancelled() && child.reason.is_some() => Some(Err(Cancelled::new().into())),
            outcome => outcome,
        });
        Ok(items.collect())
    })
}

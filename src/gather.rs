//! Many awaitables as one.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::panic::Location;
use std::rc::Rc;

use crate::awaitable::Awaitable;
use crate::callback::Callback;
use crate::error::{Cancelled, Error, Result, RunError};
use crate::event_loop::{expect_running_loop, on_behalf_of};
use crate::promise::{Promise, WeakPromise};
use crate::slot::{DoneCallback, Settle};

/// The children, for a cancellation of the whole.
struct Children<T> {
    /// Weak, because each child's callback keeps this struct.
    promises: Vec<WeakPromise<T>>,
    /// Set when somebody cancelled the whole: then it ends cancelled, whatever the children make of it.
    cancel_requested: RefCell<Option<Cancelled>>,
}

impl<T: 'static> Children<T> {
    /// Passes a cancellation on to the children; true if any accepts.
    fn cancel(&self, reason: &Cancelled) -> bool {
        let mut accepted = false;
        for child in self.promises.iter().filter_map(WeakPromise::upgrade) {
            accepted |= child.cancel_for(reason);
        }
        if accepted {
            *self.cancel_requested.borrow_mut() = Some(reason.clone());
        }
        accepted
    }
}

/// The callbacks of all children, in one allocation.
struct Gathering<T, R> {
    outer: Promise<R>,
    children: Rc<Children<T>>,
    /// What the children ended with, in the order of the arguments.
    outcomes: RefCell<Vec<Option<Result<T>>>>,
    /// How many children have ended.
    ended: Cell<usize>,
    /// How many callbacks have run: as many children, in the order in which they ended.
    ran: Cell<usize>,
    /// Those of the children that ended with an error, by how many had ended then.
    failures: RefCell<VecDeque<(usize, Error)>>,
    first_error_settles: bool,
    /// Turns the outcomes into what the outer promise becomes when all children have ended.
    finish: fn(Vec<Option<Result<T>>>) -> Result<R>,
}

impl<T: Clone + 'static, R: 'static> Gathering<T, R> {
    /// Makes the outer promise.
    #[track_caller]
    fn gather(
        awaitables: impl IntoIterator<Item = impl Awaitable<Value = T>>,
        first_error_settles: bool,
        finish: fn(Vec<Option<Result<T>>>) -> Result<R>,
    ) -> Promise<R> {
        let _behalf = on_behalf_of(Location::caller());
        let event_loop = expect_running_loop();
        let promises: Vec<_> = awaitables
            .into_iter()
            .map(|awaitable| awaitable.ensure_promise(&event_loop))
            .collect();
        let children = Rc::new(Children {
            promises: promises.iter().map(Promise::downgrade).collect(),
            cancel_requested: RefCell::new(None),
        });
        let canceller = children.clone();
        let outer = Promise::signal_with_canceller(
            &event_loop,
            "gather",
            Location::caller(),
            move |_, reason| canceller.cancel(reason),
        );
        if promises.is_empty() {
            settle(&outer, finish(Vec::new()));
        }
        let is_ours = |promise: &Promise<T>| promise.belongs_to(&event_loop.core);
        if !promises.iter().all(is_ours) {
            settle(&outer, Err(RunError::WrongLoop.into()));
            return outer;
        }
        let this = Rc::new(Gathering {
            outer: outer.clone(),
            children,
            outcomes: RefCell::new(vec![None; promises.len()]),
            ended: Cell::new(0),
            ran: Cell::new(0),
            failures: RefCell::default(),
            first_error_settles,
            finish,
        });
        for (which, promise) in (0..).zip(&promises) {
            promise.add_shared_callback(this.clone(), which);
        }
        outer
    }

    /// Gives the error that the child ended with whose callback runs, if it did.
    fn error_of(&self, ran: usize) -> Option<Error> {
        let mut failures = self.failures.borrow_mut();
        if failures.front()?.0 != ran {
            return None;
        }
        failures.pop_front().map(|(_, error)| error)
    }
}

impl<T: Clone + 'static, R: 'static> DoneCallback<T> for Gathering<T, R> {
    fn set_cell(&self, which: u32, child: Rc<dyn Settle<T>>) {
        // Also marks the child's error as seen, even if the awaiter is gone already: nobody else will look at it.
        let outcome = Promise::of(child).result();
        let ended = self.ended.get() + 1;
        self.ended.set(ended);
        if self.outer.is_done() {
            return;
        }
        if let Err(error) = &outcome
            && self.first_error_settles
        {
            self.failures.borrow_mut().push_back((ended, error.clone()));
        }
        self.outcomes.borrow_mut()[which as usize] = Some(outcome);
    }
}

impl<T: Clone + 'static, R: 'static> Callback for Gathering<T, R> {
    fn run(&self) -> Option<Error> {
        let ran = self.ran.get() + 1;
        self.ran.set(ran);
        if self.outer.is_done() {
            return None;
        }
        if let Some(error) = self.error_of(ran) {
            settle(&self.outer, Err(error));
        } else if ran == self.children.promises.len() {
            let outcomes = self.outcomes.take();
            let whole = match self.children.cancel_requested.take() {
                None => (self.finish)(outcomes),
                Some(reason) => Err(reason.into()),
            };
            settle(&self.outer, whole);
        }
        None
    }

    /// Nobody has a handle to cancel it with.
    fn cancel(&self) {}

    fn is_cancelled(&self) -> bool {
        false
    }

    fn name(&self) -> &'static str {
        "gather"
    }
}

// In both, `collect` would not know how many there are, and grow the list again and again.

fn all_values<T>(outcomes: Vec<Option<Result<T>>>) -> Result<Vec<T>> {
    let mut values = Vec::with_capacity(outcomes.len());
    for outcome in outcomes.into_iter().flatten() {
        values.push(outcome?);
    }
    Ok(values)
}

fn all_outcomes<T>(outcomes: Vec<Option<Result<T>>>) -> Result<Vec<Result<T>>> {
    let mut all = Vec::with_capacity(outcomes.len());
    all.extend(outcomes.into_iter().flatten());
    Ok(all)
}

/// Ends the outer promise. A cancellation becomes its error like any other: the promise itself was not cancelled.
fn settle<R: 'static>(outer: &Promise<R>, outcome: Result<R>) {
    let settled = match outcome {
        Ok(results) => outer.set_result(results),
        Err(error) => outer.set_exception(error),
    };
    debug_assert!(settled.is_ok(), "the outer promise was pending");
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
///
/// ```
/// use asyncio::{EventLoop, gather, sleep};
/// use std::time::Duration;
///
/// async fn after(seconds: u64) -> asyncio::Result<u64> {
///     sleep(Duration::from_secs(seconds)).await?;
///     Ok(seconds)
/// }
///
/// let event_loop = EventLoop::with_virtual_clock();
/// let all = event_loop.run(async { gather([after(4), after(1), after(2)]).await });
/// assert_eq!(all.unwrap(), [4, 1, 2]);
/// assert_eq!(event_loop.time(), Duration::from_secs(4));
/// ```
#[track_caller]
pub fn gather<T: Clone + 'static>(
    awaitables: impl IntoIterator<Item = impl Awaitable<Value = T>>,
) -> Promise<Vec<T>> {
    Gathering::gather(awaitables, true, all_values)
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
    Gathering::gather(awaitables, false, all_outcomes)
}

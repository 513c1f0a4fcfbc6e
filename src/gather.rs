//! Many awaitables as one.

use std::cell::{Cell, RefCell};
use std::panic::Location;
use std::rc::Rc;

use crate::error::{Cancelled, Error, Result, RunError};
use crate::event_loop::expect_running_loop;
use crate::observation::on_behalf_of;
use crate::promise::{Awaitable, Promise, WeakPromise};

/// What the callbacks of the children share.
struct Gathering<T> {
    /// For the cancellation that is passed on; each child's callback keeps this struct, so this struct does not keep the children.
    children: Vec<WeakPromise<T>>,
    /// What the children ended with, in the order of the arguments.
    outcomes: RefCell<Vec<Option<Result<T>>>>,
    unfinished: Cell<usize>,
    /// Set when somebody cancelled the whole: then it ends cancelled, whatever the children make of it.
    cancel_requested: RefCell<Option<Cancelled>>,
}

impl<T: Clone + 'static> Gathering<T> {
    /// Makes the outer promise; `finish` turns the outcomes into what it becomes when all children have ended.
    #[track_caller]
    fn gather<R: 'static>(
        awaitables: impl IntoIterator<Item = impl Awaitable<Value = T>>,
        first_error_settles: bool,
        finish: fn(Vec<Result<T>>) -> Result<R>,
    ) -> Promise<R> {
        let _behalf = on_behalf_of(Location::caller());
        let event_loop = expect_running_loop();
        let children: Vec<_> = awaitables
            .into_iter()
            .map(|awaitable| awaitable.ensure_promise(&event_loop))
            .collect();
        let this = Rc::new(Gathering {
            children: children.iter().map(Promise::downgrade).collect(),
            outcomes: RefCell::new(vec![None; children.len()]),
            unfinished: Cell::new(children.len()),
            cancel_requested: RefCell::new(None),
        });
        let canceller = this.clone();
        let outer = Promise::signal_with_canceller(
            &event_loop,
            "gather",
            Location::caller(),
            move |_, reason| canceller.cancel(reason),
        );
        if children.is_empty() {
            settle(&outer, finish(Vec::new()));
        }
        if !children
            .iter()
            .all(|child| child.belongs_to(&event_loop.core))
        {
            settle(&outer, Err(RunError::WrongLoop.into()));
            return outer;
        }
        for (n, child) in children.iter().enumerate() {
            let this = this.clone();
            let outer = outer.clone();
            child.add_done_callback(move |child| {
                // Also marks the child's error as seen, even if the awaiter is gone already: nobody else will look at it.
                let outcome = child.result();
                this.unfinished.set(this.unfinished.get() - 1);
                if outer.is_done() {
                    return;
                }
                if let Err(error) = &outcome
                    && first_error_settles
                {
                    return settle(&outer, Err(error.clone()));
                }
                this.outcomes.borrow_mut()[n] = Some(outcome);
                if this.unfinished.get() == 0 {
                    let outcomes = this.outcomes.take().into_iter().flatten().collect();
                    settle(
                        &outer,
                        match this.cancel_requested.take() {
                            None => finish(outcomes),
                            Some(reason) => Err(reason.into()),
                        },
                    );
                }
            });
        }
        outer
    }

    /// Passes a cancellation on to the children; true if any accepts.
    fn cancel(&self, reason: &Cancelled) -> bool {
        let mut accepted = false;
        for child in self.children.iter().filter_map(WeakPromise::upgrade) {
            accepted |= child.cancel_for(reason);
        }
        if accepted {
            *self.cancel_requested.borrow_mut() = Some(reason.clone());
        }
        accepted
    }
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
    Gathering::gather(awaitables, true, |outcomes| outcomes.into_iter().collect())
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
    Gathering::gather(awaitables, false, Ok)
}

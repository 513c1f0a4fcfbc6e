//! Many awaitables as one.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::error::{Cancelled, Error, Result};
use crate::event_loop::expect_running_loop;
use crate::promise::{Awaitable, Promise};

/// What the callbacks of the children share.
struct Gathering<T> {
    children: Vec<Promise<T>>,
    unfinished: Cell<usize>,
    /// Set when somebody cancelled the whole: then it ends cancelled, whatever the children make of it.
    cancel_requested: RefCell<Option<Cancelled>>,
}

impl<T: Clone + 'static> Gathering<T> {
    fn new(awaitables: impl IntoIterator<Item = impl Awaitable<Value = T>>) -> Rc<Self> {
        let event_loop = expect_running_loop();
        let children: Vec<_> = awaitables
            .into_iter()
            .map(|awaitable| awaitable.ensure_promise(&event_loop))
            .collect();
        Rc::new(Gathering {
            unfinished: Cell::new(children.len()),
            children,
            cancel_requested: RefCell::new(None),
        })
    }

    /// Makes the outer promise; `on_child` says what it becomes when a child has ended, if that settles it.
    fn outer<R: 'static>(
        self: &Rc<Self>,
        on_child: impl Fn(&Self, &Promise<T>) -> Option<Result<R>> + 'static,
    ) -> Promise<R> {
        let event_loop = expect_running_loop();
        let this = self.clone();
        let outer = Promise::with_canceller(&event_loop, move |_, reason| {
            let mut accepted = false;
            for child in &this.children {
                accepted |= child.cancel_for(reason);
            }
            if accepted {
                *this.cancel_requested.borrow_mut() = Some(reason.clone());
            }
            accepted
        });
        let on_child = Rc::new(on_child);
        for child in &self.children {
            let this = self.clone();
            let on_child = on_child.clone();
            let outer = outer.clone();
            child.add_done_callback(move |child| {
                this.unfinished.set(this.unfinished.get() - 1);
                if outer.is_done() {
                    // The awaiter is gone already; nobody else will look at this child's error.
                    let _ = child.exception();
                    return;
                }
                let settled = match on_child(&this, child) {
                    None => return,
                    Some(Ok(results)) => match this.cancel_requested.take() {
                        None => outer.set_result(results),
                        Some(reason) => outer.set_exception(reason),
                    },
                    Some(Err(error)) => outer.set_exception(error),
                };
                debug_assert!(settled.is_ok(), "the outer promise was pending");
            });
        }
        outer
    }

    fn all_finished(&self) -> bool {
        self.unfinished.get() == 0
    }
}

/// Awaits all, and gives their values in the order of the arguments; the first failure is the result of the whole.
///
/// Futures become tasks at once, in order, awaited or not. The siblings of a failed child go on, and their later failures are
/// not reported. The whole is a promise: it can be asked, cancelled, and given a callback.
///
/// # Errors
/// Awaiting gives the first error of a child. A child that was cancelled counts as failed with [`Cancelled`].
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
pub fn gather<T: Clone + 'static>(
    awaitables: impl IntoIterator<Item = impl Awaitable<Value = T>>,
) -> Promise<Vec<T>> {
    let gathering = Gathering::new(awaitables);
    let outer = gathering.outer(|this, child| match child.exception() {
        // Of a cancelled child, `exception` gives the cancellation as its own error.
        Ok(Some(error)) | Err(error) => Some(Err(error)),
        Ok(None) if this.all_finished() => {
            Some(this.children.iter().map(Promise::result).collect())
        }
        Ok(None) => None,
    });
    finish_if_empty(&gathering, &outer, Vec::new());
    outer
}

/// Awaits all, and gives every outcome in the order of the arguments: a failure is an item like any other.
///
/// # Cancellation
/// As with [`gather`]; the awaiter is resumed when every child has ended.
///
/// asyncio: `asyncio.gather(*aws, return_exceptions=True)`.
pub fn gather_return_exceptions<T: Clone + 'static>(
    awaitables: impl IntoIterator<Item = impl Awaitable<Value = T>>,
) -> Promise<Vec<Result<T, Error>>> {
    let gathering = Gathering::new(awaitables);
    let outer = gathering.outer(|this, _| {
        this.all_finished()
            .then(|| Ok(this.children.iter().map(Promise::result).collect()))
    });
    finish_if_empty(&gathering, &outer, Vec::new());
    outer
}

/// A gathering of nothing is done at once.
fn finish_if_empty<T: Clone + 'static, R: 'static>(
    gathering: &Gathering<T>,
    outer: &Promise<R>,
    nothing: R,
) {
    if gathering.children.is_empty() {
        outer
            .set_result(nothing)
            .expect("a promise without children is pending");
    }
}

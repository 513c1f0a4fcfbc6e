//! Waiting for some of many, without taking anything from them.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use crate::callback::once;
use crate::error::{Result, texts};
use crate::event_loop::{EventLoop, expect_running_loop};
use crate::promise::{CallbackId, Promise, WeakPromise};
use crate::queue::Queue;
use crate::sleep::CancelOnDrop;
use crate::task::Awaitable;
use crate::timeout::TimedOut;

/// When [`wait`] returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReturnWhen {
    /// When all are done.
    AllCompleted,
    /// When any is done or cancelled.
    FirstCompleted,
    /// When any has failed, or all are done; a cancellation is no failure.
    FirstException,
}

/// The two sets that [`wait`] gives back, each in the order of the arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waited<H> {
    /// What has ended, in whatever way.
    pub done: Vec<H>,
    /// What goes on.
    pub pending: Vec<H>,
}

/// Says that [`wait`] was called with nothing to wait for.
///
/// asyncio: `ValueError: Set of Tasks/Futures is empty.`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NothingToWaitFor;

texts! {
    NothingToWaitFor,
    Self => "wait needs at least one task or promise",
}

impl<T> AsRef<Promise<T>> for Promise<T> {
    fn as_ref(&self) -> &Promise<T> {
        self
    }
}

/// Takes the callbacks back when the wait is over, in whatever way.
pub(crate) struct Callbacks<'a, T: 'static>(
    pub(crate) &'a [Promise<T>],
    pub(crate) Vec<CallbackId>,
);

impl<T: 'static> Drop for Callbacks<'_, T> {
    fn drop(&mut self) {
        for (promise, id) in self.0.iter().zip(&self.1) {
            promise.remove_done_callback(*id);
        }
    }
}

/// Waits for tasks or promises until `return_when` holds or `timeout` is over.
///
/// It never cancels anything, never fails because of a child, and a timeout is no error. It looks at a child's error only to return
/// at the first one: any other that nobody looks at later is still reported. It always suspends for at least one
/// pass, so more than one may be done when it returns. The same task given twice counts once.
///
/// # Errors
/// [`NothingToWaitFor`], or `Cancelled` if the waiting task is cancelled; the tasks go on.
///
/// asyncio: `asyncio.wait(fs, timeout=…, return_when=…)`.
///
/// ```
/// use asyncio::{EventLoop, ReturnWhen, create_task, sleep, wait};
/// use std::time::Duration;
///
/// EventLoop::with_virtual_clock().run(async {
///     let slow = create_task(async { Ok(sleep(Duration::from_secs(5)).await?) });
///     let quick = create_task(async { Ok(sleep(Duration::from_secs(1)).await?) });
///     let limit = Duration::from_secs(3);
///     let waited = wait([&slow, &quick], limit, ReturnWhen::AllCompleted).await?;
///     assert_eq!(waited.done, [&quick]);
///     assert_eq!(waited.pending, [&slow]);
///     Ok(())
/// }).unwrap();
/// ```
pub async fn wait<H: AsRef<Promise<T>>, T: 'static>(
    handles: impl IntoIterator<Item = H>,
    timeout: impl Into<Option<Duration>>,
    return_when: ReturnWhen,
) -> Result<Waited<H>> {
    let mut seen = HashSet::new();
    let mut unique: Vec<H> = handles.into_iter().collect();
    unique.retain(|handle| seen.insert(address(handle.as_ref())));
    let promises: Vec<Promise<T>> = unique.iter().map(|h| h.as_ref().clone()).collect();
    if promises.is_empty() {
        return Err(NothingToWaitFor.into());
    }
    let (waiter, _timer) = start_wait(timeout.into());
    let unfinished = Rc::new(Cell::new(promises.len()));
    let ids = promises
        .iter()
        .map(|promise| {
            let waiter = waiter.clone();
            let unfinished = unfinished.clone();
            promise.add_done_callback(move |promise| {
                unfinished.set(unfinished.get() - 1);
                let enough = match return_when {
                    _ if unfinished.get() == 0 => true,
                    ReturnWhen::AllCompleted => false,
                    ReturnWhen::FirstCompleted => true,
                    ReturnWhen::FirstException => matches!(promise.exception(), Ok(Some(_))),
                };
                if enough {
                    waiter.fill(());
                }
            })
        })
        .collect();
    let callbacks = Callbacks(&promises, ids);
    waiter.wait_at(None).await?;
    drop(callbacks);
    let (done, pending) = unique.into_iter().partition(|handle| handle.as_ref().is_done());
    Ok(Waited { done, pending })
}

/// Gives what no other promise has as long as this one is there.
fn address<T>(promise: &Promise<T>) -> *const () {
    Rc::as_ptr(&promise.any()).cast()
}

/// Makes what `wait` waits for. The waiting task does not keep the loop itself.
fn start_wait(timeout: Option<Duration>) -> (Promise<()>, Option<CancelOnDrop>) {
    let event_loop = expect_running_loop();
    let waiter = Promise::labelled(&event_loop.core, "wait", None);
    let timer = timeout.map(|timeout| {
        let waiter = waiter.clone();
        set_limit(&event_loop, timeout, move || {
            waiter.fill(());
        })
    });
    (waiter, timer)
}

fn set_limit(
    event_loop: &EventLoop,
    timeout: Duration,
    callback: impl FnOnce() + 'static,
) -> CancelOnDrop {
    let when = event_loop.time().saturating_add(timeout);
    CancelOnDrop(event_loop.core.call_at(when, once(callback), None))
}

/// What the items of one [`as_completed`] share.
struct Completions<T: 'static> {
    callbacks: RefCell<Vec<(WeakPromise<T>, CallbackId)>>,
    /// How many have neither completed nor timed out.
    left: Cell<usize>,
    /// What has completed and was not awaited yet; `None` stands for an item that timed out.
    completed: Queue<Option<Promise<T>>>,
    timer: RefCell<Option<CancelOnDrop>>,
}

impl<T: 'static> Completions<T> {
    fn push(&self, item: Option<Promise<T>>) {
        // A queue without bounds takes every item.
        let _ = self.completed.put_nowait(item);
    }

    fn complete(&self, promise: &Promise<T>) {
        let Some(left) = self.left.get().checked_sub(1) else {
            // The time was over before.
            return;
        };
        self.left.set(left);
        self.push(Some(promise.clone()));
        if left == 0 {
            self.timer.take();
        }
    }

    fn time_out(&self) {
        for (promise, id) in self.callbacks.take() {
            if let Some(promise) = promise.upgrade().map(Promise::of) {
                promise.remove_done_callback(id);
            }
        }
        for _ in 0..self.left.replace(0) {
            self.push(None);
        }
    }
}

/// Gives the awaitables in the order in which they complete.
///
/// The *n*-th item that is awaited gives the *n*-th completion, whichever item it is. Leaving the iteration early leaves the tasks
/// running. The same task given twice counts once. Futures become tasks at once, in the order of the arguments; asyncio keeps a
/// set, so there they start in any order.
///
/// # Errors
/// Awaiting an item gives the error of the awaitable that completed; the iteration goes on. When `timeout` is over, every
/// remaining item gives [`TimedOut`]; nothing is cancelled.
///
/// # Panics
/// Outside a running loop.
///
/// asyncio: `asyncio.as_completed(aws, timeout=…)`.
#[track_caller]
pub fn as_completed<A: Awaitable>(
    awaitables: impl IntoIterator<Item = A>,
    timeout: impl Into<Option<Duration>>,
) -> impl ExactSizeIterator<Item = impl Future<Output = Result<A::Value>>>
where
    A::Value: Clone,
{
    let event_loop = expect_running_loop();
    let mut promises: Vec<Promise<A::Value>> = Vec::new();
    let mut seen = HashSet::new();
    for awaitable in awaitables {
        let promise = awaitable.ensure_promise(&event_loop);
        if seen.insert(address(&promise)) {
            promises.push(promise);
        }
    }
    let completions = Rc::new(Completions {
        callbacks: RefCell::default(),
        left: Cell::new(promises.len()),
        completed: Queue::new(),
        timer: RefCell::new(None),
    });
    for promise in &promises {
        let shared = completions.clone();
        let id = promise.add_done_callback(move |promise| shared.complete(promise));
        let callback = (promise.downgrade(), id);
        completions.callbacks.borrow_mut().push(callback);
    }
    if let (Some(timeout), false) = (timeout.into(), promises.is_empty()) {
        let shared = Rc::downgrade(&completions);
        let timer = set_limit(&event_loop, timeout, move || {
            if let Some(shared) = shared.upgrade() {
                shared.time_out();
            }
        });
        *completions.timer.borrow_mut() = Some(timer);
    }
    (0..promises.len()).map(move |_| next_completed(completions.clone()))
}

async fn next_completed<T: Clone + 'static>(completions: Rc<Completions<T>>) -> Result<T> {
    match completions.completed.get().await? {
        Some(promise) => promise.result(),
        None => Err(TimedOut.into()),
    }
}

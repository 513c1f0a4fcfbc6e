//! Waiting for some of many, without taking anything from them.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashSet};
use std::rc::{Rc, Weak};
use std::time::Duration;

use crate::callback::once;
use crate::error::{Result, texts};
use crate::event_loop::{EventLoop, expect_running_loop};
use crate::on_drop::OnDrop;
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

texts! { NothingToWaitFor, Self => "wait needs at least one task or promise" }

impl<T> AsRef<Promise<T>> for Promise<T> {
    fn as_ref(&self) -> &Promise<T> {
        self
    }
}

/// Waits for tasks or promises until `return_when` holds or `timeout` is over.
///
/// It never cancels anything, never fails because of a child, and a timeout is no error. It looks at a child's error only to
/// return at the first one: any other that nobody looks at later is still reported. It always suspends for at least one pass, so
/// more than one may be done when it returns. The same task given twice counts once.
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
    let handles = unique(handles);
    if handles.is_empty() {
        return Err(NothingToWaitFor.into());
    }
    let waiter = Promise::labelled(&expect_running_loop().core, "wait", None);
    let _timer = timeout.into().map(|timeout| start_wait(timeout, waiter.clone()));
    let unfinished = Rc::new(Cell::new(handles.len()));
    let mut take_back = Vec::new();
    for handle in &handles {
        let (waiter, unfinished) = (waiter.clone(), unfinished.clone());
        let callback = handle.as_ref().add_done_callback(move |promise| {
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
        });
        take_back.push(OnDrop(move || _ = handle.as_ref().remove_done_callback(callback)));
    }
    waiter.wait_at(None).await?;
    drop(take_back);
    let (done, pending) = handles.into_iter().partition(|handle| handle.as_ref().is_done());
    Ok(Waited { done, pending })
}

/// Gives each once, in the order in which they came.
fn unique<H: AsRef<Promise<T>>, T: 'static>(handles: impl IntoIterator<Item = H>) -> Vec<H> {
    let mut seen = HashSet::new();
    // No other promise has this address as long as this one is there.
    let is_new = |handle: &H| seen.insert(Rc::as_ptr(&handle.as_ref().any()).cast::<()>());
    handles.into_iter().filter(is_new).collect()
}

/// Sets the timer that ends a `wait`; an observer knows the timer by the name of this function.
fn start_wait(timeout: Duration, waiter: Promise<()>) -> CancelOnDrop {
    set_limit(timeout, move || _ = waiter.fill(()))
}

fn set_limit(timeout: Duration, callback: impl FnOnce() + 'static) -> CancelOnDrop {
    let EventLoop { core } = expect_running_loop();
    let when = core.now().saturating_add(timeout);
    CancelOnDrop(core.call_at(when, once(callback), None))
}

/// What the items of one [`as_completed`] share.
struct Completions<T: 'static> {
    /// Those that have neither completed nor timed out, each with the callback that hears of it.
    todo: RefCell<BTreeMap<usize, (WeakPromise<T>, CallbackId)>>,
    /// What has completed and was not awaited yet; `None` stands for an item that timed out. Without bounds it refuses none.
    completed: Queue<Option<Promise<T>>>,
    timer: Cell<Option<CancelOnDrop>>,
}

impl<T: 'static> Completions<T> {
    fn complete(&self, which: usize, promise: &Promise<T>) {
        if self.todo.borrow_mut().remove(&which).is_none() {
            // The time was over before.
            return;
        }
        let _ = self.completed.put_nowait(Some(promise.clone()));
        if self.todo.borrow().is_empty() {
            self.timer.take();
        }
    }

    fn time_out(this: &Weak<Self>) {
        let Some(this) = this.upgrade() else { return };
        for (promise, callback) in this.todo.take().into_values() {
            if let Some(promise) = promise.upgrade() {
                Promise::of(promise).remove_done_callback(callback);
            }
            let _ = this.completed.put_nowait(None);
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
pub fn as_completed<A: Awaitable<Value: Clone>>(
    awaitables: impl IntoIterator<Item = A>,
    timeout: impl Into<Option<Duration>>,
) -> impl ExactSizeIterator<Item = impl Future<Output = Result<A::Value>>> {
    let event_loop = expect_running_loop();
    let mut promises = Vec::new();
    for awaitable in awaitables {
        promises.push(awaitable.ensure_promise(&event_loop));
    }
    let promises = unique(promises);
    let completions =
        Rc::new(Completions { todo: RefCell::default(), completed: Queue::new(), timer: Cell::new(None) });
    for (which, promise) in promises.iter().enumerate() {
        let shared = completions.clone();
        let callback = promise.add_done_callback(move |promise| shared.complete(which, promise));
        completions.todo.borrow_mut().insert(which, (promise.downgrade(), callback));
    }
    if let (Some(timeout), false) = (timeout.into(), promises.is_empty()) {
        let shared = Rc::downgrade(&completions);
        let timer = set_limit(timeout, move || Completions::time_out(&shared));
        completions.timer.set(Some(timer));
    }
    (0..promises.len()).map(move |_| next_completed(completions.clone()))
}

async fn next_completed<T: Clone + 'static>(completions: Rc<Completions<T>>) -> Result<T> {
    completions.completed.get().await?.ok_or(TimedOut)?.result()
}

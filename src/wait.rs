//! Waiting for some of many, without taking anything from them.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::event_loop::expect_running_loop;
use crate::promise::{Awaitable, CallbackId, Promise};
use crate::sleep::{CancelOnDrop, wait_for_signal};
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

impl fmt::Display for NothingToWaitFor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("wait needs at least one task or promise")
    }
}

impl std::error::Error for NothingToWaitFor {}

/// Takes the callbacks back when the wait is over, in whatever way.
struct Callbacks<'a, T: 'static>(&'a [Promise<T>], Vec<CallbackId>);

impl<T: 'static> Drop for Callbacks<'_, T> {
    fn drop(&mut self) {
        for (promise, id) in self.0.iter().zip(&self.1) {
            promise.remove_done_callback(*id);
        }
    }
}

/// Waits for tasks or promises until `return_when` holds or `timeout` is over.
///
/// It never cancels anything, never fails because of a child, and a timeout is no error. It always suspends for at least one
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
    let mut unique: Vec<H> = Vec::new();
    let mut promises: Vec<Promise<T>> = Vec::new();
    for handle in handles {
        if !promises.contains(handle.as_ref()) {
            promises.push(handle.as_ref().clone());
            unique.push(handle);
        }
    }
    if promises.is_empty() {
        return Err(NothingToWaitFor.into());
    }
    let event_loop = expect_running_loop();
    let waiter: Promise<()> = event_loop.create_promise();
    let _timer = timeout.into().map(|timeout| {
        let waiter = waiter.clone();
        CancelOnDrop(event_loop.call_later(timeout, move || {
            let _ = waiter.set_result(());
        }))
    });
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
                    ReturnWhen::FirstException => promise.failed(),
                };
                if enough {
                    let _ = waiter.set_result(());
                }
            })
        })
        .collect();
    let callbacks = Callbacks(&promises, ids);
    wait_for_signal(waiter).await?;
    drop(callbacks);
    let (done, pending) = unique
        .into_iter()
        .partition(|handle| handle.as_ref().is_done());
    Ok(Waited { done, pending })
}

/// What the items of one [`as_completed`] share.
struct Completions<T: 'static> {
    left: RefCell<Vec<(Promise<T>, CallbackId)>>,
    /// What has completed and was not awaited yet; `None` stands for an item that timed out.
    completed: RefCell<VecDeque<Option<Promise<T>>>>,
    waiters: RefCell<VecDeque<Promise<()>>>,
    timer: RefCell<Option<CancelOnDrop>>,
}

impl<T: 'static> Completions<T> {
    fn push(&self, item: Option<Promise<T>>) {
        self.completed.borrow_mut().push_back(item);
        self.wake_next();
    }

    fn wake_next(&self) {
        while let Some(waiter) = self.waiters.borrow_mut().pop_front() {
            if waiter.set_result(()).is_ok() {
                break;
            }
        }
    }

    fn time_out(&self) {
        let left = self.left.take();
        for (promise, id) in left {
            promise.remove_done_callback(id);
            self.push(None);
        }
    }
}

/// Gives the awaitables in the order in which they complete.
///
/// The *n*-th item that is awaited gives the *n*-th completion, whichever item it is. Leaving the iteration early leaves the tasks
/// running. The same task given twice counts once. Futures become tasks at once, in order.
///
/// # Errors
/// Awaiting an item gives the error of the awaitable that completed; the iteration goes on. When `timeout` is over, every
/// remaining item gives [`TimedOut`]; nothing is cancelled.
///
/// # Panics
/// Outside a running loop.
///
/// asyncio: `asyncio.as_completed(aws, timeout=…)`.
pub fn as_completed<A: Awaitable>(
    awaitables: impl IntoIterator<Item = A>,
    timeout: impl Into<Option<Duration>>,
) -> impl ExactSizeIterator<Item = impl Future<Output = Result<A::Value>>>
where
    A::Value: Clone,
{
    let event_loop = expect_running_loop();
    let completions = Rc::new(Completions {
        left: RefCell::new(Vec::new()),
        completed: RefCell::default(),
        waiters: RefCell::default(),
        timer: RefCell::new(None),
    });
    let mut promises: Vec<Promise<A::Value>> = Vec::new();
    for awaitable in awaitables {
        let promise = awaitable.ensure_promise(&event_loop);
        if !promises.contains(&promise) {
            promises.push(promise);
        }
    }
    for promise in &promises {
        let shared = completions.clone();
        let id = promise.add_done_callback(move |promise| {
            let position = shared
                .left
                .borrow()
                .iter()
                .position(|(left, _)| left == promise);
            let Some(position) = position else { return };
            shared.left.borrow_mut().remove(position);
            if shared.left.borrow().is_empty() {
                shared.timer.take();
            }
            shared.push(Some(promise.clone()));
        });
        completions.left.borrow_mut().push((promise.clone(), id));
    }
    if let Some(timeout) = timeout.into() {
        let shared = completions.clone();
        let timer = event_loop.call_later(timeout, move || shared.time_out());
        *completions.timer.borrow_mut() = Some(CancelOnDrop(timer));
    }
    promises
        .into_iter()
        .map(move |_| next_completed(completions.clone()))
}

async fn next_completed<T: Clone + 'static>(completions: Rc<Completions<T>>) -> Result<T> {
    /// Passes the wake-up on if this item is dropped between being woken and taking a completion.
    struct Turn<'a, T: 'static>(&'a Completions<T>, Option<Promise<()>>);
    impl<T: 'static> Drop for Turn<'_, T> {
        fn drop(&mut self) {
            if let Some(waiter) = &self.1
                && !waiter.cancel()
                && !self.0.completed.borrow().is_empty()
            {
                self.0.wake_next();
            }
        }
    }
    loop {
        let completed = completions.completed.borrow_mut().pop_front();
        match completed {
            Some(Some(promise)) => return promise.result(),
            Some(None) => return Err(Error::from(TimedOut)),
            None => {
                let waiter = expect_running_loop().create_promise();
                completions.waiters.borrow_mut().push_back(waiter.clone());
                let mut turn = Turn(&completions, Some(waiter.clone()));
                wait_for_signal(waiter).await?;
                turn.1 = None;
            }
        }
    }
}

//! The loop seen from other threads.

use std::panic::Location;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::callback::{CallbackOutput, once};
use crate::error::{Cancelled, Result, RunError};
use crate::event_loop::{EventLoop, expect_running_loop};
use crate::remote::{Remote, lock};
use crate::task_handle::AnyTask;
use crate::timeout::TimedOut;

/// What other threads may do with a loop. It is `Send`, `Sync` and cheap to clone.
///
/// asyncio has no such type: there the loop itself goes to other threads, and only its `…_threadsafe` methods may be called.
/// Here the compiler keeps the rest out of reach.
///
/// ```
/// use asyncio::EventLoop;
///
/// let event_loop = EventLoop::new();
/// let handle = event_loop.handle();
/// let thread = std::thread::spawn(move || {
///     let sum = handle.run_coroutine_threadsafe(|| async { Ok(1 + 2) })?.result(None);
///     handle.stop()?;
///     sum
/// });
/// event_loop.run_forever().unwrap();
/// assert_eq!(thread.join().unwrap().unwrap(), 3);
/// ```
#[derive(Clone)]
pub struct LoopHandle {
    remote: Arc<Remote>,
}

/// Cancels a callback that was given to `call_soon_threadsafe`, from any thread.
#[derive(Clone, Debug)]
pub struct ThreadsafeHandle {
    cancelled: Arc<AtomicBool>,
}

impl ThreadsafeHandle {
    /// Keeps the callback from running if its turn has not come yet.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::SeqCst);
    }

    /// Tells whether `cancel` was called.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::SeqCst)
    }
}

impl EventLoop {
    /// Gives what other threads may use.
    pub fn handle(&self) -> LoopHandle {
        self.core.reachable.set(true);
        LoopHandle { remote: self.core.remote.clone() }
    }
}

impl LoopHandle {
    /// Schedules a callback on the loop's thread and wakes the loop if it sleeps.
    ///
    /// On the loop's own thread it keeps its place among the callbacks of `call_soon`.
    ///
    /// # Errors
    /// If the loop is closed; the callback is dropped.
    ///
    /// asyncio: `loop.call_soon_threadsafe(callback)`.
    #[track_caller]
    pub fn call_soon_threadsafe<R: CallbackOutput + 'static>(
        &self,
        callback: impl FnOnce() -> R + Send + 'static,
    ) -> Result<ThreadsafeHandle, RunError> {
        let at = Location::caller();
        let handle = ThreadsafeHandle { cancelled: Arc::default() };
        let asked = handle.clone();
        let callback = move || match asked.is_cancelled() {
            true => Ok(()),
            false => callback().into_error().map_or(Ok(()), Err),
        };
        self.remote.call(move |core| core.enqueue(once(callback), Some(at)))?;
        Ok(handle)
    }

    /// Makes a task of the future that `make` builds on the loop's thread, and gives what the calling thread can wait for.
    ///
    /// The future itself need not be `Send`: it is made where it runs.
    ///
    /// # Errors
    /// If the loop is closed.
    ///
    /// asyncio: `asyncio.run_coroutine_threadsafe(coro, loop)`.
    #[track_caller]
    pub fn run_coroutine_threadsafe<T, F>(
        &self,
        make: impl FnOnce() -> F + Send + 'static,
    ) -> Result<ConcurrentFuture<T>, RunError>
    where
        T: Clone + Send + 'static,
        F: Future<Output = Result<T>> + 'static,
    {
        let at = Location::caller();
        let progress = Mutex::new(Progress { task: None, outcome: None });
        let shared = Arc::new(Shared { progress, changed: Condvar::new() });
        let outcome = Outcome(shared.clone());
        // In its own turn, behind what was scheduled before.
        let callback = move || start(outcome, make());
        self.remote.call(move |core| core.enqueue(once(callback), Some(at)))?;
        Ok(ConcurrentFuture { shared, remote: self.remote.clone() })
    }

    /// Lets the loop return at the end of its pass.
    ///
    /// # Errors
    /// If the loop is closed.
    ///
    /// asyncio: `loop.call_soon_threadsafe(loop.stop)`.
    pub fn stop(&self) -> Result<(), RunError> {
        self.remote.call(|core| core.stopping.set(true))
    }
}

/// Starts the task of a concurrent future. One that was cancelled before begins all the same, and is cancelled in the next pass.
fn start<T: Clone + Send + 'static>(outcome: Outcome<T>, body: impl Future<Output = Result<T>> + 'static) {
    let event_loop = expect_running_loop();
    let task = event_loop.create_task(body);
    let mut progress = lock(&outcome.0.progress);
    let cancelled = progress.outcome.is_some();
    progress.task = (!cancelled).then(|| task.any().number());
    drop(progress);
    if cancelled {
        let task = task.any();
        event_loop.call_soon(move || _ = task.cancel());
    }
    task.add_done_callback(move |task| _ = outcome.0.finish(task.result()));
}

/// The loop's end of a concurrent future: a loop that goes away leaves nobody waiting.
struct Outcome<T>(Arc<Shared<T>>);

impl<T> Drop for Outcome<T> {
    fn drop(&mut self) {
        self.0.finish(Err(RunError::Closed.into()));
    }
}

struct Shared<T> {
    progress: Mutex<Progress<T>>,
    changed: Condvar,
}

struct Progress<T> {
    /// The number of the task, once there is one that a cancellation has to reach.
    task: Option<u64>,
    outcome: Option<Result<T>>,
}

impl<T> Shared<T> {
    /// Ends the wait; false if it has ended.
    fn finish(&self, outcome: Result<T>) -> bool {
        let mut progress = lock(&self.progress);
        let waits = progress.outcome.is_none();
        if waits {
            progress.outcome = Some(outcome);
            self.changed.notify_all();
        }
        waits
    }
}

/// The result of work on the loop, for a thread that may block.
///
/// asyncio: `concurrent.futures.Future`.
pub struct ConcurrentFuture<T> {
    shared: Arc<Shared<T>>,
    remote: Arc<Remote>,
}

impl<T: Clone + Send + 'static> ConcurrentFuture<T> {
    /// Blocks this thread until the result is there, or for at most `timeout`; the task goes on after a timeout.
    ///
    /// Called on the loop's own thread it would wait for itself.
    ///
    /// # Errors
    /// The task's own error, `Cancelled`, or [`TimedOut`].
    ///
    /// asyncio: `future.result(timeout)`.
    pub fn result(&self, timeout: impl Into<Option<Duration>>) -> Result<T> {
        let Shared { progress, changed } = &*self.shared;
        let limit = timeout.into().unwrap_or(Duration::MAX);
        let not_done = |progress: &mut Progress<T>| progress.outcome.is_none();
        let waited = changed.wait_timeout_while(lock(progress), limit, not_done);
        let (progress, _) = waited.unwrap_or_else(PoisonError::into_inner);
        progress.outcome.clone().unwrap_or_else(|| Err(TimedOut.into()))
    }

    /// Tells whether the result is there.
    pub fn is_done(&self) -> bool {
        lock(&self.shared.progress).outcome.is_some()
    }

    /// Cancels the task; false if the result is there already. Whoever waits for the result sees `Cancelled` at once.
    ///
    /// asyncio: `future.cancel()`.
    pub fn cancel(&self) -> bool {
        let cancelled = self.shared.finish(Err(Cancelled::new().into()));
        // A task that is made later sees the cancellation itself.
        let task = lock(&self.shared.progress).task.filter(|_| cancelled);
        if let Some(task) = task {
            // A closed loop has dropped the task already.
            let _ = self.remote.call(move |core| {
                let Some(task) = core.task(task).map(AnyTask) else { return };
                core.enqueue(once(move || _ = task.cancel()), None);
            });
        }
        cancelled
    }
}

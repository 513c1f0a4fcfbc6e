//! The loop seen from other threads.

use std::future::Future;
use std::panic::Location;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::callback::{CallbackOutput, once};
use crate::error::{Cancelled, Result, RunError};
use crate::event_loop::{Core, EventLoop, expect_running_loop};
use crate::remote::{Parcel, Remote};
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
    /// Makes a call on the loop's thread, when the loop looks into its inbox.
    fn send(&self, call: impl FnOnce(&Core) + Send + 'static) -> Result<(), RunError> {
        self.remote.send(Parcel::Call(Box::new(call)))
    }

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
        let cancelled = Arc::new(AtomicBool::new(false));
        let handle = ThreadsafeHandle { cancelled: cancelled.clone() };
        let callback = move || match cancelled.load(Ordering::SeqCst) {
            true => Ok(()),
            false => callback().into_error().map_or(Ok(()), Err),
        };
        self.send(move |core| core.enqueue(once(callback), Some(at)))?;
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
        let future = ConcurrentFuture {
            shared: Arc::new(Shared {
                state: Mutex::new(Progress::Waiting),
                changed: Condvar::new(),
            }),
            handle: self.clone(),
        };
        let outcome = Outcome(future.shared.clone());
        // In its own turn, behind what was scheduled before.
        let callback = move || start(outcome, make());
        self.send(move |core| core.enqueue(once(callback), Some(at)))?;
        Ok(future)
    }

    /// Lets the loop return at the end of its pass.
    ///
    /// # Errors
    /// If the loop is closed.
    ///
    /// asyncio: `loop.call_soon_threadsafe(loop.stop)`.
    pub fn stop(&self) -> Result<(), RunError> {
        self.send(|core| core.stopping.set(true))
    }
}

/// Starts the task of a concurrent future. One that was cancelled before begins all the same, and is cancelled in the next pass.
fn start<T: Clone + Send + 'static>(
    outcome: Outcome<T>,
    body: impl Future<Output = Result<T>> + 'static,
) {
    let event_loop = expect_running_loop();
    let task = event_loop.create_task(body);
    let mut state = outcome.0.state();
    match *state {
        Progress::Waiting => *state = Progress::Running(task.any().number()),
        Progress::Done(_) => {
            let task = task.any();
            event_loop.call_soon(move || {
                task.cancel();
            });
        }
        Progress::Running(_) => unreachable!("a future starts once"),
    }
    drop(state);
    task.add_done_callback(move |task| outcome.0.finish(task.result()));
}

/// The loop's end of a concurrent future: a loop that goes away leaves nobody waiting.
struct Outcome<T>(Arc<Shared<T>>);

impl<T> Drop for Outcome<T> {
    fn drop(&mut self) {
        self.0.finish(Err(RunError::Closed.into()));
    }
}

enum Progress<T> {
    /// The loop has not begun.
    Waiting,
    /// The task has this number.
    Running(u64),
    Done(Result<T>),
}

struct Shared<T> {
    state: Mutex<Progress<T>>,
    changed: Condvar,
}

impl<T> Shared<T> {
    fn state(&self) -> MutexGuard<'_, Progress<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn finish(&self, outcome: Result<T>) {
        let mut state = self.state();
        if !matches!(*state, Progress::Done(_)) {
            *state = Progress::Done(outcome);
            self.changed.notify_all();
        }
    }
}

/// The result of work on the loop, for a thread that may block.
///
/// asyncio: `concurrent.futures.Future`.
pub struct ConcurrentFuture<T> {
    shared: Arc<Shared<T>>,
    handle: LoopHandle,
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
        let Shared { changed, .. } = &*self.shared;
        let limit = timeout.into().unwrap_or(Duration::MAX);
        let not_done = |state: &mut Progress<T>| !matches!(state, Progress::Done(_));
        let waited = changed.wait_timeout_while(self.shared.state(), limit, not_done);
        match &*waited.unwrap_or_else(PoisonError::into_inner).0 {
            Progress::Done(outcome) => outcome.clone(),
            _ => Err(TimedOut.into()),
        }
    }

    /// Tells whether the result is there.
    pub fn is_done(&self) -> bool {
        matches!(*self.shared.state(), Progress::Done(_))
    }

    /// Cancels the task; false if the result is there already. Whoever waits for the result sees `Cancelled` at once.
    ///
    /// asyncio: `future.cancel()`.
    pub fn cancel(&self) -> bool {
        let mut state = self.shared.state();
        let task = match *state {
            Progress::Done(_) => return false,
            Progress::Waiting => None,
            Progress::Running(task) => Some(task),
        };
        *state = Progress::Done(Err(Cancelled::new().into()));
        self.shared.changed.notify_all();
        drop(state);
        if let Some(task) = task {
            // A closed loop has dropped the task already.
            let _ = self.handle.send(move |core| {
                if let Some(task) = core.task(task).map(AnyTask::new) {
                    core.enqueue(
                        once(move || {
                            task.cancel();
                        }),
                        None,
                    );
                }
            });
        }
        true
    }
}

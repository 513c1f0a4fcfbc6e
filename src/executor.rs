//! Work that blocks, done on threads of its own while the loop goes on.

use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::{Panicked, Result};
use crate::event_loop::{Core, EventLoop, expect_running_loop};
use crate::pool::{Job, Pool};
use crate::promise::Promise;

impl EventLoop {
    /// Sets how many threads the executor may have; before the first job only.
    ///
    /// # Panics
    /// If the executor has been used, or if `threads` is zero.
    ///
    /// asyncio: `loop.set_default_executor(ThreadPoolExecutor(max_workers))`.
    pub fn set_executor_threads(&self, threads: usize) {
        assert!(threads > 0, "an executor needs at least one thread");
        self.install_pool(Pool::with_threads(threads));
    }

    /// Runs `job` on another thread at once, and gives the promise of its result; the loop goes on meanwhile.
    ///
    /// A loop on a virtual clock does not let time pass while a job runs.
    ///
    /// # Errors
    /// The promise fails with the job's own error, or with [`Panicked`].
    ///
    /// # Panics
    /// If the loop is closed, or if the system refuses a thread.
    ///
    /// # Cancellation
    /// A job that waits for a thread never runs. One that runs goes on to its end, and its result is dropped.
    ///
    /// asyncio: `loop.run_in_executor(None, job)`.
    #[track_caller]
    pub fn run_in_executor<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Promise<T> {
        self.core.assert_open();
        let given_up = Arc::new(AtomicBool::new(false));
        let give_up = given_up.clone();
        let promise = Promise::signal_with_canceller(
            self,
            "thread",
            Location::caller(),
            move |promise: &Promise<T>, reason| {
                give_up.store(true, Ordering::SeqCst);
                promise.settle_cancelled(reason)
            },
        );
        let ticket = self.core.park(Box::new(promise.clone()));
        let remote = self.core.remote.clone();
        let job: Job = Box::new(move || {
            let outcome = (!given_up.load(Ordering::SeqCst)).then(|| {
                catch_unwind(AssertUnwindSafe(job))
                    .unwrap_or_else(|payload| Err(Panicked::from_payload(&*payload).into()))
            });
            // A loop that closed meanwhile has dropped the promise; the result is dropped here.
            let _ = Core::send(&remote, move |core| {
                let parked = core
                    .unpark(ticket)
                    .and_then(|any| any.downcast::<Promise<T>>().ok());
                if let (Some(promise), Some(outcome)) = (parked, outcome) {
                    // A promise that was cancelled keeps its cancellation.
                    let _ = match outcome {
                        Ok(value) => promise.set_result(value),
                        Err(error) => promise.set_exception(error),
                    };
                }
            });
        });
        self.with_pool(|pool| pool.submit(job));
        promise
    }
}

/// Runs `job` on another thread and waits for its result: see [`EventLoop::run_in_executor`].
///
/// asyncio: `asyncio.to_thread(job)`.
pub async fn to_thread<T: Clone + Send + 'static>(
    job: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    // In a statement of its own, so that the task does not keep its loop while it waits.
    let result = expect_running_loop().run_in_executor(job);
    result.await
}

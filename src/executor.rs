//! Threads for work that blocks.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use crate::error::{Panicked, Result};
use crate::event_loop::{Core, EventLoop, expect_running_loop};
use crate::promise::Promise;
use crate::remote::Parcel;

type Job = Box<dyn FnOnce() + Send>;

#[derive(Default)]
struct Jobs {
    waiting: VecDeque<Job>,
    idle: usize,
    shut: bool,
}

#[derive(Default)]
struct Pool {
    jobs: Mutex<Jobs>,
    changed: Condvar,
}

impl Pool {
    fn jobs(&self) -> MutexGuard<'_, Jobs> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        let mut jobs = self.jobs();
        loop {
            if let Some(job) = jobs.waiting.pop_front() {
                drop(jobs);
                job();
                jobs = self.jobs();
            } else if jobs.shut {
                return;
            } else {
                jobs.idle += 1;
                jobs = self
                    .changed
                    .wait(jobs)
                    .unwrap_or_else(PoisonError::into_inner);
                jobs.idle -= 1;
            }
        }
    }
}

/// The loop's own pool: threads are made when there is work and none is idle.
///
/// Dropping it lets running jobs finish and waits for none.
pub(crate) struct Executor {
    pool: Arc<Pool>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    most_threads: usize,
}

impl Executor {
    /// Makes a pool of asyncio's size: the number of cores and four, at most 32.
    pub(crate) fn new() -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        Executor::with_threads((cores + 4).min(32))
    }

    pub(crate) fn with_threads(most_threads: usize) -> Self {
        Executor {
            pool: Arc::default(),
            threads: Mutex::default(),
            most_threads,
        }
    }

    fn submit(&self, job: Job) {
        let mut jobs = self.pool.jobs();
        jobs.waiting.push_back(job);
        let short_of_hands = jobs.waiting.len() > jobs.idle;
        drop(jobs);
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        if short_of_hands && threads.len() < self.most_threads {
            let pool = self.pool.clone();
            let thread = thread::Builder::new()
                .name(format!("asyncio_{}", threads.len()))
                .spawn(move || pool.work())
                .unwrap_or_else(|e| panic!("cannot start a thread for the executor: {e}"));
            threads.push(thread);
        }
        self.pool.changed.notify_one();
    }

    fn shut(&self) {
        self.pool.jobs().shut = true;
        self.pool.changed.notify_all();
    }

    pub(crate) fn shutdown_and_wait(self) {
        self.shut();
        let threads =
            std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            // A job's panic was caught and went to its promise.
            let _ = thread.join();
        }
    }
}

impl Drop for Executor {
    fn drop(&mut self) {
        self.shut();
    }
}

impl EventLoop {
    /// Sets how many threads the executor may have; before the first job only.
    ///
    /// # Panics
    /// If the executor has been used, or if `threads` is zero.
    ///
    /// asyncio: `loop.set_default_executor(ThreadPoolExecutor(max_workers))`.
    pub fn set_executor_threads(&self, threads: usize) {
        assert!(threads > 0, "an executor needs at least one thread");
        self.install_executor(Executor::with_threads(threads));
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
            let _ = remote.send(Parcel::Call(Box::new(move |core: &Core| {
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
            })));
        });
        self.with_executor(|executor| executor.submit(job));
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

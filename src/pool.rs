//! Threads that do one job after another.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

pub(crate) type Job = Box<dyn FnOnce() + Send>;

#[derive(Default)]
struct Jobs {
    waiting: VecDeque<Job>,
    idle: usize,
    shut: bool,
}

#[derive(Default)]
struct Work {
    jobs: Mutex<Jobs>,
    changed: Condvar,
}

impl Work {
    fn jobs(&self) -> MutexGuard<'_, Jobs> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does one job after another until the pool is shut.
    fn go_on(&self) {
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
pub(crate) struct Pool {
    work: Arc<Work>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    most_threads: usize,
}

impl Pool {
    /// Makes a pool of asyncio's size: the number of cores and four, at most 32.
    pub(crate) fn new() -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        Pool::with_threads((cores + 4).min(32))
    }

    pub(crate) fn with_threads(most_threads: usize) -> Self {
        Pool {
            work: Arc::default(),
            threads: Mutex::default(),
            most_threads,
        }
    }

    pub(crate) fn submit(&self, job: Job) {
        let mut jobs = self.work.jobs();
        jobs.waiting.push_back(job);
        let short_of_hands = jobs.waiting.len() > jobs.idle;
        drop(jobs);
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        if short_of_hands && threads.len() < self.most_threads {
            let work = self.work.clone();
            let thread = thread::Builder::new()
                .name(format!("asyncio_{}", threads.len()))
                .spawn(move || work.go_on())
                .unwrap_or_else(|e| panic!("cannot start a thread for the executor: {e}"));
            threads.push(thread);
        }
        self.work.changed.notify_one();
    }

    fn shut(&self) {
        self.work.jobs().shut = true;
        self.work.changed.notify_all();
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

impl Drop for Pool {
    fn drop(&mut self) {
        self.shut();
    }
}

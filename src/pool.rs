//! Threads that do one job after another.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

pub(crate) type Job = Box<dyn FnOnce() + Send>;

/// The loop's own pool: threads are made when there is work and none is idle.
///
/// Dropping it lets the jobs that it has finish, and waits for none: threads end when nobody can send any more.
pub(crate) struct Pool {
    sender: Sender<Job>,
    receiver: Arc<Mutex<Receiver<Job>>>,
    threads: Vec<JoinHandle<()>>,
    most_threads: usize,
    /// How many jobs have not ended.
    unfinished: Arc<AtomicUsize>,
}

impl Pool {
    /// Makes a pool of asyncio's size: the number of cores and four, at most 32.
    pub(crate) fn new() -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        Pool::with_threads((cores + 4).min(32))
    }

    pub(crate) fn with_threads(most_threads: usize) -> Self {
        let (sender, receiver) = channel();
        Pool {
            sender,
            receiver: Arc::new(Mutex::new(receiver)),
            threads: Vec::new(),
            most_threads,
            unfinished: Arc::default(),
        }
    }

    /// Hands a job to a thread that is idle, or to a new one, or else to the first that becomes idle.
    ///
    /// # Panics
    /// If the system refuses a thread.
    pub(crate) fn submit(&mut self, job: Job) {
        let busy = self.unfinished.fetch_add(1, SeqCst);
        self.sender.send(job).expect("this pool keeps a receiver");
        if busy < self.threads.len() || self.threads.len() == self.most_threads {
            return;
        }
        let (receiver, unfinished) = (self.receiver.clone(), self.unfinished.clone());
        let next = move || {
            // The lock is released before the job runs.
            let job = receiver.lock().unwrap_or_else(PoisonError::into_inner).recv();
            job.ok()
        };
        let work = move || {
            while let Some(job) = next() {
                job();
                unfinished.fetch_sub(1, SeqCst);
            }
        };
        let thread = thread::Builder::new().name(format!("asyncio_{}", self.threads.len()));
        let thread = thread.spawn(work);
        let thread =
            thread.unwrap_or_else(|e| panic!("cannot start a thread for the executor: {e}"));
        self.threads.push(thread);
    }

    pub(crate) fn shutdown_and_wait(self) {
        drop(self.sender);
        for thread in self.threads {
            // A job's panic was caught and went to its promise.
            let _ = thread.join();
        }
    }
}

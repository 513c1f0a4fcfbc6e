//! Work that blocks, done on threads of its own while the loop goes on.

use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use crate::callback::once;
use crate::error::{Cancelled, Panicked, Result, RunError};
use crate::event_loop::{Core, EventLoop, expect_running_loop};
use crate::promise::{Promise, PromiseCell, Shared};
use crate::remote::{Remote, lock};

type Job = Box<dyn FnOnce() + Send>;

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
    fn with_threads(most_threads: usize) -> Self {
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
    fn submit(&mut self, job: Job) {
        let busy = self.unfinished.fetch_add(1, SeqCst);
        self.sender.send(job).expect("this pool keeps a receiver");
        if busy < self.threads.len() || self.threads.len() == self.most_threads {
            return;
        }
        let (receiver, unfinished) = (self.receiver.clone(), self.unfinished.clone());
        // The lock is released before the job runs.
        let next = move || lock(&receiver).recv();
        let work = move || {
            while let Ok(job) = next() {
                job();
                unfinished.fetch_sub(1, SeqCst);
            }
        };
        let name = format!("asyncio_{}", self.threads.len());
        let thread = thread::Builder::new().name(name).spawn(work);
        let refused = |e| panic!("cannot start a thread for the executor: {e}");
        self.threads.push(thread.unwrap_or_else(refused));
    }
}

/// A pool of asyncio's size: the number of cores and four, at most 32.
impl Default for Pool {
    fn default() -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        Pool::with_threads((cores + 4).min(32))
    }
}

/// The promise of what a thread computes.
struct Computed<T: 'static> {
    shared: Shared<T>,
    /// Tells the thread that nobody wants it any more.
    given_up: Arc<AtomicBool>,
}

impl<T> PromiseCell for Computed<T> {
    type Value = T;

    fn shared(&self) -> &Shared<T> {
        &self.shared
    }

    fn decide(&self, promise: &Promise<T>, reason: &Cancelled, _: &[bool]) -> bool {
        self.given_up.store(true, SeqCst);
        promise.settle_cancelled(reason)
    }
}

impl Panicked {
    /// Calls a function, and takes a panic for an error.
    pub(crate) fn catch<T>(function: impl FnOnce() -> T) -> Result<T, Panicked> {
        catch_unwind(AssertUnwindSafe(function)).map_err(|payload| {
            let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
            Panicked { message: text.unwrap_or("a value that is not text".to_owned()) }
        })
    }
}

/// Sends from a thread what the promise of that number is to become, or `None` if nothing.
fn send_outcome<T: Send + 'static>(remote: &Remote, ticket: u64, outcome: Option<Result<T>>) {
    let call = move |core: &Core| {
        let parked = core.parked.borrow_mut().take(ticket);
        let promise = parked.and_then(|any| any.downcast::<Promise<T>>().ok());
        if let (Some(promise), Some(outcome)) = (promise, outcome) {
            // A promise that was cancelled keeps its cancellation.
            core.enqueue(once(move || _ = promise.follow(outcome)), None);
        }
    };
    // A loop that closed meanwhile has dropped the promise; the result is dropped here.
    let _ = remote.call(call);
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
        let replaced = self.core.pool.replace(Some(Pool::with_threads(threads)));
        assert!(replaced.is_none(), "set the number of threads before the first job");
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
    /// A job that waits for a thread never runs. One that runs goes on to its end, and its result is dropped: what must not be
    /// lost belongs into the job.
    ///
    /// asyncio: `loop.run_in_executor(None, job)`.
    #[track_caller]
    pub fn run_in_executor<T: Send + 'static>(&self, job: impl FnOnce() -> Result<T> + Send + 'static) -> Promise<T> {
        self.core.assert_open();
        let given_up = Arc::<AtomicBool>::default();
        let shared = Shared::new(&self.core, false);
        let promise = Promise::of(Rc::new(Computed { shared, given_up: given_up.clone() }));
        promise.tell_created(&self.core, "thread", None, Some(Location::caller()));
        let ticket = self.core.parked.borrow_mut().push(Box::new(promise.clone()));
        let remote = self.core.remote.clone();
        let job = move || {
            // A job that is given up is dropped in here, too: its destructors may panic as well.
            let outcome = Panicked::catch(|| (!given_up.load(SeqCst)).then(job));
            let outcome = outcome.unwrap_or_else(|panicked| Some(Err(panicked.into())));
            send_outcome(&remote, ticket, outcome);
        };
        self.core.pool.borrow_mut().get_or_insert_default().submit(Box::new(job));
        promise
    }

    /// Runs the loop until the executor's threads have ended.
    pub(crate) fn shut_pool(&self) -> Result<(), RunError> {
        let Some(Pool { sender, threads, .. }) = self.core.pool.take() else { return Ok(()) };
        let ended = Promise::labelled(&self.core, "shutdown", None);
        let ticket = self.core.parked.borrow_mut().push(Box::new(ended.clone()));
        let remote = self.core.remote.clone();
        thread::spawn(move || {
            drop(sender);
            for thread in threads {
                // A job's panic was caught and went to its promise.
                let _ = thread.join();
            }
            send_outcome(&remote, ticket, Some(Ok(())));
        });
        self.run_until_complete(ended).map_err(|_| RunError::StoppedBeforeDone)
    }
}

/// Runs `job` on another thread and waits for its result: see [`EventLoop::run_in_executor`].
///
/// asyncio: `asyncio.to_thread(job)`.
pub async fn to_thread<T: Clone + Send + 'static>(job: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    // In a statement of its own, so that the task does not keep its loop while it waits.
    let result = expect_running_loop().run_in_executor(job);
    result.await
}

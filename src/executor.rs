//! Work that blocks, done on threads of its own while the loop goes on.

use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::callback::once;
use crate::error::{Cancelled, Panicked, Result, RunError};
use crate::event_loop::{Core, EventLoop, expect_running_loop};
use crate::list::new_number;
use crate::pool::{Job, Pool};
use crate::promise::{Promise, PromiseCell, Shared};
use crate::remote::{Parcel, Remote};

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
        self.given_up.store(true, Ordering::SeqCst);
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

impl Core {
    /// Keeps a promise on the loop's thread while the number that is given for it travels to another one.
    fn park<T>(&self, promise: Promise<T>) -> u64 {
        let ticket = new_number();
        self.parked.borrow_mut().insert(ticket, Box::new(promise));
        ticket
    }
}

/// Sends from a thread what the promise of that number is to become, or `None` if nothing.
fn send_outcome<T: Send + 'static>(remote: &Remote, ticket: u64, outcome: Option<Result<T>>) {
    let call = move |core: &Core| {
        let parked = core.parked.borrow_mut().remove(&ticket);
        let promise = parked.and_then(|any| any.downcast::<Promise<T>>().ok());
        if let (Some(promise), Some(outcome)) = (promise, outcome) {
            // A promise that was cancelled keeps its cancellation.
            core.enqueue(
                once(move || {
                    promise.follow(outcome);
                }),
                None,
            );
        }
    };
    // A loop that closed meanwhile has dropped the promise; the result is dropped here.
    let _ = remote.send(Parcel::Call(Box::new(call)));
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
    /// A job that waits for a thread never runs. One that runs goes on to its end, and its result is dropped: what must not be lost
    /// belongs into the job.
    ///
    /// asyncio: `loop.run_in_executor(None, job)`.
    #[track_caller]
    pub fn run_in_executor<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Promise<T> {
        self.core.assert_open();
        let given_up = Arc::new(AtomicBool::new(false));
        let promise = Promise::of(Rc::new(Computed {
            shared: Shared::new(&self.core, "Promise"),
            given_up: given_up.clone(),
        }));
        let at = Some(Location::caller());
        promise.tell_created(&self.core, "thread", None, at);
        let ticket = self.core.park(promise.clone());
        let remote = self.core.remote.clone();
        let job: Job = Box::new(move || {
            let wanted = !given_up.load(Ordering::SeqCst);
            let outcome = wanted.then(|| Panicked::catch(job)?);
            send_outcome(&remote, ticket, outcome);
        });
        let mut pool = self.core.pool.borrow_mut();
        pool.get_or_insert_with(Pool::new).submit(job);
        promise
    }

    /// Runs the loop until the executor's threads have ended.
    pub(crate) fn shut_pool(&self) -> Result<(), RunError> {
        let Some(pool) = self.core.pool.take() else {
            return Ok(());
        };
        let ended = Promise::labelled(&self.core, "shutdown", None);
        let ticket = self.core.park(ended.clone());
        let remote = self.core.remote.clone();
        std::thread::spawn(move || {
            pool.shutdown_and_wait();
            send_outcome(&remote, ticket, Some(Ok(())));
        });
        self.run_until_complete(ended).map_err(|_| RunError::StoppedBeforeDone)
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

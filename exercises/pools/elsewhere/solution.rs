use rayon::ThreadPool;
use std::panic::{AssertUnwindSafe, catch_unwind};
use tokio::sync::oneshot;

/// The job panicked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Panicked;

/// Runs a job on the pool while the loop goes on; a job that is given up before it begins never begins.
pub async fn compute<T: Send + 'static>(
    pool: &ThreadPool,
    job: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Panicked> {
    let (sender, outcome) = oneshot::channel();
    pool.spawn(move || {
        if sender.is_closed() {
            return; // Nobody waits any more.
        }
        let result = catch_unwind(AssertUnwindSafe(job));
        let _ = sender.send(result.map_err(|_| Panicked));
    });
    outcome.await.unwrap_or(Err(Panicked))
}

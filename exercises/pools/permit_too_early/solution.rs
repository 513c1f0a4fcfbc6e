use std::sync::Arc;
use tokio::{sync::Semaphore, task::spawn_blocking};

/// Runs a job on the pool, as soon as there is a permit for it.
pub async fn limited<T: Send + 'static>(
    permits: Arc<Semaphore>,
    job: impl FnOnce() -> T + Send + 'static,
) -> T {
    let permit = permits.acquire_owned().await.expect("it is never closed");
    let job = spawn_blocking(move || {
        let _permit = permit; // It comes back when the job ends, whoever waits.
        job()
    });
    job.await.expect("a job does not panic")
}

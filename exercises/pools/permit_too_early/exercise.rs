use std::sync::Arc;
use tokio::{sync::Semaphore, task::spawn_blocking};

/// Runs a job on the pool, as soon as there is a permit for it.
pub async fn limited<T: Send + 'static>(
    permits: Arc<Semaphore>,
    job: impl FnOnce() -> T + Send + 'static,
) -> T {
    let _permit = permits.acquire().await.expect("it is never closed");
    spawn_blocking(job).await.expect("a job does not panic")
}

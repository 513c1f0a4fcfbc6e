use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

/// Tells all tasks to end, waits for them, and breaks off those that are late; says how many have ended by themselves.
pub async fn close(
    closing: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
    limit: Duration,
) -> usize {
    closing.cancel();
    // One time for all of them: a limit for each would begin anew each time.
    let deadline = Instant::now() + limit;
    let mut closed = 0;
    for mut task in tasks {
        match timeout_at(deadline, &mut task).await {
            Ok(ended) => closed += usize::from(ended.is_ok()),
            Err(_) => {
                task.abort();
                let _ = task.await;
            }
        }
    }
    closed
}

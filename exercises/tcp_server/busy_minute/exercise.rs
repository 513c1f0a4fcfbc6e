use std::io;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// How long a server waits after it could not accept a client.
pub const PAUSE: Duration = Duration::from_secs(1);

/// Talks to all clients until the stop, and ends when all talks have ended.
pub async fn serve<F>(
    mut accept: impl AsyncFnMut() -> io::Result<u32>,
    talk: impl Fn(u32) -> F,
    stop: CancellationToken,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let mut talks = JoinSet::new();
    while let Some(Ok(client)) = stop.run_until_cancelled(accept()).await {
        talks.spawn(talk(client));
    }
    while let Some(ended) = talks.join_next().await {
        ended.unwrap();
    }
}

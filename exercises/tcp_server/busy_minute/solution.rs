use std::io;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep;
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
    while let Some(accepted) = stop.run_until_cancelled(accept()).await {
        match accepted {
            Ok(client) => {
                talks.spawn(talk(client));
            }
            Err(error) => {
                eprintln!("cannot accept a client: {error}");
                stop.run_until_cancelled(sleep(PAUSE)).await;
            }
        }
        // Talks that have ended, well or not, are forgotten.
        while talks.try_join_next().is_some() {}
    }
    while talks.join_next().await.is_some() {}
}

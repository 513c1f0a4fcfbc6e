use tokio::io::{AsyncWriteExt, DuplexStream};
use tokio::sync::mpsc::{Receiver, channel};
use tokio::task::JoinSet;

/// How many lines may wait for a listener.
pub const BEHIND: usize = 8;

/// Sends every line to every listener, and lets go whoever is too far behind.
pub async fn announce(mut lines: Receiver<String>, listeners: Vec<DuplexStream>) {
    let mut writers = JoinSet::new();
    let mut queues = Vec::new();
    for listener in listeners {
        let (sender, queue) = channel(BEHIND);
        queues.push((sender, writers.spawn(write(listener, queue))));
    }
    while let Some(line) = lines.recv().await {
        queues.retain(|(sender, writer)| {
            // It fails if the queue is full, or if the listener has left and its writer has ended.
            let keeps_up = sender.try_send(line.clone()).is_ok();
            if !keeps_up {
                writer.abort();
            }
            keeps_up
        });
    }
    drop(queues);
    while writers.join_next().await.is_some() {}
}

async fn write(mut listener: DuplexStream, mut queue: Receiver<String>) {
    while let Some(line) = queue.recv().await {
        if listener.write_all(line.as_bytes()).await.is_err() {
            return;
        }
    }
}

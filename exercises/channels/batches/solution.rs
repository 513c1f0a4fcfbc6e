use std::time::Duration;
use tokio::sync::mpsc::{Receiver, Sender};
use tokio::time::{Instant, timeout_at};

/// Collects readings, and sends them on in batches.
pub async fn collect(mut readings: Receiver<u32>, batches: Sender<Vec<u32>>) {
    while let Some(first) = readings.recv().await {
        let mut batch = vec![first];
        let deadline = Instant::now() + Duration::from_secs(2);
        while batch.len() < 3 {
            match timeout_at(deadline, readings.recv()).await {
                Ok(Some(reading)) => batch.push(reading),
                Ok(None) | Err(_) => break,
            }
        }
        if batches.send(batch).await.is_err() {
            return;
        }
    }
}

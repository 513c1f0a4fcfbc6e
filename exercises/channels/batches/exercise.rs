use tokio::sync::mpsc::{Receiver, Sender};

/// Collects readings, and sends them on in batches.
pub async fn collect(mut readings: Receiver<u32>, batches: Sender<Vec<u32>>) {
    while let Some(reading) = readings.recv().await {
        let batch = vec![reading]; // Build it: this sends each reading alone.
        if batches.send(batch).await.is_err() {
            return;
        }
    }
}

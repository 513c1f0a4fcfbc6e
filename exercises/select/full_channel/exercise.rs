use std::time::Duration;
use tokio::sync::mpsc::Sender;
use tokio::time::sleep;

/// What the station measured; there is one of each, and no copy.
#[derive(Debug)]
pub struct Reading(pub u32);

/// Sends every reading, and notes each second in which the channel was full.
pub async fn report(readings: Vec<Reading>, channel: Sender<Reading>) {
    for reading in readings {
        tokio::select! {
            sent = channel.send(reading) => {
                if sent.is_err() {
                    return; // Nobody listens any more.
                }
            }
            () = sleep(Duration::from_secs(1)) => check::note("full"),
        }
    }
}

use std::time::Duration;
use tokio::sync::mpsc::Sender;
use tokio::time::sleep;

/// What the station measured; there is one of each, and no copy.
#[derive(Debug)]
pub struct Reading(pub u32);

/// Sends every reading, and notes each second in which the channel was full.
pub async fn report(readings: Vec<Reading>, channel: Sender<Reading>) {
    for reading in readings {
        loop {
            tokio::select! {
                // A place in the channel holds no reading, so nothing is lost with it.
                place = channel.reserve() => match place {
                    Ok(place) => {
                        place.send(reading);
                        break;
                    }
                    Err(_) => return, // Nobody listens any more.
                },
                () = sleep(Duration::from_secs(1)) => check::note("full"),
            }
        }
    }
}

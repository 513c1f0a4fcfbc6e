use std::time::Duration;
use tokio::sync::mpsc::Receiver;
use tokio::time::sleep;

/// Receives a temperature and the humidity that belongs to it.
async fn next_reading(values: &mut Receiver<i32>) -> Option<(i32, i32)> {
    let temperature = values.recv().await?;
    let humidity = values.recv().await?;
    Some((temperature, humidity))
}

/// Lists the readings until the sensor is gone; says so when it has waited for one for a second.
pub async fn watch(mut values: Receiver<i32>) -> Vec<(i32, i32)> {
    let mut all = Vec::new();
    loop {
        tokio::select! {
            reading = next_reading(&mut values) => match reading {
                Some(reading) => all.push(reading),
                None => return all,
            },
            () = sleep(Duration::from_secs(1)) => check::note("quiet"),
        }
    }
}

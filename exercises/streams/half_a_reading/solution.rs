use futures::{Stream, StreamExt, stream};
use std::{pin::pin, time::Duration};
use tokio::sync::mpsc::Receiver;
use tokio::time::sleep;

/// Receives a temperature and the humidity that belongs to it.
async fn next_reading(values: &mut Receiver<i32>) -> Option<(i32, i32)> {
    let temperature = values.recv().await?;
    let humidity = values.recv().await?;
    Some((temperature, humidity))
}

/// The readings as a stream, which keeps half a reading until the other half comes.
fn readings(values: Receiver<i32>) -> impl Stream<Item = (i32, i32)> {
    stream::unfold(values, async |mut values| {
        let reading = next_reading(&mut values).await?;
        Some((reading, values))
    })
}

/// Lists the readings until the sensor is gone; says so when it has waited for one for a second.
pub async fn watch(values: Receiver<i32>) -> Vec<(i32, i32)> {
    let mut all = Vec::new();
    let mut readings = pin!(readings(values));
    loop {
        tokio::select! {
            reading = readings.next() => match reading {
                Some(reading) => all.push(reading),
                None => return all,
            },
            () = sleep(Duration::from_secs(1)) => check::note("quiet"),
        }
    }
}

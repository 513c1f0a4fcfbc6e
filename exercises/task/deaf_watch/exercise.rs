use asyncio::{Result, sleep};
use std::time::Duration;

/// Notes a reading every second, until it is cancelled.
pub async fn watch<F>(mut read: impl FnMut() -> F) -> Result<()>
where
    F: Future<Output = Result<i32>>,
{
    let _sensor = check::enter("sensor"); // The checks see whether the sensor is in use.
    loop {
        match read().await {
            Ok(value) => check::note(format!("reading: {value}")),
            Err(error) => check::note(format!("no reading: {error}")),
        }
        let _ = sleep(Duration::from_secs(1)).await;
    }
}

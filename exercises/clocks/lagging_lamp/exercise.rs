use std::time::Duration;
use tokio::time::sleep;

/// Blinks every two seconds, and does some work after each blink.
pub async fn run_lamp(works: Vec<Duration>, blink: impl Fn()) {
    for work in works {
        blink();
        sleep(work).await;
        sleep(Duration::from_secs(2)).await;
    }
}

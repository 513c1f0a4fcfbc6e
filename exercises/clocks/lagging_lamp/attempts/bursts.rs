use std::time::Duration;
use tokio::time::{interval, sleep};

/// Blinks every two seconds, and does some work after each blink.
pub async fn run_lamp(works: Vec<Duration>, blink: impl Fn()) {
    let mut beat = interval(Duration::from_secs(2));
    for work in works {
        beat.tick().await;
        blink();
        sleep(work).await;
    }
}

use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval, sleep};

/// Blinks every two seconds, and does some work after each blink.
pub async fn run_lamp(works: Vec<Duration>, blink: impl Fn()) {
    let mut beat = interval(Duration::from_secs(2));
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for work in works {
        beat.tick().await;
        blink();
        sleep(work).await;
    }
}

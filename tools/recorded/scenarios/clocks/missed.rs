//! Three bells on Tokio, each to ring every two seconds, and five seconds of work after the second ring.

use std::time::Duration;
use tokio::time::MissedTickBehavior::{self, Burst, Delay, Skip};
use tokio::time::{interval, sleep};

async fn ring(missed: MissedTickBehavior) {
    let mut bell = interval(Duration::from_secs(2));
    bell.set_missed_tick_behavior(missed);
    for work in [0, 5, 0, 0] {
        bell.tick().await;
        println!("ring");
        sleep(Duration::from_secs(work)).await;
    }
}

async fn burst() {
    ring(Burst).await;
}

async fn delay() {
    ring(Delay).await;
}

async fn skip() {
    ring(Skip).await;
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
pub async fn main() {
    tokio::spawn(burst());
    tokio::spawn(skip());
    tokio::spawn(delay()).await.unwrap(); // It takes longest.
}

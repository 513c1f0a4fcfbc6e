use std::time::Duration;
use tokio::time::{Instant, interval, sleep};

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let start = Instant::now();
    let mut bell = interval(Duration::from_secs(2));
    for _ in 0..4 {
        bell.tick().await;
        println!("second {}", start.elapsed().as_secs());
        sleep(Duration::from_secs(3)).await;
    }
}

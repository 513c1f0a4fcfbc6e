//! Two teas within one task: `join!` polls both.

use std::time::Duration;
use tokio::time::sleep;

async fn tea(name: &str, seconds: u64) {
    sleep(Duration::from_secs(seconds)).await;
    println!("{name} tea is ready");
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
pub async fn main() {
    tokio::join!(tea("green", 1), tea("black", 2));
    println!("served");
}

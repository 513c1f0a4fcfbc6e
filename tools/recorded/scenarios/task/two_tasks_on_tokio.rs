//! The same order, and nobody tells of passes: Tokio keeps its queue to itself.

use std::time::Duration;
use tokio::time::sleep;

async fn brew(name: &str, seconds: u64) {
    println!("{name}: water on");
    sleep(Duration::from_secs(seconds)).await;
    println!("{name}: done");
}

async fn green() {
    brew("green", 1).await;
}

async fn black() {
    brew("black", 2).await;
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
pub async fn main() {
    let green = tokio::spawn(green());
    let black = tokio::spawn(black());
    println!("two tasks, none has begun");
    green.await.unwrap();
    black.await.unwrap();
}

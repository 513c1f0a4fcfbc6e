//! Two teas, each a task of its own: `join!` only waits for the handles.

use std::time::Duration;
use tokio::time::sleep;

async fn tea(name: &str, seconds: u64) {
    sleep(Duration::from_secs(seconds)).await;
    println!("{name} tea is ready");
}

async fn green() {
    tea("green", 1).await
}

async fn black() {
    tea("black", 2).await
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
pub async fn main() {
    let (green, black) = tokio::join!(tokio::spawn(green()), tokio::spawn(black()));
    green.unwrap();
    black.unwrap();
    println!("served");
}

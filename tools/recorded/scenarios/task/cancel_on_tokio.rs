//! An aborted task is dropped where it waits: nothing after its await runs.

use std::time::Duration;
use tokio::time::sleep;

async fn tea() {
    sleep(Duration::from_secs(10)).await;
    println!("pour it away");
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
pub async fn main() {
    let tea = tokio::spawn(tea());
    sleep(Duration::from_secs(1)).await;
    tea.abort();
    println!("asked to end");
    let outcome = tea.await;
    println!("cancelled: {}", outcome.is_err());
}

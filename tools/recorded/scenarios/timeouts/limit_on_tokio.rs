//! The limit drops what takes too long, and goes on in the same moment.

use std::time::Duration;
use tokio::time::{sleep, timeout};

struct Phone;

impl Drop for Phone {
    fn drop(&mut self) {
        println!("the phone is put down");
    }
}

async fn ask() {
    let _phone = Phone;
    sleep(Duration::from_secs(8)).await;
    sleep(Duration::from_secs(3)).await;
    println!("said goodbye");
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
pub async fn main() {
    if timeout(Duration::from_secs(2), ask()).await.is_err() {
        println!("timed out");
    }
    sleep(Duration::from_secs(3)).await;
}

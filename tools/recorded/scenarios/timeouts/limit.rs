//! wait_for cancels what takes too long, and waits until it has cleaned up.

use asyncio::{EventLoop, Result, create_task, sleep, wait_for};
use std::time::Duration;

async fn ask() -> Result<()> {
    let waited = sleep(Duration::from_secs(8)).await;
    if waited.is_err() {
        println!("says goodbye");
        sleep(Duration::from_secs(3)).await?;
        println!("said goodbye");
    }
    Ok(waited?)
}

pub fn main() -> Result<()> {
    EventLoop::with_virtual_clock().run(async {
        let call = create_task(ask()).named("call");
        if let Err(error) = wait_for(&call, Duration::from_secs(2)).await {
            println!("{error}");
        }
        Ok(())
    })
}

//! wait_for cancels what takes too long, and waits until it has cleaned up.

use asyncio::{EventLoop, Result, create_task, sleep, wait_for};
use std::time::Duration;

async fn tea() -> Result<()> {
    let Err(cancelled) = sleep(Duration::from_secs(8)).await else {
        return Ok(());
    };
    println!("clean the pot");
    sleep(Duration::from_secs(3)).await?;
    println!("the pot is clean");
    Err(cancelled.into())
}

pub fn main() -> Result<()> {
    EventLoop::with_virtual_clock().run(async {
        let tea = create_task(tea()).named("tea");
        if let Err(error) = wait_for(&tea, Duration::from_secs(2)).await {
            println!("{error}");
        }
        Ok(())
    })
}

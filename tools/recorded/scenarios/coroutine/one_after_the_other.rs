//! Two awaits in a row take the sum of their times.

use asyncio::{EventLoop, Result, sleep};
use std::time::Duration;

async fn brew(name: &str, seconds: u64) -> Result<()> {
    sleep(Duration::from_secs(seconds)).await?;
    println!("{name} tea is ready");
    Ok(())
}

pub fn main() -> Result<()> {
    EventLoop::with_virtual_clock().run(async {
        brew("green", 1).await?;
        brew("black", 2).await?;
        println!("three seconds");
        Ok(())
    })
}

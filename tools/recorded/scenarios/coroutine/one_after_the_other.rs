//! Two awaits in a row take the sum of their times.

use asyncio::{EventLoop, Result, get_running_loop, sleep};
use std::time::Duration;

async fn price() -> Result<u32> {
    sleep(Duration::from_secs(1)).await?;
    Ok(3)
}

async fn tip() -> Result<u32> {
    sleep(Duration::from_secs(1)).await?;
    Ok(1)
}

pub fn main() -> Result<()> {
    EventLoop::with_virtual_clock().run(async {
        let total = price().await? + tip().await?;
        let now = get_running_loop()?.time().as_secs();
        println!("{total} after {now} s");
        Ok(())
    })
}

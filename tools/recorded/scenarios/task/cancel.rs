//! A cancellation arrives at the await where the task is suspended.

use asyncio::{EventLoop, Result, create_task, sleep};
use std::time::Duration;

async fn brew() -> Result<()> {
    let waited = sleep(Duration::from_secs(10)).await;
    if waited.is_err() {
        println!("pour it away");
    }
    Ok(waited?)
}

pub fn main() -> Result<()> {
    EventLoop::with_virtual_clock().run(async {
        let tea = create_task(brew()).named("tea");
        sleep(Duration::from_secs(1)).await?;
        tea.cancel();
        println!("asked to end");
        let outcome = tea.await;
        println!("cancelled: {}", outcome.is_err());
        Ok(())
    })
}

//! Two tasks nap: a timer that is due makes its task ready, and the task runs in the pass after that.

use asyncio::{EventLoop, Result, create_task, sleep};
use std::time::Duration;

async fn nap(name: &str, seconds: u64) -> Result<()> {
    sleep(Duration::from_secs(seconds)).await?;
    println!("{name} is awake");
    Ok(())
}

pub fn main() -> Result<()> {
    EventLoop::with_virtual_clock().run(async {
        let long = create_task(nap("long", 2)).named("long");
        let short = create_task(nap("short", 1)).named("short");
        short.await?;
        long.await
    })
}

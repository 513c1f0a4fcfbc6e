//! Cooperative: who sleeps, if only for no time at all, lets the others run.

use asyncio::{EventLoop, Result, create_task, gather, sleep};
use std::time::Duration;

async fn work(name: &str) -> Result<()> {
    for n in 1..=2 {
        println!("{name} {n}");
        sleep(Duration::ZERO).await?;
    }
    Ok(())
}

pub fn main() -> Result<()> {
    EventLoop::with_virtual_clock().run(async {
        gather(["a", "b", "c"].map(|name| create_task(work(name)).named(name))).await?;
        Ok(())
    })
}

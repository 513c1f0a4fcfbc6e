//! Cooperative: who sleeps, if only for no time at all, lets the others run.

use asyncio::observe::note;
use asyncio::{Result, create_task, gather, sleep};
use std::time::Duration;

async fn work(name: &str) -> Result<()> {
    for n in 1..=2 {
        note(format!("{name} {n}"));
        sleep(Duration::ZERO).await?;
    }
    Ok(())
}

pub async fn main() -> Result<()> {
    gather(["a", "b", "c"].map(|name| create_task(work(name)).named(name))).await?;
    Ok(())
}

//! Stubborn: who never gives way is done before the next begins.

use asyncio::observe::note;
use asyncio::{Result, create_task, gather};

async fn work(name: &str) -> Result<()> {
    for n in 1..=2 {
        note(format!("{name} {n}"));
    }
    Ok(())
}

pub async fn main() -> Result<()> {
    gather(["a", "b", "c"].map(|name| create_task(work(name)).named(name))).await?;
    Ok(())
}

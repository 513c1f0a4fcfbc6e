//! Three tasks take turns, and nobody sleeps.

use asyncio::observe::note;
use asyncio::{Result, create_task, yield_now};

async fn count(name: &str) -> Result<()> {
    for n in 1..=2 {
        note(format!("{name} {n}"));
        yield_now().await?;
    }
    Ok(())
}

pub async fn main() -> Result<()> {
    let tasks = ["a", "b", "c"].map(|name| create_task(count(name)).named(name));
    note("three tasks, none has begun");
    for task in tasks {
        task.await?;
    }
    Ok(())
}

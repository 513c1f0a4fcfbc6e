//! At once: all questions are out before the first answer comes.

use asyncio::observe::note;
use asyncio::{Result, create_task, gather, sleep};
use std::time::Duration;

async fn request(name: &str, seconds: u64) -> Result<()> {
    note(format!("ask {name}"));
    sleep(Duration::from_secs(seconds)).await?;
    note(format!("answer {name}"));
    Ok(())
}

pub async fn main() -> Result<()> {
    let jobs = [("A", 3), ("B", 2), ("C", 1)];
    gather(jobs.map(|(name, seconds)| create_task(request(name, seconds)).named(name))).await?;
    Ok(())
}

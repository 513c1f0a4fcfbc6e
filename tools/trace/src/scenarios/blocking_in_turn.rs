//! In turn: each answer is awaited before the next question is asked.

use asyncio::observe::note;
use asyncio::{Result, sleep};
use std::time::Duration;

async fn request(name: &str, seconds: u64) -> Result<()> {
    note(format!("ask {name}"));
    sleep(Duration::from_secs(seconds)).await?;
    note(format!("answer {name}"));
    Ok(())
}

pub async fn main() -> Result<()> {
    for (name, seconds) in [("A", 3), ("B", 2), ("C", 1)] {
        request(name, seconds).await?;
    }
    Ok(())
}

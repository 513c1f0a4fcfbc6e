//! Two awaits in a row take the sum of their times.

use asyncio::observe::note;
use asyncio::{Result, sleep};
use std::time::Duration;

async fn brew(name: &str, seconds: u64) -> Result<()> {
    sleep(Duration::from_secs(seconds)).await?;
    note(format!("{name} tea is ready"));
    Ok(())
}

pub async fn main() -> Result<()> {
    brew("green", 1).await?;
    brew("black", 2).await?;
    note("three seconds");
    Ok(())
}

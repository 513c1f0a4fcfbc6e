//! Tasks wait at the same time.

use asyncio::observe::note;
use asyncio::{Result, create_task, sleep};
use std::time::Duration;

async fn brew(name: &'static str, seconds: u64) -> Result<&'static str> {
    note(format!("{name}: water on"));
    sleep(Duration::from_secs(seconds)).await?;
    note(format!("{name}: done"));
    Ok(name)
}

pub async fn main() -> Result<()> {
    let green = create_task(brew("green", 1)).named("green");
    let black = create_task(brew("black", 2)).named("black");
    note("two tasks, none has begun");
    green.await?;
    black.await?;
    Ok(())
}

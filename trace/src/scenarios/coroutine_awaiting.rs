//! A coroutine that awaits another runs on within the same step.

use asyncio::observe::note;
use asyncio::{Result, sleep};
use std::time::Duration;

async fn brew(name: &str) -> Result<String> {
    note(format!("{name}: water on"));
    sleep(Duration::from_secs(2)).await?;
    note(format!("{name}: done"));
    Ok(format!("{name} tea"))
}

pub async fn main() -> Result<()> {
    note("before the call");
    let coroutine = brew("green");
    note("nothing has run yet");
    let tea = coroutine.await?;
    note(tea);
    Ok(())
}

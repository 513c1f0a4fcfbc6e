//! gather starts all at once and ends with the longest.

use asyncio::observe::note;
use asyncio::{Result, create_task, gather, sleep};
use std::time::Duration;

async fn tea(name: &'static str, seconds: u64) -> Result<&'static str> {
    sleep(Duration::from_secs(seconds)).await?;
    note(format!("{name} tea is ready"));
    Ok(name)
}

pub async fn main() -> Result<()> {
    let menu = [("green", 1), ("black", 4), ("herbal", 2)];
    let teas = menu.map(|(name, seconds)| create_task(tea(name, seconds)).named(name));
    let teas = gather(teas).await?;
    note(teas.join(", "));
    Ok(())
}

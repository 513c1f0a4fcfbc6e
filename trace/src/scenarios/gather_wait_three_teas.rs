//! gather starts all at once and ends with the longest.

use asyncio::observe::note;
use asyncio::{Result, gather, sleep};
use std::time::Duration;

async fn tea(name: &'static str, seconds: u64) -> Result<&'static str> {
    sleep(Duration::from_secs(seconds)).await?;
    note(format!("{name} tea is ready"));
    Ok(name)
}

pub async fn main() -> Result<()> {
    let teas = gather([tea("green", 1), tea("black", 4), tea("herbal", 2)]).await?;
    note(teas.join(", "));
    Ok(())
}

//! Pulled: an item is made when it is asked for, and not before.

use asyncio::observe::note;
use asyncio::{Result, sleep};
use std::time::Duration;

async fn make(number: u32) -> Result<u32> {
    sleep(Duration::from_secs(1)).await?;
    note(format!("made {number}"));
    Ok(number)
}

pub async fn main() -> Result<()> {
    for number in 1..=3 {
        let item = make(number).await?;
        sleep(Duration::from_secs(2)).await?;
        note(format!("used {item}"));
    }
    Ok(())
}

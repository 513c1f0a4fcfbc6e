//! wait_for cancels what takes too long, and waits until it has cleaned up.

use asyncio::observe::note;
use asyncio::{Result, create_task, sleep, wait_for};
use std::time::Duration;

async fn tea() -> Result<()> {
    let Err(cancelled) = sleep(Duration::from_secs(8)).await else {
        return Ok(());
    };
    note("clean the pot");
    sleep(Duration::from_secs(3)).await?;
    note("the pot is clean");
    Err(cancelled.into())
}

pub async fn main() -> Result<()> {
    let tea = create_task(tea()).named("tea");
    if let Err(error) = wait_for(&tea, Duration::from_secs(2)).await {
        note(error);
    }
    Ok(())
}

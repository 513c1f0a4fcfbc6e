//! A cancellation arrives at the await where the task is suspended.

use asyncio::observe::note;
use asyncio::{Result, create_task, sleep};
use std::time::Duration;

async fn brew() -> Result<()> {
    let waited = sleep(Duration::from_secs(10)).await;
    if waited.is_err() {
        note("pour it away");
    }
    Ok(waited?)
}

pub async fn main() -> Result<()> {
    let tea = create_task(brew()).named("tea");
    sleep(Duration::from_secs(1)).await?;
    tea.cancel();
    note("asked to end");
    let outcome = tea.await;
    note(format!("cancelled: {}", outcome.is_err()));
    Ok(())
}

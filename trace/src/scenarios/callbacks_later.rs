//! Timers fire by deadline, whatever the order in which they were set.

use asyncio::observe::note;
use asyncio::{Result, get_running_loop, sleep};
use std::time::Duration;

pub async fn main() -> Result<()> {
    let event_loop = get_running_loop()?;
    event_loop.call_later(Duration::from_secs(2), || note("two seconds"));
    event_loop.call_later(Duration::from_secs(1), || note("one second"));
    event_loop.call_soon(|| note("soon"));
    let cancelled = event_loop.call_soon(|| note("never"));
    cancelled.cancel();
    sleep(Duration::from_secs(3)).await?;
    Ok(())
}

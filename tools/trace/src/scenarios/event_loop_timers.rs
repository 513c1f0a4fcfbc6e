//! With nothing ready, the loop waits for the soonest timer.

use asyncio::observe::note;
use asyncio::{Result, get_running_loop, sleep};
use std::time::Duration;

pub async fn main() -> Result<()> {
    let event_loop = get_running_loop()?;
    event_loop.call_later(Duration::from_secs(3), || note("three"));
    event_loop.call_later(Duration::from_secs(1), || note("one"));
    let never = event_loop.call_later(Duration::from_secs(2), || note("never"));
    never.cancel();
    sleep(Duration::from_secs(4)).await?;
    Ok(())
}

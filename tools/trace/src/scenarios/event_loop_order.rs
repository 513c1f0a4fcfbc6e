//! What is ready runs first in, first out; what it schedules runs in the next pass.

use asyncio::observe::note;
use asyncio::{Result, get_running_loop, yield_now};

pub async fn main() -> Result<()> {
    let event_loop = get_running_loop()?;
    let again = event_loop.clone();
    event_loop.call_soon(move || {
        note("first");
        again.call_soon(|| note("scheduled by the first"));
    });
    event_loop.call_soon(|| note("second"));
    yield_now().await?;
    note("the task's next turn");
    yield_now().await?;
    Ok(())
}

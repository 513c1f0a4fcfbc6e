//! A done-callback is scheduled when the task ends, and runs in a later pass.

use asyncio::observe::note;
use asyncio::{Result, create_task, sleep, yield_now};
use std::time::Duration;

pub async fn main() -> Result<()> {
    let tea = create_task(async {
        sleep(Duration::from_secs(1)).await?;
        note("the task ends");
        Ok("tea")
    })
    .named("tea");
    tea.add_done_callback(|_| note("first callback"));
    tea.add_done_callback(|_| note("second callback"));
    tea.await?;
    note("the awaiting task goes on");
    yield_now().await?;
    Ok(())
}

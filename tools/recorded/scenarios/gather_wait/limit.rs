//! wait gives two sets after its limit and cancels nothing.

use asyncio::{EventLoop, Result, ReturnWhen, create_task, sleep, wait};
use std::time::Duration;

async fn tea(seconds: u64) -> Result<()> {
    Ok(sleep(Duration::from_secs(seconds)).await?)
}

pub fn main() -> Result<()> {
    EventLoop::with_virtual_clock().run(async {
        let black = create_task(tea(5)).named("black");
        let green = create_task(tea(1)).named("green");
        let limit = Duration::from_secs(3);
        let waited = wait([&black, &green], limit, ReturnWhen::AllCompleted).await?;
        println!(
            "done {}, pending {}",
            waited.done.len(),
            waited.pending.len()
        );
        black.await
    })
}

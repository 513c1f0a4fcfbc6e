//! Two teas at once: the first is served, and the other one, a task, goes on.

use asyncio::{EventLoop, Result, ReturnWhen, create_task, sleep, wait};
use std::time::Duration;

async fn tea(name: &'static str, seconds: u64) -> Result<()> {
    sleep(Duration::from_secs(seconds)).await?;
    println!("{name} tea is ready");
    Ok(())
}

pub fn main() -> Result<()> {
    EventLoop::with_virtual_clock().run(async {
        let green = create_task(tea("green", 1)).named("green");
        let black = create_task(tea("black", 3)).named("black");
        wait([&green, &black], None, ReturnWhen::FirstCompleted).await?;
        println!("serves the first");
        sleep(Duration::from_secs(4)).await?;
        Ok(())
    })
}

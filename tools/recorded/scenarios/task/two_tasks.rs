//! Tasks wait at the same time.

use asyncio::{EventLoop, Result, create_task, sleep};
use std::time::Duration;

async fn brew(name: &'static str, seconds: u64) -> Result<&'static str> {
    println!("{name}: water on");
    sleep(Duration::from_secs(seconds)).await?;
    println!("{name}: done");
    Ok(name)
}

pub fn main() -> Result<()> {
    EventLoop::with_virtual_clock().run(async {
        let green = create_task(brew("green", 1)).named("green");
        let black = create_task(brew("black", 2)).named("black");
        println!("two tasks, none has begun");
        green.await?;
        black.await?;
        Ok(())
    })
}

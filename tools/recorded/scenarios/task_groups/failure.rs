//! The first failure cancels the others, and the block waits until they have ended.

use asyncio::{Error, EventLoop, Result, sleep, task_group};
use std::time::Duration;

async fn tea(name: &'static str, seconds: u64) -> Result<()> {
    if let Err(cancelled) = sleep(Duration::from_secs(seconds)).await {
        println!("{name} is poured away");
        return Err(cancelled.into());
    }
    if name == "herbal" {
        return Err(Error::msg("herbal was spilled"));
    }
    println!("{name} is ready");
    Ok(())
}

pub fn main() -> Result<()> {
    EventLoop::with_virtual_clock().run(async {
        let block = task_group(async |group| {
            for (name, seconds) in [("green", 1), ("herbal", 2), ("black", 4)] {
                group.create_task(tea(name, seconds))?.any().set_name(name);
            }
            Ok(())
        });
        if block.await.is_err() {
            println!("the block has ended");
        }
        Ok(())
    })
}

//! The first failure is reported at once; the siblings go on.

use asyncio::{Error, EventLoop, Result, create_task, gather, sleep};
use std::time::Duration;

async fn tea(name: &'static str, seconds: u64) -> Result<&'static str> {
    sleep(Duration::from_secs(seconds)).await?;
    match name {
        "herbal" => Err(Error::msg("herbal tea was spilled")),
        _ => Ok(name),
    }
}

pub fn main() -> Result<()> {
    EventLoop::with_virtual_clock().run(async {
        let black = create_task(tea("black", 4)).named("black");
        let herbal = create_task(tea("herbal", 2)).named("herbal");
        if let Err(error) = gather([&black, &herbal]).await {
            println!("{error}");
        }
        println!("{}", black.await?);
        Ok(())
    })
}

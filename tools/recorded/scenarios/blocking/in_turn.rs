//! In turn: each answer is awaited before the next question is asked.

use asyncio::{EventLoop, Result, sleep};
use std::time::Duration;

async fn weather(city: &str, seconds: u64) -> Result<()> {
    println!("ask {city}");
    sleep(Duration::from_secs(seconds)).await?;
    println!("{city} answers");
    Ok(())
}

pub fn main() -> Result<()> {
    EventLoop::with_virtual_clock().run(async {
        weather("Oslo", 3).await?;
        weather("Rome", 2).await?;
        weather("Cairo", 1).await?;
        Ok(())
    })
}

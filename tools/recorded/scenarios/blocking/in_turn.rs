//! In turn: each answer is awaited before the next question is asked.

use asyncio::{EventLoop, Result, sleep};
use std::time::Duration;

async fn request(name: &str, seconds: u64) -> Result<()> {
    println!("ask {name}");
    sleep(Duration::from_secs(seconds)).await?;
    println!("answer {name}");
    Ok(())
}

pub fn main() -> Result<()> {
    EventLoop::with_virtual_clock().run(async {
        for (name, seconds) in [("A", 3), ("B", 2), ("C", 1)] {
            request(name, seconds).await?;
        }
        Ok(())
    })
}

//! At once: all questions are out before the first answer comes.

use asyncio::{EventLoop, Result, create_task, gather, sleep};
use std::time::Duration;

async fn request(name: &str, seconds: u64) -> Result<()> {
    println!("ask {name}");
    sleep(Duration::from_secs(seconds)).await?;
    println!("answer {name}");
    Ok(())
}

pub fn main() -> Result<()> {
    EventLoop::with_virtual_clock().run(async {
        let jobs = [("A", 3), ("B", 2), ("C", 1)];
        gather(jobs.map(|(name, seconds)| create_task(request(name, seconds)).named(name))).await?;
        Ok(())
    })
}

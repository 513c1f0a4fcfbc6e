//! At once: all questions are out before the first answer comes.

use asyncio::{EventLoop, Result, create_task, gather, sleep};
use std::time::Duration;

async fn weather(city: &str, seconds: u64) -> Result<()> {
    println!("ask {city}");
    sleep(Duration::from_secs(seconds)).await?;
    println!("{city} answers");
    Ok(())
}

pub fn main() -> Result<()> {
    EventLoop::with_virtual_clock().run(async {
        let oslo = create_task(weather("Oslo", 3)).named("Oslo");
        let rome = create_task(weather("Rome", 2)).named("Rome");
        let cairo = create_task(weather("Cairo", 1)).named("Cairo");
        gather([oslo, rome, cairo]).await?;
        Ok(())
    })
}

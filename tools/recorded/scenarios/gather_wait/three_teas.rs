//! gather starts all at once and ends with the longest.

use asyncio::{EventLoop, Result, create_task, gather, sleep};
use std::time::Duration;

async fn tea(name: &'static str, seconds: u64) -> Result<&'static str> {
    sleep(Duration::from_secs(seconds)).await?;
    println!("{name} tea is ready");
    Ok(name)
}

pub fn main() -> Result<()> {
    EventLoop::with_virtual_clock().run(async {
        let menu = [("green", 1), ("black", 4), ("herbal", 2)];
        let teas = menu.map(|(name, seconds)| create_task(tea(name, seconds)).named(name));
        let teas = gather(teas).await?;
        println!("{}", teas.join(", "));
        Ok(())
    })
}

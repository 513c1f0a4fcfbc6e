//! Pulled: an item is made when it is asked for, and not before.

use asyncio::{EventLoop, Result, sleep};
use std::time::Duration;

async fn make(number: u32) -> Result<u32> {
    sleep(Duration::from_secs(1)).await?;
    println!("made {number}");
    Ok(number)
}

pub fn main() -> Result<()> {
    EventLoop::with_virtual_clock().run(async {
        for number in 1..=3 {
            let item = make(number).await?;
            sleep(Duration::from_secs(2)).await?;
            println!("used {item}");
        }
        Ok(())
    })
}

//! TODO: What the picture shows, in one sentence; it is the caption.

use asyncio::{EventLoop, Result, sleep};
use std::time::Duration;

pub fn main() -> Result<()> {
    EventLoop::with_virtual_clock().run(async {
        println!("before");
        sleep(Duration::from_secs(1)).await?;
        println!("after");
        Ok(())
    })
}

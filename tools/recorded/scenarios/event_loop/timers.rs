//! With nothing ready, the loop waits for the soonest timer.

use asyncio::{EventLoop, Result, get_running_loop, sleep};
use std::time::Duration;

pub fn main() -> Result<()> {
    EventLoop::with_virtual_clock().run(async {
        let event_loop = get_running_loop()?;
        event_loop.call_later(Duration::from_secs(3), || println!("three"));
        event_loop.call_later(Duration::from_secs(1), || println!("one"));
        let never = event_loop.call_later(Duration::from_secs(2), || println!("never"));
        never.cancel();
        sleep(Duration::from_secs(4)).await?;
        Ok(())
    })
}

//! What is ready runs first in, first out; what it schedules runs in the next pass.

use asyncio::{EventLoop, Result, get_running_loop, yield_now};

pub fn main() -> Result<()> {
    EventLoop::with_virtual_clock().run(async {
        let event_loop = get_running_loop()?;
        let again = event_loop.clone();
        event_loop.call_soon(move || {
            println!("first");
            again.call_soon(|| println!("scheduled by the first"));
        });
        event_loop.call_soon(|| println!("second"));
        yield_now().await?;
        println!("the task's next turn");
        yield_now().await?;
        Ok(())
    })
}

//! A done-callback is scheduled when the task ends, and runs in a later pass.

use asyncio::{EventLoop, Result, create_task, sleep, yield_now};
use std::time::Duration;

pub fn main() -> Result<()> {
    EventLoop::with_virtual_clock().run(async {
        let tea = create_task(async {
            sleep(Duration::from_secs(1)).await?;
            println!("the task ends");
            Ok("tea")
        })
        .named("tea");
        tea.add_done_callback(|_| println!("first callback"));
        tea.add_done_callback(|_| println!("second callback"));
        tea.await?;
        println!("the awaiting task goes on");
        yield_now().await?;
        Ok(())
    })
}

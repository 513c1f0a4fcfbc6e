//! Another thread hands in two orders; they become tasks when the loop finds them.

use asyncio::{EventLoop, Result, current_task, get_running_loop, sleep};
use std::thread;
use std::time::Duration;

async fn bake(name: &str, seconds: u64) -> Result<()> {
    current_task().unwrap().set_name(name);
    sleep(Duration::from_secs(seconds)).await?;
    println!("the {name} is ready");
    Ok(())
}

pub fn main() -> Result<()> {
    EventLoop::with_virtual_clock().run(async {
        let handle = get_running_loop()?.handle();
        let other_thread = thread::spawn(move || {
            handle.run_coroutine_threadsafe(|| bake("cake", 6)).unwrap();
            handle.run_coroutine_threadsafe(|| bake("bun", 3)).unwrap();
        });
        other_thread.join().unwrap();
        sleep(Duration::from_secs(7)).await?;
        Ok(())
    })
}

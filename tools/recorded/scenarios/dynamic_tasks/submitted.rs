//! Another thread submits two jobs; they become tasks when the loop finds them.

use asyncio::{EventLoop, Result, current_task, get_running_loop, sleep};
use std::thread;
use std::time::Duration;

async fn job(name: &str, seconds: u64) -> Result<()> {
    current_task().unwrap().set_name(name);
    println!("{name} begins");
    sleep(Duration::from_secs(seconds)).await?;
    println!("{name} is done");
    Ok(())
}

pub fn main() -> Result<()> {
    EventLoop::with_virtual_clock().run(async {
        let handle = get_running_loop()?.handle();
        let other_thread = thread::spawn(move || {
            handle.run_coroutine_threadsafe(|| job("first", 6)).unwrap();
            handle
                .run_coroutine_threadsafe(|| job("second", 3))
                .unwrap();
        });
        other_thread.join().unwrap();
        println!("both submitted");
        sleep(Duration::from_secs(7)).await?;
        Ok(())
    })
}

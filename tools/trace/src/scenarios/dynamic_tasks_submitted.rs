//! Another thread submits two jobs; they become tasks when the loop finds them.

use asyncio::observe::note;
use asyncio::{Result, current_task, get_running_loop, sleep};
use std::thread;
use std::time::Duration;

async fn job(name: &str, seconds: u64) -> Result<()> {
    current_task().unwrap().set_name(name);
    note(format!("{name} begins"));
    sleep(Duration::from_secs(seconds)).await?;
    note(format!("{name} is done"));
    Ok(())
}

pub async fn main() -> Result<()> {
    let handle = get_running_loop()?.handle();
    let other_thread = thread::spawn(move || {
        handle.run_coroutine_threadsafe(|| job("first", 6)).unwrap();
        handle
            .run_coroutine_threadsafe(|| job("second", 3))
            .unwrap();
    });
    other_thread.join().unwrap();
    note("both submitted");
    sleep(Duration::from_secs(7)).await?;
    Ok(())
}

//! Four jobs of two seconds share two permits.

use asyncio::{EventLoop, Result, Semaphore, sleep, task_group};
use std::time::Duration;

async fn job(name: &'static str, permits: Semaphore) -> Result<()> {
    let _permit = permits.acquire().await?;
    sleep(Duration::from_secs(2)).await?;
    println!("{name} is done");
    Ok(())
}

pub fn main() -> Result<()> {
    EventLoop::with_virtual_clock().run(async {
        let permits = Semaphore::new(2);
        task_group(async |group| {
            for name in ["job 1", "job 2", "job 3", "job 4"] {
                group
                    .create_task(job(name, permits.clone()))?
                    .any()
                    .set_name(name);
            }
            Ok(())
        })
        .await?;
        println!("the block has ended");
        Ok(())
    })
}

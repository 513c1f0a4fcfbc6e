//! A job that waits for another job of its own pool, which has one worker.

use asyncio::{EventLoop, Result, Semaphore, Task, create_task, wait_for};
use std::time::Duration;

async fn inner(worker: Semaphore) -> Result<()> {
    let _worker = worker.acquire().await?;
    println!("the inner job runs");
    Ok(())
}

async fn outer(worker: Semaphore) -> Result<()> {
    let _worker = worker.acquire().await?;
    println!("the outer job runs");
    let inner: Task<()> = create_task(inner(worker)).named("inner job");
    inner.await
}

pub fn main() -> Result<()> {
    EventLoop::with_virtual_clock().run(async {
        let pool = Semaphore::new(1);
        let job = create_task(outer(pool)).named("outer job");
        if let Err(error) = wait_for(job, Duration::from_secs(9)).await {
            println!("{error}");
        }
        Ok(())
    })
}

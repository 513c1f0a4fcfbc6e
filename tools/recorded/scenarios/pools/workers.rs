//! Five jobs, two workers: who is free takes the next.

use asyncio::{EventLoop, Queue, Result, Task, create_task, sleep};
use std::time::Duration;

async fn worker(name: &str, jobs: Queue<(u32, u64)>) -> Result<()> {
    loop {
        let (number, seconds) = jobs.get().await?;
        println!("{name} takes job {number}");
        sleep(Duration::from_secs(seconds)).await?;
        jobs.task_done()?;
    }
}

pub fn main() -> Result<()> {
    EventLoop::with_virtual_clock().run(async {
        let jobs = Queue::new();
        for job in [(1, 4), (2, 1), (3, 1), (4, 3), (5, 1)] {
            jobs.put_nowait(job)?;
        }
        let workers: [Task<()>; 2] = ["worker 1", "worker 2"]
            .map(|name| create_task(worker(name, jobs.clone())).named(name));
        jobs.join().await?;
        println!("all jobs are done");
        for worker in &workers {
            worker.cancel();
        }
        Ok(())
    })
}

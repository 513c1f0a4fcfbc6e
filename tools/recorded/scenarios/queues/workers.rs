//! Two workers share one queue; join waits until all is done.

use asyncio::{EventLoop, Queue, Result, create_task, sleep};
use std::time::Duration;

pub fn main() -> Result<()> {
    EventLoop::with_virtual_clock().run(async {
        let jobs = Queue::new();
        for seconds in [3, 1, 1, 2] {
            jobs.put_nowait(seconds)?;
        }
        let workers = ["anna", "ben"].map(|name| {
            let jobs = jobs.clone();
            let worker = create_task(async move {
                loop {
                    let seconds = jobs.get().await?;
                    sleep(Duration::from_secs(seconds)).await?;
                    println!("{name} has done {seconds} s");
                    jobs.task_done()?;
                }
            });
            worker.named(name)
        });
        jobs.join().await?;
        println!("nothing is left to do");
        for worker in workers {
            let worker: asyncio::Task<()> = worker;
            worker.cancel();
        }
        Ok(())
    })
}

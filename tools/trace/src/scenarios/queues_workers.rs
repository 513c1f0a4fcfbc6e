//! Two workers share one queue; join waits until all is done.

use asyncio::observe::note;
use asyncio::{Queue, Result, create_task, sleep};
use std::time::Duration;

pub async fn main() -> Result<()> {
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
                note(format!("{name} has done {seconds} s"));
                jobs.task_done()?;
            }
        });
        worker.named(name)
    });
    jobs.join().await?;
    note("nothing is left to do");
    for worker in workers {
        let worker: asyncio::Task<()> = worker;
        worker.cancel();
    }
    Ok(())
}

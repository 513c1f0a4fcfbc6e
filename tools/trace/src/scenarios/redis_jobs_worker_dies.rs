//! A job that a worker takes stays on a second list until it is done. Queues play the lists.

use asyncio::observe::note;
use asyncio::{Queue, Result, create_task, sleep};
use std::time::Duration;

async fn worker(name: &str, waiting: Queue<u32>, underway: Queue<u32>) -> Result<()> {
    let job = waiting.get().await?;
    underway.put_nowait(job)?;
    note(format!("{name} takes job {job}"));
    sleep(Duration::from_secs(4)).await?;
    underway.get_nowait()?;
    note(format!("{name} has done job {job}"));
    Ok(())
}

pub async fn main() -> Result<()> {
    let (waiting, underway) = (Queue::new(), Queue::new());
    waiting.put_nowait(7)?;
    let job = worker("anna", waiting.clone(), underway.clone());
    let anna = create_task(job).named("anna");
    let job = worker("ben", waiting.clone(), underway.clone());
    let ben = create_task(job).named("ben");
    sleep(Duration::from_secs(2)).await?;
    anna.cancel();
    note("anna dies");
    sleep(Duration::from_secs(1)).await?;
    waiting.put_nowait(underway.get_nowait()?)?;
    note("job 7 is put back");
    ben.await
}

//! A job that a worker takes stays on a second list until it is done. Queues play the lists.

use asyncio::{EventLoop, Queue, Result, create_task, sleep};
use std::time::Duration;

async fn worker(name: &str, waiting: Queue<u32>, underway: Queue<u32>) -> Result<()> {
    let job = waiting.get().await?;
    underway.put_nowait(job)?;
    println!("{name} takes job {job}");
    sleep(Duration::from_secs(4)).await?;
    underway.get_nowait()?;
    println!("{name} has done job {job}");
    Ok(())
}

pub fn main() -> Result<()> {
    EventLoop::with_virtual_clock().run(async {
        let (waiting, underway) = (Queue::new(), Queue::new());
        waiting.put_nowait(7)?;
        let job = worker("anna", waiting.clone(), underway.clone());
        let anna = create_task(job).named("anna");
        let job = worker("ben", waiting.clone(), underway.clone());
        let ben = create_task(job).named("ben");
        sleep(Duration::from_secs(2)).await?;
        anna.cancel();
        println!("anna dies");
        sleep(Duration::from_secs(1)).await?;
        waiting.put_nowait(underway.get_nowait()?)?;
        println!("job 7 is put back");
        ben.await
    })
}

//! Ahead: with a queue between them, the maker is a task of its own.

use asyncio::observe::note;
use asyncio::{Queue, Result, create_task, sleep};
use std::time::Duration;

async fn make(queue: Queue<u32>) -> Result<()> {
    for number in 1..=3 {
        sleep(Duration::from_secs(1)).await?;
        queue.put(number).await?;
        note(format!("made {number}"));
    }
    Ok(())
}

pub async fn main() -> Result<()> {
    let queue = Queue::bounded(1);
    let maker = create_task(make(queue.clone())).named("maker");
    for _ in 1..=3 {
        let item = queue.get().await?;
        sleep(Duration::from_secs(2)).await?;
        note(format!("used {item}"));
    }
    maker.await
}

//! Ahead: with a queue between them, the maker is a task of its own.

use asyncio::{EventLoop, Queue, Result, create_task, sleep};
use std::time::Duration;

async fn make(queue: Queue<u32>) -> Result<()> {
    for number in 1..=3 {
        sleep(Duration::from_secs(1)).await?;
        queue.put(number).await?;
        println!("made {number}");
    }
    Ok(())
}

pub fn main() -> Result<()> {
    EventLoop::with_virtual_clock().run(async {
        let queue = Queue::bounded(1);
        let maker = create_task(make(queue.clone())).named("maker");
        for _ in 1..=3 {
            let item = queue.get().await?;
            sleep(Duration::from_secs(2)).await?;
            println!("used {item}");
        }
        maker.await
    })
}

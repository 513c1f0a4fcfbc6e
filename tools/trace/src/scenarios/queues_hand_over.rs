//! A queue with room for one item lets producer and consumer take turns.

use asyncio::observe::note;
use asyncio::{Queue, Result, create_task};

pub async fn main() -> Result<()> {
    let queue = Queue::bounded(1);
    let items = queue.clone();
    let producer = create_task(async move {
        for n in 1..=3 {
            items.put(n).await?;
            note(format!("put {n}"));
        }
        Ok(())
    });
    let producer = producer.named("producer");
    for _ in 1..=3 {
        let n = queue.get().await?;
        note(format!("got {n}"));
    }
    producer.await
}

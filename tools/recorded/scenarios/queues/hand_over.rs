//! A queue with room for one item lets producer and consumer take turns.

use asyncio::{EventLoop, Queue, Result, create_task};

pub fn main() -> Result<()> {
    EventLoop::with_virtual_clock().run(async {
        let queue = Queue::bounded(1);
        let items = queue.clone();
        let producer = create_task(async move {
            for n in 1..=3 {
                items.put(n).await?;
                println!("put {n}");
            }
            Ok(())
        });
        let producer = producer.named("producer");
        for _ in 1..=3 {
            let n = queue.get().await?;
            println!("got {n}");
        }
        producer.await
    })
}

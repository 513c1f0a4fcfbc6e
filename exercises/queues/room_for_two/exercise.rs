use asyncio::{EventLoop, Queue, Result, create_task};

async fn produce(queue: Queue<u32>) -> Result<()> {
    for number in 1..=4 {
        queue.put(number).await?;
        println!("put {number}");
    }
    Ok(())
}

fn main() -> Result<()> {
    EventLoop::new().run(async {
        let queue = Queue::bounded(2);
        let producer = create_task(produce(queue.clone()));
        for _ in 1..=4 {
            println!("got {}", queue.get().await?);
        }
        producer.await
    })
}

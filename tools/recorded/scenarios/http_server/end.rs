//! The end of a server: nothing new is taken, and what is under way is answered. A queue plays the network.

use asyncio::{EventLoop, Queue, Result, create_task, sleep, task_group};
use std::time::Duration;

async fn answer(number: u32) -> Result<()> {
    sleep(Duration::from_millis(500)).await?;
    println!("answer {number}");
    Ok(())
}

async fn serve(requests: Queue<Option<u32>>) -> Result<()> {
    task_group(async |group| {
        while let Some(number) = requests.get().await? {
            let task = group.create_task(answer(number))?;
            task.any().set_name(format!("request {number}"));
        }
        println!("nothing new is taken");
        Ok(())
    })
    .await
}

pub fn main() -> Result<()> {
    EventLoop::with_virtual_clock().run(async {
        let requests = Queue::new();
        let server = create_task(serve(requests.clone())).named("server");
        requests.put_nowait(Some(1))?;
        sleep(Duration::from_millis(200)).await?;
        requests.put_nowait(Some(2))?;
        sleep(Duration::from_millis(200)).await?;
        requests.put_nowait(None)?;
        requests.put_nowait(Some(3))?;
        server.await?;
        println!("the end; not taken: {}", requests.qsize());
        Ok(())
    })
}

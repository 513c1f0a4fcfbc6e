//! A task for each client: half a line keeps nobody waiting but its sender. Queues play the sockets.

use asyncio::{EventLoop, Queue, Result, create_task, sleep};
use std::time::Duration;

async fn serve(client: &str, socket: Queue<&'static str>) -> Result<()> {
    let mut line = String::new();
    while !line.ends_with('\n') {
        line.push_str(socket.get().await?);
    }
    println!("answer to {client}: {}", line.trim_end());
    Ok(())
}

pub fn main() -> Result<()> {
    EventLoop::with_virtual_clock().run(async {
        let (anna, ben) = (Queue::new(), Queue::new());
        let first = create_task(serve("anna", anna.clone())).named("anna's task");
        let second = create_task(serve("ben", ben.clone())).named("ben's task");
        anna.put_nowait("add 1")?;
        sleep(Duration::from_secs(1)).await?;
        ben.put_nowait("add 2 3\n")?;
        sleep(Duration::from_secs(1)).await?;
        anna.put_nowait(" 2\n")?;
        first.await?;
        second.await
    })
}

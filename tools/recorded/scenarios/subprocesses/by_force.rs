//! Ask, wait for a moment, then use force. A task plays the child, which does not listen.

use asyncio::{Event, EventLoop, Result, ReturnWhen, create_task, sleep, wait};
use std::time::Duration;

async fn child(asked: Event) -> Result<()> {
    asked.wait().await?;
    println!("asked to end, and in no hurry");
    Ok(sleep(Duration::from_secs(60)).await?)
}

pub fn main() -> Result<()> {
    EventLoop::with_virtual_clock().run(async {
        let terminate = Event::new();
        let child = create_task(child(terminate.clone())).named("child");
        sleep(Duration::from_secs(1)).await?;
        terminate.set();
        let moment = Duration::from_secs(2);
        wait([&child], moment, ReturnWhen::AllCompleted).await?;
        println!("it goes on: by force");
        child.cancel();
        println!("ended: {}", child.await.is_err());
        Ok(())
    })
}

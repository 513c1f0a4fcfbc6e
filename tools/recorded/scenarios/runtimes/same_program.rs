//! Three tasks take turns, and nobody sleeps.

use asyncio::{EventLoop, Result, create_task, yield_now};

async fn count(name: &str) -> Result<()> {
    for n in 1..=2 {
        println!("{name} {n}");
        yield_now().await?;
    }
    Ok(())
}

pub fn main() -> Result<()> {
    EventLoop::with_virtual_clock().run(async {
        let tasks = ["a", "b", "c"].map(|name| create_task(count(name)).named(name));
        println!("three tasks, none has begun");
        for task in tasks {
            task.await?;
        }
        Ok(())
    })
}

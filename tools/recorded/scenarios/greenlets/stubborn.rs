//! Stubborn: who never gives way is done before the next begins.

use asyncio::{EventLoop, Result, create_task, gather};

async fn work(name: &str) -> Result<()> {
    for n in 1..=2 {
        println!("{name} {n}");
    }
    Ok(())
}

pub fn main() -> Result<()> {
    EventLoop::with_virtual_clock().run(async {
        gather(["a", "b", "c"].map(|name| create_task(work(name)).named(name))).await?;
        Ok(())
    })
}

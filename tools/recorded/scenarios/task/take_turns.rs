//! Tasks that yield take turns.

use asyncio::{EventLoop, Result, create_task, yield_now};

async fn count(name: &'static str) -> Result<()> {
    for n in 1..=3 {
        println!("{name} {n}");
        yield_now().await?;
    }
    Ok(())
}

pub fn main() -> Result<()> {
    EventLoop::with_virtual_clock().run(async {
        let a = create_task(count("a")).named("a");
        let b = create_task(count("b")).named("b");
        a.await?;
        b.await
    })
}

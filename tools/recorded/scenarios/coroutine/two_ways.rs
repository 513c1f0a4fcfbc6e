//! What is awaited runs at once, within the same step; what is scheduled waits for its turn.

use asyncio::{EventLoop, Result, create_task};

async fn tea(name: &str) -> Result<&str> {
    println!("{name} starts");
    Ok(name)
}

pub fn main() -> Result<()> {
    EventLoop::with_virtual_clock().run(async {
        let green = tea("green").await?;
        println!("awaited {green}");
        let black = create_task(tea("black")).named("black");
        println!("scheduled black");
        println!("awaited {}", black.await?);
        Ok(())
    })
}

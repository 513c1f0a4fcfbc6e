use asyncio::{EventLoop, Result};

fn main() -> Result<()> {
    EventLoop::with_virtual_clock().run(async {
        println!("first");
        println!("second");
        Ok(())
    })
}

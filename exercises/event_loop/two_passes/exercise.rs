use asyncio::{EventLoop, Result};
use std::time::Duration;

fn main() -> Result<()> {
    let event_loop = EventLoop::with_virtual_clock();
    event_loop.call_later(Duration::ZERO, || println!("timer"));
    let inner = event_loop.clone();
    event_loop.call_soon(move || {
        println!("first");
        inner.call_soon(|| println!("nested"));
        inner.stop();
    });
    event_loop.call_soon(|| println!("second"));
    event_loop.run_forever()?;
    println!("returned");
    event_loop.call_soon(|| println!("third"));
    event_loop.stop();
    event_loop.run_forever()?;
    println!("closed");
    Ok(())
}

use asyncio::{EventLoop, Result, to_thread};
use std::sync::{Arc, Barrier};
use std::thread;

fn main() -> Result<()> {
    let event_loop = EventLoop::new();
    let both_are_there = Arc::new(Barrier::new(2));
    let messengers = ["left", "right"].map(|name| {
        let (handle, both_are_there) = (event_loop.handle(), both_are_there.clone());
        thread::spawn(move || {
            both_are_there.wait();
            let message = move || println!("a message from the {name}");
            handle.call_soon_threadsafe(message).map(drop)
        })
    });
    event_loop.run(async {
        for messenger in messengers {
            to_thread(|| Ok(messenger.join().unwrap()?)).await?;
        }
        println!("both have ended");
        Ok(())
    })
}

use asyncio::{EventLoop, Result, get_running_loop, sleep};
use std::{sync::mpsc, thread, time::Duration};

fn say(what: &str) {
    let now = get_running_loop().unwrap().time().as_secs();
    println!("{what} in second {now}");
}

async fn wait(name: &'static str, seconds: u64) -> Result<()> {
    sleep(Duration::from_secs(seconds)).await?;
    say(name);
    Ok(())
}

fn block(name: &str, seconds: u64) {
    let event_loop = get_running_loop().unwrap();
    event_loop.advance(Duration::from_secs(seconds)); // Stands for a blocking call.
    say(name);
}

fn main() -> Result<()> {
    let (tell, told) = mpsc::channel();
    let (go, may_go) = mpsc::channel::<()>();
    let thread = thread::spawn(move || {
        let event_loop = EventLoop::with_virtual_clock();
        tell.send(event_loop.handle()).unwrap();
        may_go.recv().unwrap();
        event_loop.run_forever().unwrap();
    });
    let handle = told.recv()?;
    let one = handle.run_coroutine_threadsafe(|| wait("waited for one", 1))?;
    handle.call_soon_threadsafe(|| block("blocked for three", 3))?;
    let two = handle.run_coroutine_threadsafe(|| wait("waited for two", 2))?;
    println!("all are in");
    go.send(())?;
    one.result(None)?;
    two.result(None)?;
    handle.stop()?;
    thread.join().unwrap();
    Ok(())
}

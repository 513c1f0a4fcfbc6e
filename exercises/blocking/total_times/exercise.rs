use asyncio::{EventLoop, Result, gather, get_running_loop, sleep};
use std::time::Duration;

async fn wait(seconds: u64) -> Result<()> {
    Ok(sleep(Duration::from_secs(seconds)).await?)
}

async fn block(seconds: u64) -> Result<()> {
    let event_loop = get_running_loop()?;
    event_loop.advance(Duration::from_secs(seconds)); // Stands for a blocking call.
    Ok(())
}

async fn second_blocks(number: u64, seconds: u64) -> Result<()> {
    if number == 2 {
        block(seconds).await
    } else {
        wait(seconds).await
    }
}

fn took(work: impl Future<Output = Result<()>> + 'static) -> u64 {
    let event_loop = EventLoop::with_virtual_clock();
    event_loop.run(work).unwrap();
    event_loop.time().as_secs()
}

fn main() {
    let in_turn = took(async {
        wait(1).await?;
        wait(3).await?;
        wait(2).await
    });
    println!("waiting in turn: {in_turn} s");
    let waiting = took(async { gather([wait(1), wait(3), wait(2)]).await.map(drop) });
    println!("waiting, gathered: {waiting} s");
    let blocking = took(async { gather([block(1), block(3), block(2)]).await.map(drop) });
    println!("blocking, gathered: {blocking} s");
    let calls = [(1, 1), (2, 3), (3, 2)].map(|(number, seconds)| second_blocks(number, seconds));
    let mixed = took(async { gather(calls).await.map(drop) });
    println!("the second blocks, gathered: {mixed} s");
}

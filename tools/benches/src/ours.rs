//! The operations on this library's loop. `rows` says in a sentence what each is.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use asyncio::{
    EventLoop, Promise, Queue, Result, TcpListener, TcpStream, create_task, gather, get_running_loop, sleep, yield_now,
};

use crate::rows::{MESSAGE, Size, timer_delay};

/// Runs `body` as the main task of a new loop and measures it from inside.
pub fn timed(body: impl Future<Output = Result<()>> + 'static) -> Duration {
    EventLoop::new()
        .run(async {
            let start = Instant::now();
            body.await?;
            Ok(start.elapsed())
        })
        .expect("nothing in a measurement fails")
}

/// Spawns all, then awaits each in turn, as the other columns do.
async fn join<T: Clone + 'static>(
    futures: impl Iterator<Item = impl Future<Output = Result<T>> + 'static>,
) -> Result<()> {
    let tasks: Vec<_> = futures.map(create_task).collect();
    for task in tasks {
        task.await?;
    }
    Ok(())
}

pub async fn spawn_await(size: Size) -> Result<()> {
    for _ in 0..size.repeats {
        create_task(async { Ok(()) }).await?;
    }
    Ok(())
}

pub async fn yields(size: Size) -> Result<()> {
    join((0..size.at_once).map(|_| async move {
        for _ in 0..size.repeats {
            yield_now().await?;
        }
        Ok(())
    }))
    .await
}

pub async fn call_soon(size: Size) -> Result<()> {
    let event_loop = get_running_loop()?;
    for _ in 0..size.repeats {
        let batch = Rc::new((Cell::new(size.at_once), event_loop.create_promise()));
        for _ in 0..size.at_once {
            let batch = batch.clone();
            event_loop.call_soon(move || {
                let (left, all_ran) = &*batch;
                left.set(left.get() - 1);
                if left.get() == 0 {
                    all_ran.set_result(()).expect("set once");
                }
            });
        }
        (&batch.1).await?;
    }
    Ok(())
}

pub async fn call_soon_chain(size: Size) -> Result<()> {
    fn next(event_loop: EventLoop, left: usize, ended: Promise<()>) {
        event_loop.clone().call_soon(move || match left {
            0 => ended.set_result(()).expect("set once"),
            _ => next(event_loop, left - 1, ended),
        });
    }
    let event_loop = get_running_loop()?;
    let ended = event_loop.create_promise();
    next(event_loop, size.repeats, ended.clone());
    ended.await
}

pub async fn call_later_cancel(size: Size) -> Result<()> {
    let event_loop = get_running_loop()?;
    for _ in 0..size.repeats {
        for _ in 0..size.at_once {
            event_loop.call_later(Duration::from_secs(60), || ()).cancel();
        }
        yield_now().await?;
    }
    Ok(())
}

pub async fn gathers(size: Size) -> Result<()> {
    for _ in 0..size.repeats {
        gather((0..size.at_once).map(|n| async move { Ok(n) })).await?;
    }
    Ok(())
}

pub async fn queue(size: Size) -> Result<()> {
    let queue = Queue::bounded(100);
    for n in 0..size.repeats {
        queue.put(n).await?;
        queue.get().await?;
    }
    Ok(())
}

pub async fn ping_pong(size: Size) -> Result<()> {
    let (pings, pongs) = (Queue::bounded(1), Queue::bounded(1));
    let (pinged, pong) = (pings.clone(), pongs.clone());
    let answering = create_task(async move {
        for _ in 0..size.repeats {
            let n: usize = pinged.get().await?;
            pong.put(n).await?;
        }
        Ok(())
    });
    for n in 0..size.repeats {
        pings.put(n).await?;
        pongs.get().await?;
    }
    answering.await
}

pub async fn tcp_echo(size: Size) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let answering = create_task(async move {
        let (stream, _) = listener.accept().await?;
        let mut buffer = [0; MESSAGE];
        for _ in 0..size.repeats {
            read_exactly(&stream, &mut buffer).await?;
            stream.write_all(&buffer).await?;
        }
        Ok(())
    });
    let stream = TcpStream::connect(address).await?;
    let mut buffer = [0; MESSAGE];
    for _ in 0..size.repeats {
        stream.write_all(&buffer).await?;
        read_exactly(&stream, &mut buffer).await?;
    }
    answering.await
}

async fn read_exactly(stream: &TcpStream, buffer: &mut [u8]) -> Result<()> {
    let mut filled = 0;
    while filled < buffer.len() {
        let read = stream.read(&mut buffer[filled..]).await?;
        assert!(read > 0, "the other side ended early");
        filled += read;
    }
    Ok(())
}

pub async fn timers(size: Size) -> Result<()> {
    join((0..size.at_once).map(|n| async move { Ok(sleep(timer_delay(n)).await?) })).await
}

pub async fn spawn_yield(size: Size) -> Result<()> {
    for _ in 0..size.repeats {
        join((0..size.at_once).map(|_| async { Ok(yield_now().await?) })).await?;
    }
    Ok(())
}

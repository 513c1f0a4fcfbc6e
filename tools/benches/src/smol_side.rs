//! The operations on smol's executor and its one thread. `rows` says in a sentence what each is.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures::poll;
use smol::Timer;
use smol::channel;
use smol::future::yield_now;
use smol::io::{AsyncReadExt, AsyncWriteExt};
use smol::net::{TcpListener, TcpStream};

use crate::rows::{MESSAGE, Size, timer_delay};

/// Measures `body` from inside a task of its own, as on Tokio.
pub fn timed(body: impl Future<Output = ()> + Send + 'static) -> Duration {
    smol::block_on(smol::spawn(async {
        let start = Instant::now();
        body.await;
        start.elapsed()
    }))
}

/// Spawns all and awaits them in turn.
async fn join<F>(futures: impl Iterator<Item = F>) -> Vec<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    let tasks: Vec<_> = futures.map(smol::spawn).collect();
    let mut values = Vec::with_capacity(tasks.len());
    for task in tasks {
        values.push(task.await);
    }
    values
}

pub async fn spawn_await(size: Size) {
    for _ in 0..size.repeats {
        smol::spawn(async {}).await;
    }
}

pub async fn yields(size: Size) {
    join((0..size.at_once).map(|_| async move {
        for _ in 0..size.repeats {
            yield_now().await;
        }
    }))
    .await;
}

pub async fn call_soon(size: Size) {
    let (tell, told) = channel::bounded(1);
    for _ in 0..size.repeats {
        let left = Arc::new(AtomicUsize::new(size.at_once));
        for _ in 0..size.at_once {
            let (left, tell) = (left.clone(), tell.clone());
            let count = async move {
                if left.fetch_sub(1, Ordering::AcqRel) == 1 {
                    tell.try_send(()).expect("one message at a time");
                }
            };
            smol::spawn(count).detach();
        }
        told.recv().await.unwrap();
    }
}

pub async fn call_soon_chain(size: Size) {
    fn next(left: usize, ended: channel::Sender<()>) {
        let count = async move {
            match left {
                0 => ended.try_send(()).expect("one message"),
                _ => next(left - 1, ended),
            }
        };
        smol::spawn(count).detach();
    }
    let (ended, told) = channel::bounded(1);
    next(size.repeats, ended);
    told.recv().await.unwrap();
}

pub async fn call_later_cancel(size: Size) {
    for _ in 0..size.repeats {
        for _ in 0..size.at_once {
            let timer = pin!(Timer::after(Duration::from_secs(60)));
            assert!(poll!(timer).is_pending());
        }
        yield_now().await;
    }
}

pub async fn gathers(size: Size) {
    for _ in 0..size.repeats {
        join((0..size.at_once).map(|n| async move { n })).await;
    }
}

pub async fn queue(size: Size) {
    let (sender, receiver) = channel::bounded(100);
    for n in 0..size.repeats {
        sender.send(n).await.unwrap();
        receiver.recv().await.unwrap();
    }
}

pub async fn ping_pong(size: Size) {
    let (ping, pinged) = channel::bounded::<usize>(1);
    let (pong, ponged) = channel::bounded(1);
    let answering = smol::spawn(async move {
        for _ in 0..size.repeats {
            let n = pinged.recv().await.unwrap();
            pong.send(n).await.unwrap();
        }
    });
    for n in 0..size.repeats {
        ping.send(n).await.unwrap();
        ponged.recv().await.unwrap();
    }
    answering.await;
}

pub async fn tcp_echo(size: Size) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let answering = smol::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut buffer = [0; MESSAGE];
        for _ in 0..size.repeats {
            stream.read_exact(&mut buffer).await.unwrap();
            stream.write_all(&buffer).await.unwrap();
        }
    });
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut buffer = [0; MESSAGE];
    for _ in 0..size.repeats {
        stream.write_all(&buffer).await.unwrap();
        stream.read_exact(&mut buffer).await.unwrap();
    }
    answering.await;
}

pub async fn timers(size: Size) {
    join((0..size.at_once).map(|n| async move {
        Timer::after(timer_delay(n)).await;
    }))
    .await;
}

pub async fn spawn_yield(size: Size) {
    for _ in 0..size.repeats {
        join((0..size.at_once).map(|_| yield_now())).await;
    }
}

/// Makes idle tasks, and calls `resident` before there are any and when all of them wait.
pub fn idle_tasks(tasks: usize, resident: fn() -> Option<u64>) -> Option<u64> {
    smol::block_on(smol::spawn(async move {
        let (_never, nothing) = channel::bounded::<()>(1);
        let waiting = Arc::new(AtomicUsize::new(0));
        let before = resident();
        for _ in 0..tasks {
            let (nothing, waiting) = (nothing.clone(), waiting.clone());
            let idle = async move {
                waiting.fetch_add(1, Ordering::AcqRel);
                let _ = nothing.recv().await;
            };
            smol::spawn(idle).detach();
        }
        while waiting.load(Ordering::Acquire) < tasks {
            yield_now().await;
        }
        let after = resident();
        before.zip(after).map(|(before, after)| after - before)
    }))
}

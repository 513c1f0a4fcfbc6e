//! The operations on Tokio's two schedulers. `rows` says in a sentence what each is.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures::poll;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Notify, mpsc};
use tokio::task::yield_now;
use tokio::time::sleep;

use crate::rows::{MESSAGE, Size, timer_delay};

pub fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("the operating system has a poller")
}

/// As many workers as there are cores, which is Tokio's own choice.
pub fn multi_thread() -> Runtime {
    Builder::new_multi_thread().enable_all().build().expect("the operating system has threads")
}

/// Measures `body` from inside a task of its own: what `block_on` itself polls is outside the workers, and spawning from there is
/// slower.
pub fn timed(runtime: &Runtime, body: impl Future<Output = ()> + Send + 'static) -> Duration {
    runtime
        .block_on(runtime.spawn(async {
            let start = Instant::now();
            body.await;
            start.elapsed()
        }))
        .expect("nothing in a measurement fails")
}

/// Spawns all and awaits them in turn, which gives the values in order as `gather` does.
///
/// `join_all` over the handles reads better and would be a poor opponent here: past 128 of them, Tokio's budget makes every poll
/// of the whole fail, and its time grows with the square of their number.
async fn join<F>(futures: impl Iterator<Item = F>) -> Vec<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    let tasks: Vec<_> = futures.map(tokio::spawn).collect();
    let mut values = Vec::with_capacity(tasks.len());
    for task in tasks {
        values.push(task.await.expect("nothing in a measurement fails"));
    }
    values
}

pub async fn spawn_await(size: Size) {
    for _ in 0..size.repeats {
        tokio::spawn(async {}).await.unwrap();
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
    for _ in 0..size.repeats {
        let batch = Arc::new((AtomicUsize::new(size.at_once), Notify::new()));
        for _ in 0..size.at_once {
            let batch = batch.clone();
            tokio::spawn(async move {
                let (left, all_ran) = &*batch;
                if left.fetch_sub(1, Ordering::AcqRel) == 1 {
                    all_ran.notify_one();
                }
            });
        }
        batch.1.notified().await;
    }
}

pub async fn call_soon_chain(size: Size) {
    fn next(left: usize, ended: Arc<Notify>) {
        tokio::spawn(async move {
            match left {
                0 => ended.notify_one(),
                _ => next(left - 1, ended),
            }
        });
    }
    let ended = Arc::new(Notify::new());
    next(size.repeats, ended.clone());
    ended.notified().await;
}

pub async fn call_later_cancel(size: Size) {
    for _ in 0..size.repeats {
        for _ in 0..size.at_once {
            let timer = pin!(sleep(Duration::from_secs(60)));
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
    let (sender, mut receiver) = mpsc::channel(100);
    for n in 0..size.repeats {
        sender.send(n).await.unwrap();
        receiver.recv().await.unwrap();
    }
}

pub async fn ping_pong(size: Size) {
    let (ping, mut pinged) = mpsc::channel::<usize>(1);
    let (pong, mut ponged) = mpsc::channel(1);
    let answering = tokio::spawn(async move {
        for _ in 0..size.repeats {
            let n = pinged.recv().await.unwrap();
            pong.send(n).await.unwrap();
        }
    });
    for n in 0..size.repeats {
        ping.send(n).await.unwrap();
        ponged.recv().await.unwrap();
    }
    answering.await.unwrap();
}

pub async fn tcp_echo(size: Size) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let answering = tokio::spawn(async move {
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
    answering.await.unwrap();
}

pub async fn timers(size: Size) {
    join((0..size.at_once).map(|n| sleep(timer_delay(n)))).await;
}

pub async fn spawn_yield(size: Size) {
    for _ in 0..size.repeats {
        join((0..size.at_once).map(|_| yield_now())).await;
    }
}

//! The operations on Tokio's two schedulers. `rows` says in a sentence what each is.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

use cpu_time::ProcessTime;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Notify, mpsc};
use tokio::task::yield_now;
use tokio::time::sleep;

use crate::size::{MESSAGE, Size, timer_delay};

pub fn current_thread() -> Runtime {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("the operating system has a poller")
}

/// As many workers as there are cores, which is Tokio's own choice.
pub fn multi_thread() -> Runtime {
    Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("the operating system has threads")
}

/// Measures `body` from inside a task of its own: what `block_on` itself polls is outside the workers, and spawning from there is
/// slower.
fn timed(runtime: &Runtime, body: impl Future<Output = ()> + Send + 'static) -> Duration {
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

pub fn spawn_await(runtime: &Runtime, size: Size) -> Duration {
    timed(runtime, async move {
        for _ in 0..size.repeats {
            tokio::spawn(async {}).await.unwrap();
        }
    })
}

pub fn yields(runtime: &Runtime, size: Size) -> Duration {
    timed(runtime, async move {
        join((0..size.at_once).map(|_| async move {
            for _ in 0..size.repeats {
                yield_now().await;
            }
        }))
        .await;
    })
}

pub fn call_soon(runtime: &Runtime, size: Size) -> Duration {
    struct Batch {
        left: AtomicUsize,
        all_ran: Notify,
    }
    timed(runtime, async move {
        for _ in 0..size.repeats {
            let batch = Arc::new(Batch {
                left: AtomicUsize::new(size.at_once),
                all_ran: Notify::new(),
            });
            for _ in 0..size.at_once {
                let batch = batch.clone();
                tokio::spawn(async move {
                    if batch.left.fetch_sub(1, Ordering::AcqRel) == 1 {
                        batch.all_ran.notify_one();
                    }
                });
            }
            batch.all_ran.notified().await;
        }
    })
}

pub fn call_soon_chain(runtime: &Runtime, size: Size) -> Duration {
    fn next(left: usize, ended: Arc<Notify>) {
        tokio::spawn(async move {
            match left {
                0 => ended.notify_one(),
                _ => next(left - 1, ended),
            }
        });
    }
    timed(runtime, async move {
        let ended = Arc::new(Notify::new());
        next(size.repeats, ended.clone());
        ended.notified().await;
    })
}

pub fn call_later_cancel(runtime: &Runtime, size: Size) -> Duration {
    timed(runtime, async move {
        for _ in 0..size.repeats {
            for _ in 0..size.at_once {
                let mut timer = pin!(sleep(Duration::from_secs(60)));
                poll_fn(|cx| {
                    assert!(timer.as_mut().poll(cx).is_pending());
                    Poll::Ready(())
                })
                .await;
            }
            yield_now().await;
        }
    })
}

pub fn gathers(runtime: &Runtime, size: Size) -> Duration {
    timed(runtime, async move {
        for _ in 0..size.repeats {
            join((0..size.at_once).map(|n| async move { n })).await;
        }
    })
}

pub fn queue(runtime: &Runtime, size: Size) -> Duration {
    timed(runtime, async move {
        let (sender, mut receiver) = mpsc::channel(100);
        for n in 0..size.repeats {
            sender.send(n).await.unwrap();
            receiver.recv().await.unwrap();
        }
    })
}

pub fn ping_pong(runtime: &Runtime, size: Size) -> Duration {
    timed(runtime, async move {
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
    })
}

pub fn tcp_echo(runtime: &Runtime, size: Size) -> Duration {
    timed(runtime, async move {
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
    })
}

pub fn timers(runtime: &Runtime, size: Size) -> Duration {
    let start = ProcessTime::now();
    timed(runtime, async move {
        join((0..size.at_once).map(|n| sleep(timer_delay(n)))).await;
    });
    start.elapsed()
}

pub fn spawn_yield(runtime: &Runtime, size: Size) -> Duration {
    timed(runtime, async move {
        for _ in 0..size.repeats {
            join((0..size.at_once).map(|_| yield_now())).await;
        }
    })
}

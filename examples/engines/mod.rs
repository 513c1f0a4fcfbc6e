//! One program, and the engines that it runs on.

use std::collections::HashSet;
use std::thread::{self, ThreadId};
use std::time::Duration;

use futures::channel::{mpsc, oneshot};
use futures::{FutureExt, StreamExt};
use tokio::runtime::{self, Runtime};

// ANCHOR: engine
/// What a program asks of its engine; all else comes from the language and `futures`.
pub trait Engine: Copy + Send + Sync + 'static {
    const NAME: &'static str;

    /// Runs a whole program.
    fn run<T: Clone + 'static>(self, main: impl Future<Output = T> + 'static) -> T;

    /// Makes a task, which goes on even if nobody awaits it.
    fn spawn(self, body: impl Future<Output = ()> + Send + 'static);

    fn sleep(self, time: Duration) -> impl Future<Output = ()> + Send;
}
// ANCHOR_END: engine

// ANCHOR: program
/// What a run of the program has seen.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub numbers: usize,
    pub sum: u64,
    pub threads: HashSet<ThreadId>,
}

/// Adds up the numbers that tasks send, after a sleep of 1 to 10 ms each.
pub async fn program(engine: impl Engine, tasks: u64) -> Answer {
    let (sender, mut receiver) = mpsc::unbounded();
    for number in 0..tasks {
        let sender = sender.clone();
        engine.spawn(async move {
            engine.sleep(Duration::from_millis(number % 10 + 1)).await;
            let _ = sender.unbounded_send((number, thread::current().id()));
        });
    }
    drop(sender);
    let (mut numbers, mut sum, mut threads) = (0, 0, HashSet::new());
    while let Some((number, thread)) = receiver.next().await {
        numbers += 1;
        sum += number;
        threads.insert(thread);
    }
    Answer {
        numbers,
        sum,
        threads,
    }
}
// ANCHOR_END: program

// ANCHOR: ours
#[derive(Clone, Copy)]
pub struct Ours;

impl Engine for Ours {
    const NAME: &'static str = "the loop of this book";

    fn run<T: Clone + 'static>(self, main: impl Future<Output = T> + 'static) -> T {
        asyncio::run(async { Ok(main.await) }).expect("nobody cancels it")
    }

    fn spawn(self, body: impl Future<Output = ()> + Send + 'static) {
        asyncio::create_task(body.map(Ok));
    }

    /// Tells the task by a channel: the loop's own `sleep` may not leave its thread.
    async fn sleep(self, time: Duration) {
        let (tell, told) = oneshot::channel();
        asyncio::get_running_loop()
            .expect("inside a task")
            .call_later(time, move || {
                let _ = tell.send(());
            });
        let _ = told.await;
    }
}
// ANCHOR_END: ours

// ANCHOR: tokio
#[derive(Clone, Copy)]
pub struct CurrentThread;

impl Engine for CurrentThread {
    const NAME: &'static str = "Tokio current-thread";

    fn run<T: Clone + 'static>(self, main: impl Future<Output = T> + 'static) -> T {
        let mut builder = runtime::Builder::new_current_thread();
        builder
            .enable_time()
            .build()
            .expect("a runtime")
            .block_on(main)
    }

    fn spawn(self, body: impl Future<Output = ()> + Send + 'static) {
        tokio::spawn(body);
    }

    async fn sleep(self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}
// ANCHOR_END: tokio

/// Tokio with two threads, however many cores there are.
#[derive(Clone, Copy)]
pub struct MultiThread;

impl Engine for MultiThread {
    const NAME: &'static str = "Tokio multi-thread";

    fn run<T: Clone + 'static>(self, main: impl Future<Output = T> + 'static) -> T {
        two_threads().block_on(main)
    }

    fn spawn(self, body: impl Future<Output = ()> + Send + 'static) {
        tokio::spawn(body);
    }

    async fn sleep(self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}

fn two_threads() -> Runtime {
    let mut builder = runtime::Builder::new_multi_thread();
    let builder = builder.worker_threads(2).enable_time();
    builder.build().expect("a runtime")
}

// ANCHOR: smol
#[derive(Clone, Copy)]
pub struct Smol;

impl Engine for Smol {
    const NAME: &'static str = "smol";

    fn run<T: Clone + 'static>(self, main: impl Future<Output = T> + 'static) -> T {
        smol::block_on(main)
    }

    fn spawn(self, body: impl Future<Output = ()> + Send + 'static) {
        smol::spawn(body).detach();
    }

    async fn sleep(self, time: Duration) {
        smol::Timer::after(time).await;
    }
}
// ANCHOR_END: smol

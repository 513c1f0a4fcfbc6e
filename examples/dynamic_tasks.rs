//! Work from outside: a loop on a thread of its own, and other threads that give it callbacks, coroutines and jobs.
//!
//! Run it with `cargo run --example dynamic_tasks`; add `-- --help` for its parts.
//! It prints what its Python twin, `dynamic_tasks.py`, prints. Threads cannot wait in virtual time, so it waits in real time.

mod support;

use std::process::ExitCode;
use std::sync::mpsc::{self, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use asyncio::{Error, EventLoop, LoopHandle, Result, create_task, gather, sleep};
use futures::StreamExt;
use futures::channel::mpsc as channel;
use support::Part;

/// The jobs take 6 and 3 seconds; the example is faster than its story by this factor.
const FACTOR: u32 = 50;

fn story(seconds: u64) -> Duration {
    Duration::from_secs(seconds) / FACTOR
}

fn main() -> ExitCode {
    support::run(
        "Work from outside: callbacks, coroutines and jobs for a loop on another thread.",
        &[
            Part {
                name: "callbacks",
                about: "two blocking jobs take the sum, in the order in which they came",
                run: |_| callbacks(),
            },
            Part {
                name: "coroutines",
                about: "two coroutines take the longest, and the shorter one ends first",
                run: |_| coroutines(),
            },
            Part {
                name: "results",
                about: "the result, the error, the timeout and the cancellation of a concurrent future",
                run: |_| results(),
            },
            Part {
                name: "dispatcher",
                about: "a channel into a task that starts the others",
                run: |_| dispatcher(),
            },
            Part {
                name: "shutdown",
                about: "a clean end loses nothing, a rude one does",
                run: |_| shutdown(),
            },
        ],
    )
}

/// An event loop that runs on a thread of its own.
struct LoopThread {
    handle: LoopHandle,
    thread: JoinHandle<Result<()>>,
}

impl LoopThread {
    fn start() -> Result<LoopThread> {
        let (tell, told) = mpsc::channel();
        let thread = thread::spawn(move || {
            let event_loop = EventLoop::new();
            // Who stops a loop too early hears of the tasks that are lost; here they are counted instead.
            event_loop.set_exception_handler(|_| ());
            tell.send(event_loop.handle())?;
            event_loop.run_forever()?;
            Ok(event_loop.close()?)
        });
        let handle = told.recv()?;
        Ok(LoopThread { handle, thread })
    }

    fn stop(self) -> Result<()> {
        self.handle.stop()?;
        self.thread.join().expect("the loop does not panic")
    }
}

const JOBS: [(&str, u64); 2] = [("first", 6), ("second", 3)];

fn callbacks() -> Result<()> {
    let background = LoopThread::start()?;
    let (done, completions) = mpsc::channel();
    let start = Instant::now();
    for (name, seconds) in JOBS {
        let done = done.clone();
        background.handle.call_soon_threadsafe(move || {
            thread::sleep(story(seconds)); // The job blocks, and the loop with it.
            Ok::<_, Error>(done.send(name)?)
        })?;
    }
    drop(done);
    println!("both are submitted, and this thread goes on");
    for name in completions {
        println!("{name} is done");
    }
    println!("took the sum, 9 s: {}", start.elapsed() >= story(9));
    background.stop()
}

fn coroutines() -> Result<()> {
    let background = LoopThread::start()?;
    let (mut order, mut took) = (Vec::new(), Duration::MAX);
    // On a busy machine a thread may have to wait for its turn, so there is more than one try.
    for _ in 0..5 {
        (order, took) = submit_coroutines(&background.handle)?;
        if took < story(9) {
            break;
        }
    }
    println!("both are submitted, and this thread goes on");
    for name in order {
        println!("{name} is done");
    }
    println!("took at least the longest, 6 s: {}", took >= story(6));
    println!("took less than the sum: {}", took < story(9));
    background.stop()
}

fn submit_coroutines(handle: &LoopHandle) -> Result<(Vec<&'static str>, Duration)> {
    let (done, completions) = mpsc::channel();
    let start = Instant::now();
    for (name, seconds) in JOBS {
        let done = done.clone();
        handle.run_coroutine_threadsafe(move || async move {
            sleep(story(seconds)).await?; // The job waits, and the loop goes on.
            Ok(done.send(name)?)
        })?;
    }
    drop(done);
    let order = completions.iter().collect();
    Ok((order, start.elapsed()))
}

fn results() -> Result<()> {
    let background = LoopThread::start()?;
    let handle = &background.handle;
    let sum = handle.run_coroutine_threadsafe(|| async { Ok(1 + 2) })?;
    println!("result: {}", sum.result(None)?);
    println!("cancel what is done: {}", sum.cancel());

    let failure =
        handle.run_coroutine_threadsafe(|| async { Err::<(), _>(Error::msg("out of tea")) })?;
    if let Err(error) = failure.result(None) {
        println!("error: {error}");
    }

    let slow = handle.run_coroutine_threadsafe(|| async {
        sleep(story(3)).await?;
        Ok("the slow result")
    })?;
    if slow.result(Duration::from_millis(1)).is_err() {
        println!("timed out; done: {}", slow.is_done());
    }
    println!("{}", slow.result(None)?);

    let (tell, told) = mpsc::channel();
    let endless = handle.run_coroutine_threadsafe(move || async move {
        tell.send("the task has begun")?;
        let slept = sleep(Duration::from_secs(3600)).await;
        tell.send("the task cleans up")?;
        Ok(slept?)
    })?;
    println!("{}", told.recv()?);
    println!("cancel: {}", endless.cancel());
    println!("{}", told.recv()?);
    if let Err(error) = endless.result(None) {
        println!("the other thread sees: {error}");
    }
    background.stop()
}

/// Two threads have numbers to be squared, and a runtime of Tokio squares them.
fn dispatcher() -> Result<()> {
    let (jobs, mut orders) = tokio::sync::mpsc::unbounded_channel::<u64>();
    let (done, completions) = mpsc::channel();
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let handle = runtime.handle().clone();
    let background = thread::spawn(move || {
        runtime.block_on(async move {
            while let Some(number) = orders.recv().await {
                let done = done.clone();
                tokio::spawn(async move { done.send(number * number) });
            }
            let here = thread::current().id();
            let there = tokio::task::spawn_blocking(|| thread::current().id()).await;
            there.is_ok_and(|there| there != here)
        })
    });

    let sum = handle.spawn(async { 1 + 2 });
    println!("sum: {}", futures::executor::block_on(sum)?);

    let producers = [[1, 2, 3], [4, 5, 6]].map(|numbers| {
        let jobs = jobs.clone();
        thread::spawn(move || numbers.map(|number| jobs.send(number)).len())
    });
    let submitted: usize = producers
        .map(|thread| thread.join().expect("it only sends"))
        .iter()
        .sum();
    println!("submitted: {submitted}");
    let mut squares: Vec<_> = completions.iter().take(submitted).collect();
    squares.sort_unstable();
    println!("squares: {squares:?}");
    drop(jobs);
    let elsewhere = background.join().expect("the runtime does not panic");
    println!("a blocking job has a thread of its own: {elsewhere}");
    Ok(())
}

fn shutdown() -> Result<()> {
    let background = LoopThread::start()?;
    let futures = (0..3).map(|_| {
        let job = || async { Ok(sleep(Duration::from_secs(3600)).await?) };
        background.handle.run_coroutine_threadsafe(job)
    });
    let futures = futures.collect::<Result<Vec<_>, _>>()?;
    background.stop()?;
    let lost = futures
        .iter()
        .filter(|future| future.result(Duration::ZERO).is_err())
        .count();
    println!("rude: lost {lost} of {}", futures.len());

    let (jobs, orders) = channel::unbounded();
    let (done, completions) = mpsc::channel();
    let background = thread::spawn(move || asyncio::run(work_off(orders, done)));
    let producers = [0, 100].map(|from| {
        let jobs = jobs.clone();
        thread::spawn(move || {
            (from..from + 50).for_each(|number| {
                jobs.unbounded_send(number)
                    .expect("the dispatcher takes it")
            });
        })
    });
    for thread in producers {
        thread.join().expect("it only sends");
    }
    drop(jobs); // Nothing can be submitted any more; what was submitted is in the channel or in flight.
    background.join().expect("the loop does not panic")?;
    println!("clean: done {} of 100", completions.iter().count());
    Ok(())
}

/// Takes jobs until the last sender is gone, then waits for all that are in flight.
async fn work_off(mut orders: channel::UnboundedReceiver<u32>, done: Sender<u32>) -> Result<()> {
    let mut tasks = Vec::new();
    while let Some(number) = orders.next().await {
        let done = done.clone();
        tasks.push(create_task(async move {
            sleep(Duration::from_millis(u64::from(number % 5))).await?;
            Ok(done.send(number)?)
        }));
    }
    gather(&tasks).await?;
    Ok(())
}

//! Clocks: a day that takes no time, drift, and an end on Ctrl-C.
//!
//! Run it with `cargo run --example clocks`; add `-- --help` for its parts and for real time.
//! It prints what its Python twin, `clocks.py`, prints.

mod support;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use asyncio::{
    Event, EventLoop, Result, ReturnWhen, create_task, gather, get_running_loop, sleep, to_thread,
    wait,
};
use support::{Part, seconds};

fn main() -> ExitCode {
    support::run(
        "Clocks: a day that takes no time, drift, and an end on Ctrl-C.",
        &[
            Part {
                name: "virtual",
                about: "a day of waiting, tested in no time",
                run: |_| virtual_day(),
            },
            Part {
                name: "drift",
                about: "a pause after the work falls behind",
                run: |event_loop| event_loop.run(drift()),
            },
            Part {
                name: "steady",
                about: "a beat that counts from a time, and skips what it has missed",
                run: |event_loop| event_loop.run(steady()),
            },
            Part {
                name: "ctrl_c",
                about: "tell everybody, wait with a limit, then go",
                run: |event_loop| event_loop.run(shop()),
            },
        ],
    )
}

const fn secs(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// Tells how long it is since a time of the running loop.
fn since(start: Duration) -> String {
    let now = get_running_loop().expect("inside a task").time();
    seconds(now - start)
}

/// Runs on a loop of its own, so that the day is virtual with `--real`, too.
fn virtual_day() -> Result<()> {
    let started = Instant::now();
    let event_loop = EventLoop::with_virtual_clock();
    event_loop.run(async {
        gather((1..=24).map(|hour| async move { Ok(sleep(secs(3600 * hour)).await?) })).await
    })?;
    println!("hours: {}", event_loop.time().as_secs() / 3600);
    let quick = started.elapsed() < secs(5);
    println!("in less than 5 s: {quick}");
    Ok(())
}

async fn drift() -> Result<()> {
    let start = get_running_loop()?.time();
    for _ in 0..4 {
        println!("blinks after {}", since(start));
        sleep(Duration::from_millis(500)).await?; // The work.
        sleep(secs(2)).await?;
    }
    Ok(())
}

async fn steady() -> Result<()> {
    let event_loop = get_running_loop()?;
    let start = event_loop.time();
    let mut due = start;
    for work in [0, 5, 0, 0, 0] {
        println!("rings after {}", since(start));
        sleep(secs(work)).await?;
        due += secs(2);
        while due < event_loop.time() {
            due += secs(2);
        }
        sleep(due - event_loop.time()).await?;
    }
    Ok(())
}

async fn shop() -> Result<()> {
    let closing = Event::new();
    let places = [("counter", 1), ("kitchen", 60)];
    let tasks = places.map(|(name, last)| create_task(place(name, last, closing.clone())));
    to_thread(wait_for_ctrl_c).await?;
    println!("Ctrl-C");
    let told = get_running_loop()?.time();
    closing.set();
    let waited = wait(&tasks, secs(5), ReturnWhen::AllCompleted).await?;
    println!(
        "{} closed, {} late",
        waited.done.len(),
        waited.pending.len()
    );
    println!("waited for {}", since(told));
    // The run that ends with this task cancels the kitchen.
    Ok(())
}

async fn place(name: &'static str, last: u64, closing: Event) -> Result<()> {
    closing.wait().await?;
    let outcome = sleep(secs(last)).await;
    match outcome {
        Ok(()) => println!("{name} closed"),
        Err(_) => println!("{name} left as it was"),
    }
    Ok(outcome?)
}

/// Blocks its thread until Ctrl-C, which it sends itself, because nobody is at the keyboard.
#[cfg(unix)]
fn wait_for_ctrl_c() -> Result<()> {
    use std::process::{Command, id};

    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    let send = async {
        Command::new("sh")
            .args(["-c", &format!("kill -INT {}", id())])
            .status()
    };
    // In this order the signal finds a listener.
    let (received, sent) =
        runtime.block_on(async { tokio::join!(biased; tokio::signal::ctrl_c(), send) });
    sent?;
    Ok(received?)
}

/// Stands for Ctrl-C where a program cannot send it to itself.
#[cfg(not(unix))]
fn wait_for_ctrl_c() -> Result<()> {
    Ok(())
}

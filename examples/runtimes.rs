//! One program on four engines: the loop of this book, Tokio's two schedulers, and smol.
//!
//! Run it with `cargo run --example runtimes`; add `-- --help` for its parts, and `-- engines` for a line about each engine.
//! It prints what its Python twin, `runtimes.py`, prints of asyncio and uvloop.

mod engines;
mod support;

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};
use std::{env, panic};

use asyncio::{EventLoop, Result, create_task};
use engines::{Answer, CurrentThread, Engine, MultiThread, Ours, Smol, program};
use futures::StreamExt;
use futures::channel::mpsc;
use support::Part;

const TASKS: u64 = 1_000;

fn main() -> ExitCode {
    support::run(
        "One program on several engines.",
        &[
            Part {
                name: "engines",
                about: "1,000 tasks on every engine",
                run: |_| every_engine(),
            },
            Part {
                name: "threads",
                about: "which engine runs two tasks at the same instant",
                run: |_| threads(),
            },
            Part {
                name: "bound",
                about: "a timer of one engine without it",
                run: |_| bound(),
            },
            Part {
                name: "order",
                about: "in which order the tasks of this loop begin",
                run: order,
            },
        ],
    )
}

struct Run {
    name: &'static str,
    answer: Answer,
    took: Duration,
}

fn run<E: Engine>(engine: E) -> Run {
    let start = Instant::now();
    let answer = engine.run(program(engine, TASKS));
    Run {
        name: E::NAME,
        answer,
        took: start.elapsed(),
    }
}

fn every_engine() -> Result<()> {
    let runs = [run(Ours), run(CurrentThread), run(MultiThread), run(Smol)];
    let sum = TASKS * (TASKS - 1) / 2;
    let right = runs.iter().all(|run| run.answer.sum == sum);
    println!("every engine adds up to {sum}: {right}");
    let all = runs.iter().all(|run| run.answer.numbers as u64 == TASKS);
    println!("every task ran once: {all}");
    let sleeping = Duration::from_millis((0..TASKS).map(|number| number % 10 + 1).sum());
    let together = runs.iter().all(|run| run.took < sleeping);
    println!("they slept at the same time: {together}");
    if env::args().any(|argument| argument == "engines") {
        for run in &runs {
            let (name, threads) = (run.name, run.answer.threads.len());
            println!("{name:<24}threads: {threads}{:>12.1?}", run.took);
        }
    }
    Ok(())
}

/// Where two tasks meet, if they run at the same instant.
#[derive(Clone, Default)]
struct Meeting(Arc<(Mutex<u32>, Condvar)>);

impl Meeting {
    /// Blocks the thread until the other one has come too, or the limit is over.
    fn meet(&self, limit: Duration) -> bool {
        let (come, changed) = &*self.0;
        let mut come = come.lock().expect("nobody panics here");
        *come += 1;
        changed.notify_all();
        let waiting = changed.wait_timeout_while(come, limit, |come| *come < 2);
        !waiting.expect("nobody panics here").1.timed_out()
    }
}

/// Tells whether two tasks that block until they meet do meet.
fn meets(engine: impl Engine, limit: Duration) -> bool {
    let meeting = Meeting::default();
    let (sender, receiver) = mpsc::unbounded();
    engine.run(async move {
        for _ in 0..2 {
            let (meeting, sender) = (meeting.clone(), sender.clone());
            engine.spawn(async move {
                let _ = sender.unbounded_send(meeting.meet(limit));
            });
        }
        drop(sender);
        // The first one to give up would have been the one to come.
        receiver.collect::<Vec<bool>>().await[0]
    })
}

fn threads() -> Result<()> {
    let short = Duration::from_millis(20);
    let one = [
        meets(Ours, short),
        meets(CurrentThread, short),
        meets(Smol, short),
    ];
    println!("on one thread two tasks meet: {}", one.contains(&true));
    println!(
        "on two threads: {}",
        meets(MultiThread, Duration::from_secs(5))
    );
    Ok(())
}

fn bound() -> Result<()> {
    panic::set_hook(Box::new(|_| ()));
    let stray = catch_unwind(AssertUnwindSafe(|| {
        Smol.run(CurrentThread.sleep(Duration::from_millis(1)));
    }));
    let _ = panic::take_hook();
    println!("a timer without its engine fails: {}", stray.is_err());
    Ok(())
}

fn order(event_loop: &EventLoop) -> Result<()> {
    let begun = Rc::new(RefCell::new(Vec::new()));
    let all = begun.clone();
    event_loop.run(async move {
        let tasks: Vec<_> = (0..TASKS)
            .map(|number| {
                let begun = begun.clone();
                create_task(async move {
                    begun.borrow_mut().push(number);
                    Ok(())
                })
            })
            .collect();
        for task in tasks {
            task.await?;
        }
        Ok(())
    })?;
    let in_order = all.borrow().iter().copied().eq(0..TASKS);
    println!("in the order in which they were made: {in_order}");
    Ok(())
}

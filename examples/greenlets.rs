//! Generators, greenlets and gevent: functions that stop in the middle, with a stack of their own and without.
//!
//! Run it with `cargo run --example greenlets`; add `-- --help` for its parts, and `-- memory` for its figures.
//! It prints what its Python twin, `greenlets.py`, prints.

mod fibers;
mod generators;
mod stacks;
mod support;

use std::cell::RefCell;
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use asyncio::{
    Error, Event, LoopHandle, Result, ReturnWhen, Task, create_task, gather, get_running_loop,
    sleep, to_thread, wait, yield_now,
};
use corosensei::{Coroutine, Yielder};
use fibers::Fiber;
use generators::{Desk, Generator};
use support::Part;

fn main() -> ExitCode {
    support::run(
        "Generators, greenlets and gevent: functions that stop in the middle.",
        &[
            Part {
                name: "producer",
                about: "a consumer that answers every item by yield",
                run: |_| produce(),
            },
            Part {
                name: "delegate",
                about: "a generator that hands over to another",
                run: |_| delegate(),
            },
            Part {
                name: "switch",
                about: "two functions that switch by hand",
                run: |_| switch(),
            },
            Part {
                name: "workers",
                about: "three workers that keep the thread, and three that give way",
                run: |event_loop| event_loop.run(workers()),
            },
            Part {
                name: "joinall",
                about: "a limit of time, a failure, and a late one",
                run: |event_loop| event_loop.run(joinall_twice()),
            },
            Part {
                name: "patch",
                about: "a library that blocks, and the same library patched",
                run: |event_loop| event_loop.run(patch()),
            },
            Part {
                name: "watchdog",
                about: "another thread asks whether the loop answers",
                run: |event_loop| event_loop.run(watchdog()),
            },
            Part {
                name: "memory",
                about: "10,000 coroutines with a stack, and 10,000 tasks",
                run: |_| memory(),
            },
        ],
    )
}

// ANCHOR: consumer
/// Tells of its end, however it ends.
struct Shop;

impl Drop for Shop {
    fn drop(&mut self) {
        println!("consumer closed");
    }
}

async fn consumer(desk: Rc<Desk<u32, &'static str>>) {
    let _shop = Shop;
    let mut answer = "";
    while let Some(item) = desk.swap(answer).await {
        println!("consuming {item}");
        answer = "200 OK";
    }
}

fn produce() -> Result<()> {
    let mut consumer = Generator::new(consumer);
    consumer.send(None);
    for item in 1..=5 {
        println!("producing {item}");
        let answer = consumer
            .send(Some(item))
            .ok_or_else(|| Error::msg("the consumer ended early"))?;
        println!("answered: {answer}");
    }
    drop(consumer);
    Ok(())
}
// ANCHOR_END: consumer

async fn outer(desk: Rc<Desk<(), u32>>) {
    desk.swap(1).await;
    inner(&desk).await;
    desk.swap(3).await;
}

async fn inner(desk: &Desk<(), u32>) {
    desk.swap(2).await;
    desk.swap(4).await;
}

fn delegate() -> Result<()> {
    for number in Generator::new(outer) {
        println!("{number}");
    }
    Ok(())
}

fn switch() -> Result<()> {
    let mut first = Coroutine::new(|yielder: &Yielder<(), ()>, ()| {
        println!("1");
        yielder.suspend(());
        println!("3");
    });
    let mut second = Coroutine::new(|yielder: &Yielder<(), ()>, ()| {
        println!("2");
        yielder.suspend(());
        println!("4");
    });
    first.resume(());
    second.resume(());
    first.resume(());
    second.resume(());
    Ok(())
}

type Trace = Rc<RefCell<Vec<String>>>;

async fn workers() -> Result<()> {
    for (about, gives_way) in [("keep the thread", false), ("give way", true)] {
        let trace = Trace::default();
        let fibers = ['a', 'b', 'c'].map(|name| {
            let trace = trace.clone();
            Fiber::new(move |hub| {
                for step in 1..=2 {
                    trace.borrow_mut().push(format!("{name}{step}"));
                    if gives_way {
                        hub.wait(yield_now())?;
                    }
                }
                Ok(())
            })
        });
        gather(fibers).await?;
        println!("{about}: {}", trace.borrow().join(" "));

        let tasks = Trace::default();
        gather(['a', 'b', 'c'].map(|name| worker(name, gives_way, tasks.clone()))).await?;
        println!("tasks do the same: {}", tasks == trace);
    }
    Ok(())
}

/// The worker without a stack: the wait inside makes the function `async`, and all that call it.
async fn worker(name: char, gives_way: bool, trace: Trace) -> Result<()> {
    for step in 1..=2 {
        trace.borrow_mut().push(format!("{name}{step}"));
        if gives_way {
            yield_now().await?;
        }
    }
    Ok(())
}

/// A job that succeeds, one that fails, and one that fails after `go` is set.
fn jobs(go: &Event) -> [Task<u32>; 3] {
    let go = go.clone();
    [
        create_task(Fiber::new(|_| Ok(6))),
        create_task(Fiber::new(|_| Err(Error::msg("spilled")))),
        create_task(Fiber::new(move |hub| {
            hub.wait(go.wait())?;
            Err(Error::msg("burnt"))
        })),
    ]
}

/// Says of a job what gevent's `ready`, `successful` and `exception` say.
fn tell(name: &str, job: &Task<u32>) -> Result<()> {
    if !job.is_done() {
        println!("{name}: not ready");
    } else if let Some(error) = job.exception()? {
        println!("{name}: failed: {error}");
    } else {
        println!("{name}: successful: {}", job.result()?);
    }
    Ok(())
}

/// Waits for all; with `raise_error`, only until one fails, whose error it gives.
async fn joinall(jobs: &[Task<u32>], limit: Option<Duration>, raise_error: bool) -> Result<()> {
    let return_when = match raise_error {
        true => ReturnWhen::FirstException,
        false => ReturnWhen::AllCompleted,
    };
    let waited = wait(jobs, limit, return_when).await?;
    for job in waited.done.into_iter().filter(|_| raise_error) {
        job.result()?;
    }
    Ok(())
}

async fn joinall_twice() -> Result<()> {
    let go = Event::new();
    let limited = jobs(&go);
    joinall(&limited, Some(Duration::from_millis(20)), false).await?;
    for (name, job) in ["good", "bad", "late"].into_iter().zip(&limited) {
        tell(name, job)?;
    }
    go.set();
    joinall(&limited, None, false).await?;
    tell("late", &limited[2])?;

    go.clear();
    let raising = jobs(&go);
    match joinall(&raising, None, true).await {
        Ok(()) => println!("all is well"),
        Err(error) => println!("raised: {error}"),
    }
    tell("late", &raising[2])?;
    go.set();
    joinall(&raising, None, false).await?;
    tell("late", &raising[2])
}

/// A library that knows nothing of loops; `pause` is what Python replaces behind its back.
fn library(name: char, trace: &Trace, pause: impl FnOnce() -> Result<()>) -> Result<()> {
    trace.borrow_mut().push(format!("{name} begins"));
    pause()?;
    trace.borrow_mut().push(format!("{name} ends"));
    Ok(())
}

async fn patch() -> Result<()> {
    let time = Duration::from_millis(1);
    let trace = Trace::default();
    gather(['a', 'b'].map(|name| {
        let trace = trace.clone();
        let block = move || {
            thread::sleep(time);
            Ok(())
        };
        Fiber::new(move |_| library(name, &trace, block))
    }))
    .await?;
    println!("blocking: {}", trace.borrow().join(", "));

    let trace = Trace::default();
    gather(['a', 'b'].map(|name| {
        let trace = trace.clone();
        Fiber::new(move |hub| library(name, &trace, || Ok(hub.wait(sleep(time))?)))
    }))
    .await?;
    println!("patched: {}", trace.borrow().join(", "));
    Ok(())
}

// ANCHOR: watchdog
/// Tells, from another thread, whether the loop runs a callback within the limit.
fn answers(handle: &LoopHandle, limit: Duration) -> bool {
    let (answer, answered) = mpsc::channel();
    let asked = handle.call_soon_threadsafe(move || {
        // The watchdog may have given up.
        let _ = answer.send(());
    });
    asked.is_ok() && answered.recv_timeout(limit).is_ok()
}
// ANCHOR_END: watchdog

async fn watchdog() -> Result<()> {
    let event_loop = get_running_loop()?;
    let handle = event_loop.handle();
    let idle = to_thread(move || Ok(answers(&handle, Duration::from_secs(5)))).await?;
    println!("the idle loop answers: {idle}");

    let (bark, barks) = mpsc::channel();
    let handle = event_loop.handle();
    let dog = event_loop.run_in_executor(move || {
        let blocked = answers(&handle, Duration::from_millis(20));
        bark.send(())?;
        Ok(blocked)
    });
    // A blocking call in a task: the loop stands still until the watchdog has given up.
    barks.recv()?;
    println!("the blocked loop answers: {}", dog.await?);
    Ok(())
}

fn memory() -> Result<()> {
    match stacks::measure()? {
        Some(memory) => {
            let larger = memory.stack > memory.task && memory.stack > memory.tokio_task;
            println!("a coroutine with a stack takes more memory than a task: {larger}");
            if stacks::are_named() {
                stacks::print(&memory);
            }
        }
        None => println!("this system does not say how much memory they take"),
    }
    Ok(())
}

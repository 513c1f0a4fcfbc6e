//! The event loop: callbacks, timers, running and stopping, threads, idle time and slow callbacks.
//!
//! Run it with `cargo run --example event_loop`; add `-- --help` for its parts and for real time.
//! It prints what its Python twin, `event_loop.py`, prints.

mod cpu_time;
mod support;

use std::process::ExitCode;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use asyncio::{Error, EventLoop, Result, gather, get_running_loop, sleep};
use cpu_time::cpu_time;
use support::{Part, seconds};

fn main() -> ExitCode {
    support::run(
        "The event loop: callbacks, timers, running and stopping, threads, idle time.",
        &[
            Part {
                name: "soon",
                about: "callbacks run first in, first out",
                run: soon,
            },
            Part {
                name: "timers",
                about: "timers fire by deadline",
                run: timers,
            },
            Part {
                name: "arguments",
                about: "a callback that can be looked at",
                run: arguments,
            },
            Part {
                name: "complete",
                about: "run_until_complete gives a value and leaves other tasks alone",
                run: complete,
            },
            Part {
                name: "stop",
                about: "stop ends the run after the current pass",
                run: stop_after_the_pass,
            },
            Part {
                name: "forever",
                about: "one coroutine stops its loop, then the completion of several",
                run: forever,
            },
            Part {
                name: "nested",
                about: "a loop that runs cannot be run",
                run: nested,
            },
            Part {
                name: "close",
                about: "run again until closed",
                run: close,
            },
            Part {
                name: "thread",
                about: "a loop in a background thread, fed from outside",
                run: |_| in_a_thread(),
            },
            Part {
                name: "idle",
                about: "an idle loop sleeps in the operating system",
                run: idle,
            },
            Part {
                name: "slow",
                about: "one slow callback delays everything",
                run: |_| slow(),
            },
        ],
    )
}

/// Gives a callback that stops the loop.
fn stop(event_loop: &EventLoop) -> impl FnOnce() + 'static {
    let event_loop = event_loop.clone();
    move || event_loop.stop()
}

fn soon(event_loop: &EventLoop) -> Result<()> {
    for name in ["first", "second", "third"] {
        event_loop.call_soon(move || println!("{name}"));
    }
    let handle = event_loop.call_soon(|| println!("never printed"));
    handle.cancel();
    event_loop.call_soon(stop(event_loop));
    println!("scheduled; cancelled: {}", handle.is_cancelled());
    event_loop.run_forever()?;
    println!("returned");
    Ok(())
}

fn timers(event_loop: &EventLoop) -> Result<()> {
    let start = event_loop.time();
    let show = |name: &'static str| {
        let event_loop = event_loop.clone();
        move || println!("{name} after {}", seconds(event_loop.time() - start))
    };
    event_loop.call_later(Duration::from_secs(3), show("call_later 3"));
    event_loop.call_at(start + Duration::from_secs(1), show("call_at 1"));
    event_loop.call_later(Duration::from_secs(2), show("call_later 2"));
    let handle = event_loop.call_later(Duration::from_secs(2), show("never printed"));
    handle.cancel();
    event_loop.call_later(Duration::from_secs(4), stop(event_loop));
    event_loop.run_forever()?;
    println!("cancelled: {}", handle.is_cancelled());
    Ok(())
}

/// A callback with its arguments, as `functools.partial` keeps them.
struct Pour {
    tea: &'static str,
    cups: u32,
}

impl Pour {
    fn call(&self) {
        println!("pour {} cups of {} tea", self.cups, self.tea);
    }
}

fn arguments(event_loop: &EventLoop) -> Result<()> {
    let callback = Pour {
        tea: "green",
        cups: 2,
    };
    println!("scheduled with {}, {}", callback.tea, callback.cups);
    event_loop.call_soon(move || callback.call());
    event_loop.call_soon(stop(event_loop));
    Ok(event_loop.run_forever()?)
}

fn complete(event_loop: &EventLoop) -> Result<()> {
    let (here, start) = (thread::current().id(), event_loop.time());
    let other = event_loop.create_task(async {
        sleep(Duration::from_secs(2)).await?;
        println!("the other task ends");
        Ok(())
    });
    let (value, there) = event_loop.run_until_complete(async {
        sleep(Duration::from_secs(1)).await?;
        Ok((42, thread::current().id()))
    })?;
    println!("value {value} after {}", seconds(event_loop.time() - start));
    println!("same thread: {}", here == there);
    println!("other task done: {}", other.is_done());
    event_loop.run_until_complete(&other)?;
    println!("other task done: {}", other.is_done());
    Ok(())
}

fn stop_after_the_pass(event_loop: &EventLoop) -> Result<()> {
    event_loop.call_soon(|| println!("first"));
    let later = event_loop.clone();
    event_loop.call_soon(move || {
        println!("second stops the loop");
        later.stop();
        later.call_soon(|| println!("scheduled after stop"));
    });
    event_loop.call_soon(|| println!("third"));
    event_loop.run_forever()?;
    println!("returned");
    event_loop.stop();
    event_loop.run_forever()?;
    println!("returned after one pass");
    Ok(())
}

async fn countdown(name: &'static str, from: u32) -> Result<()> {
    for number in (1..=from).rev() {
        println!("{name} {number}");
        sleep(Duration::from_secs(1)).await?;
    }
    Ok(())
}

fn forever(event_loop: &EventLoop) -> Result<()> {
    let start = event_loop.time();
    event_loop.create_task(async {
        countdown("solo", 2).await?;
        get_running_loop()?.stop();
        Ok(())
    });
    event_loop.run_forever()?;
    println!("stopped after {}", seconds(event_loop.time() - start));

    event_loop.call_soon(|| {
        let group = gather([countdown("a", 2), countdown("b", 1)]);
        group.add_done_callback(|_| {
            get_running_loop()?.stop();
            Ok::<_, Error>(())
        });
    });
    event_loop.run_forever()?;
    println!("stopped after {}", seconds(event_loop.time() - start));
    Ok(())
}

fn nested(event_loop: &EventLoop) -> Result<()> {
    println!("running before: {}", event_loop.is_running());
    event_loop.run_until_complete(async {
        let event_loop = get_running_loop()?;
        println!("running inside: {}", event_loop.is_running());
        if let Err(error) = EventLoop::new().run_forever() {
            println!("error: {error}");
        }
        if let Err(error) = event_loop.run_forever() {
            println!("error: {error}");
        }
        Ok(())
    })?;
    println!("running after: {}", event_loop.is_running());
    Ok(())
}

fn close(event_loop: &EventLoop) -> Result<()> {
    for run in ["first", "second"] {
        let value = event_loop.run_until_complete(async move { Ok(run) })?;
        println!("{value} run");
    }
    event_loop.close()?;
    event_loop.close()?;
    println!("closed: {}", event_loop.is_closed());
    if let Err(error) = event_loop.run_forever() {
        println!("error: {error}");
    }
    Ok(())
}

fn in_a_thread() -> Result<()> {
    let (tell, told) = mpsc::channel();
    let background = thread::spawn(move || -> Result<()> {
        let event_loop = EventLoop::new();
        tell.send(event_loop.handle())?;
        event_loop.run_forever()?;
        println!("the loop ends");
        Ok(event_loop.close()?)
    });
    let event_loop = told.recv()?;
    let here = thread::current().id();
    let (allow, allowed) = mpsc::channel();
    event_loop.call_soon_threadsafe(move || {
        // The loop stands still here until this thread has cancelled the second callback.
        allowed.recv()?;
        println!("on another thread: {}", thread::current().id() != here);
        Ok::<_, Error>(())
    })?;
    let second = event_loop.call_soon_threadsafe(|| println!("never printed"))?;
    second.cancel();
    allow.send(())?;
    let sum = event_loop.run_coroutine_threadsafe(|| async {
        sleep(Duration::from_millis(1)).await?;
        Ok(1 + 2)
    })?;
    println!("sum: {}", sum.result(None)?);
    event_loop.stop()?;
    background.join().expect("the thread does not panic")?;
    if let Err(error) = event_loop.call_soon_threadsafe(|| ()) {
        println!("error: {error}");
    }
    Ok(())
}

/// How long the loop has nothing to do, in real time.
const IDLE: Duration = Duration::from_millis(50);

fn idle(event_loop: &EventLoop) -> Result<()> {
    let handle = event_loop.handle();
    let start = Instant::now();
    let alarm = thread::spawn(move || {
        thread::sleep(IDLE);
        handle.stop()
    });
    let before = cpu_time();
    event_loop.run_forever()?;
    let used = cpu_time().zip(before).map(|(after, before)| after - before);
    println!("idle for 50 ms: {}", start.elapsed() >= IDLE);
    match used {
        Some(used) => println!("less than 5 ms of CPU: {}", used < IDLE / 10),
        None => println!("the standard library cannot tell CPU time on this system"),
    }
    alarm.join().expect("the thread does not panic")?;
    Ok(())
}

/// A task blocks for three seconds. They are always virtual: only a virtual clock can be advanced.
fn slow() -> Result<()> {
    let event_loop = EventLoop::with_virtual_clock();
    event_loop.set_debug(true);
    event_loop.set_exception_handler(|context| {
        if let Some((_, took)) = context.message.split_once(" took ") {
            println!("warning: a step took {took}");
        }
    });
    let sleeper = event_loop.create_task(async {
        sleep(Duration::from_secs(1)).await?;
        let now = seconds(get_running_loop()?.time());
        println!("the sleeper asked for 1.0 s and wakes after {now}");
        Ok(())
    });
    let clock = event_loop.clone();
    event_loop.create_task(async move {
        clock.advance(Duration::from_secs(3));
        Ok(())
    });
    event_loop.run_until_complete(sleeper)
}

//! Measures what a process, a thread and a task cost on this machine.

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::sync::{Arc, Barrier, mpsc};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use asyncio::{EventLoop, Result, create_task, gather, sleep, yield_now};

/// What one of a kind costs.
pub struct Cost {
    /// To make one and to wait for its end.
    pub make: Duration,
    /// To go from one to another that waits for it.
    pub switch: Duration,
    /// Bytes of one that merely waits; `None` if this system has no `/proc`.
    pub memory: Option<u64>,
}

/// Tells whether the command line asks for the figures, and not only for the comparisons.
pub fn are_named() -> bool {
    env::args().any(|argument| argument == "costs")
}

/// Gives the shortest time per item of several tries: what other programs do at the same time only adds to it.
fn shortest(tries: u32, items: u32, mut measure: impl FnMut()) -> Duration {
    let mut shortest = Duration::MAX;
    for _ in 0..tries {
        let start = Instant::now();
        measure();
        shortest = shortest.min(start.elapsed());
    }
    shortest / items
}

/// Gives the bytes of memory that a process shares with nobody.
fn private_memory(process: &str) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{process}/smaps_rollup")).ok()?;
    let private = text.lines().filter(|line| line.starts_with("Private_"));
    let kibibytes = private.map(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    Some(kibibytes.sum::<Option<u64>>()? * 1024)
}

/// The child that sends every byte back.
pub fn echo() -> Result<()> {
    let (mut input, mut output) = (std::io::stdin().lock(), std::io::stdout().lock());
    let mut byte = [0];
    while input.read(&mut byte)? == 1 {
        output.write_all(&byte)?;
        output.flush()?;
    }
    Ok(())
}

pub fn process() -> Result<Cost> {
    let program = env::current_exe()?;
    let make = shortest(10, 1, || {
        let ended = Command::new(&program).arg("nothing").status();
        assert!(
            ended.is_ok_and(|status| status.success()),
            "the child process fails"
        );
    });
    let mut child = Command::new(&program)
        .arg("echo")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut there = child.stdin.take().expect("stdin is a pipe");
    let mut back = child.stdout.take().expect("stdout is a pipe");
    let mut byte = [0];
    let switch = shortest(20, 2 * 50, || {
        for _ in 0..50 {
            there.write_all(&byte).expect("the child reads");
            back.read_exact(&mut byte).expect("the child answers");
        }
    });
    let memory = private_memory(&child.id().to_string());
    drop(there);
    child.wait()?;
    Ok(Cost {
        make,
        switch,
        memory,
    })
}

const THREADS: usize = 200;

pub fn thread() -> Cost {
    let make = shortest(20, 10, || {
        for _ in 0..10 {
            thread::spawn(|| ())
                .join()
                .expect("the thread does nothing");
        }
    });

    let (there, arrives) = mpsc::channel();
    let (returns, back) = mpsc::channel();
    let other = thread::spawn(move || {
        while let Ok(()) = arrives.recv() {
            let _ = returns.send(());
        }
    });
    let switch = shortest(20, 2 * 50, || {
        for _ in 0..50 {
            there.send(()).expect("the thread reads");
            back.recv().expect("the thread answers");
        }
    });
    drop(there);
    other.join().expect("the thread does not panic");

    let before = private_memory("self");
    let (all_are_there, all_may_end) = (
        Arc::new(Barrier::new(THREADS + 1)),
        Arc::new(Barrier::new(THREADS + 1)),
    );
    let threads: Vec<_> = (0..THREADS)
        .map(|_| {
            let (all_are_there, all_may_end) = (all_are_there.clone(), all_may_end.clone());
            thread::spawn(move || {
                all_are_there.wait();
                all_may_end.wait();
            })
        })
        .collect();
    all_are_there.wait();
    let after = private_memory("self");
    all_may_end.wait();
    for thread in threads {
        thread.join().expect("the thread does not panic");
    }
    Cost {
        make,
        switch,
        memory: each(before, after, THREADS),
    }
}

const TASKS: u32 = 20_000;

pub fn task() -> Result<Cost> {
    let memory = asyncio::run(async {
        let before = private_memory("self");
        for _ in 0..TASKS {
            create_task(async { Ok(sleep(Duration::from_secs(3600)).await?) });
        }
        yield_now().await?;
        Ok(each(before, private_memory("self"), TASKS as usize))
    })?;
    let event_loop = EventLoop::new();
    let make = shortest(40, 50, || {
        let made = event_loop.run_until_complete(async {
            for _ in 0..50 {
                create_task(async { Ok(()) }).await?;
            }
            Ok(())
        });
        made.expect("the tasks do nothing");
    });
    let switch = shortest(40, 2 * 50, || {
        let yielded = event_loop.run_until_complete(async { gather([yields(), yields()]).await });
        yielded.expect("nobody cancels them");
    });
    Ok(Cost {
        make,
        switch,
        memory,
    })
}

async fn yields() -> Result<()> {
    for _ in 0..50 {
        yield_now().await?;
    }
    Ok(())
}

fn each(before: Option<u64>, after: Option<u64>, number: usize) -> Option<u64> {
    Some(after?.checked_sub(before?)? / number as u64)
}

/// Names the processor, where the operating system tells.
fn processor() -> Option<String> {
    let text = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(": ")?.1.to_owned())
}

/// How long the bar of the largest figure is.
const LONGEST: f64 = 30.0;

/// Prints three groups of figures; within a group the bars are as long as the figures are large.
pub fn print(process: &Cost, thread: &Cost, task: &Cost) {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let processor = processor().unwrap_or_else(|| env::consts::ARCH.to_owned());
    println!("{processor}, {cores} cores, {}", env::consts::OS);
    let group = |title, unit, decimals: usize, of: fn(&Cost) -> Option<f64>| {
        println!("{title}");
        let largest = [process, thread, task]
            .into_iter()
            .filter_map(of)
            .fold(0.0, f64::max);
        for (name, cost) in [("process", process), ("thread", thread), ("task", task)] {
            match of(cost) {
                Some(figure) => {
                    println!(
                        "  {name:<8}{figure:>10.decimals$} {unit:<3}  {}",
                        bar(figure / largest)
                    );
                }
                None => println!("  {name:<8}not measured"),
            }
        }
    };
    group("make and end", "us", 2, |cost| {
        Some(cost.make.as_secs_f64() * 1e6)
    });
    group("switch", "us", 2, |cost| {
        Some(cost.switch.as_secs_f64() * 1e6)
    });
    group("memory", "KiB", 1, |cost| {
        Some(cost.memory? as f64 / 1024.0)
    });
}

/// Draws a share of the longest bar; what is too short for that is a thin line.
fn bar(share: f64) -> String {
    match (share * LONGEST).round() as usize {
        0 => "▏".to_owned(),
        blocks => "█".repeat(blocks),
    }
}

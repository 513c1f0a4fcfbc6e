//! Blocking: three slow requests, waited for in turn, by threads, and on one event loop; and what each way costs.
//!
//! Run it with `cargo run --example blocking`; add `-- --help` for its parts, and `-- costs` for its figures.
//! It prints what its Python twin, `blocking.py`, prints. It needs two cores for what it says of parallel work.

mod costs;
mod support;

use std::cell::RefCell;
use std::collections::HashSet;
use std::env;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, ExitCode, Stdio};
use std::rc::Rc;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::{Duration, Instant};

use asyncio::{EventLoop, Result, create_task, gather, get_running_loop, sleep, yield_now};
use support::{Part, seconds};

/// The requests, and how long the server thinks about each: milliseconds for threads, seconds for the virtual clock.
const REQUESTS: [(&str, u64); 3] = [("Oslo", 30), ("Rome", 20), ("Cairo", 10)];

fn main() -> ExitCode {
    // Some parts start this very program again, as their child.
    if let Some(child) = env::args().nth(1).and_then(|role| children(&role)) {
        return match child() {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("error: the child process failed: {error}");
                ExitCode::FAILURE
            }
        };
    }
    support::run(
        "Blocking: slow requests in turn, by threads, and on one event loop; and what each way costs.",
        &[
            Part {
                name: "sequence",
                about: "three blocking requests, one after another",
                run: |_| sequence(),
            },
            Part {
                name: "idle",
                about: "what the blocked thread could have done",
                run: |_| idle(),
            },
            Part {
                name: "threads",
                about: "a thread for each request",
                run: |_| threads(),
            },
            Part {
                name: "loop",
                about: "one event loop for all requests",
                run: one_loop,
            },
            Part {
                name: "order",
                about: "who speaks when",
                run: order,
            },
            Part {
                name: "window",
                about: "one slow handler freezes a window",
                run: |_| window(),
            },
            Part {
                name: "busy",
                about: "concurrent is not parallel",
                run: |_| busy(),
            },
            Part {
                name: "cores",
                about: "two processes with a loop each",
                run: |_| cores(),
            },
            Part {
                name: "costs",
                about: "what a process, a thread and a task cost",
                run: |_| compare_costs(),
            },
        ],
    )
}

fn children(role: &str) -> Option<fn() -> Result<()>> {
    match role {
        "worker" => Some(worker),
        "echo" => Some(costs::echo),
        "nothing" => Some(|| Ok(())),
        _ => None,
    }
}

/// A request as the operating system offers it: the thread stands still until the answer is there.
fn blocking_request(name: &'static str, milliseconds: u64) -> &'static str {
    thread::sleep(Duration::from_millis(milliseconds));
    name
}

fn sum() -> Duration {
    Duration::from_millis(REQUESTS.iter().map(|(_, milliseconds)| milliseconds).sum())
}

/// Measures until a time under the limit was seen, at most ten times, and gives the shortest: other programs only add to it.
fn shortest(limit: Duration, mut measure: impl FnMut() -> Duration) -> Duration {
    let mut shortest = Duration::MAX;
    for _ in 0..10 {
        shortest = shortest.min(measure());
        if shortest < limit {
            break;
        }
    }
    shortest
}

fn sequence() -> Result<()> {
    let start = Instant::now();
    let answers = REQUESTS.map(|(name, milliseconds)| blocking_request(name, milliseconds));
    let waited = start.elapsed();
    println!("answers: {}", answers.join(" "));
    println!("waited for the sum: {}", waited >= sum());
    Ok(())
}

fn idle() -> Result<()> {
    let (counted, waiting) = (AtomicU64::new(0), AtomicBool::new(true));
    thread::scope(|scope| {
        scope.spawn(|| {
            while waiting.load(Relaxed) {
                counted.fetch_add(1, Relaxed);
            }
        });
        let (name, milliseconds) = REQUESTS[0];
        blocking_request(name, milliseconds);
        waiting.store(false, Relaxed);
    });
    println!(
        "during one request another thread added: {}",
        counted.into_inner() > 10_000
    );
    Ok(())
}

fn threads() -> Result<()> {
    let mut answers = Vec::new();
    let waited = shortest(sum(), || {
        let start = Instant::now();
        let request =
            |(name, milliseconds)| (blocking_request(name, milliseconds), thread::current().id());
        let started = REQUESTS.map(|each| thread::spawn(move || request(each)));
        answers = started
            .map(|thread| thread.join().expect("no request panics"))
            .to_vec();
        start.elapsed()
    });
    let names: Vec<_> = answers.iter().map(|(name, _)| *name).collect();
    let ids: HashSet<_> = answers.iter().map(|(_, id)| *id).collect();
    println!("answers: {}", names.join(" "));
    println!("threads: {}", ids.len());
    println!("waited for less than the sum: {}", waited < sum());
    Ok(())
}

/// A request on an event loop: the task stands still, the thread does not.
async fn request(
    name: &'static str,
    duration: Duration,
) -> Result<(&'static str, thread::ThreadId)> {
    sleep(duration).await?;
    Ok((name, thread::current().id()))
}

fn one_loop(event_loop: &EventLoop) -> Result<()> {
    let answers = event_loop.run_until_complete(async {
        let requests = REQUESTS.map(|(name, number)| async move {
            let answer = request(name, Duration::from_secs(number / 10)).await?;
            println!("{name} after {}", seconds(get_running_loop()?.time()));
            Ok(answer)
        });
        gather(requests).await
    })?;
    let names: Vec<_> = answers.iter().map(|(name, _)| *name).collect();
    let ids: HashSet<_> = answers.iter().map(|(_, id)| *id).collect();
    println!("answers: {}", names.join(" "));
    println!("threads: {}", ids.len());
    println!("waited {}", seconds(event_loop.time()));
    Ok(())
}

fn order(event_loop: &EventLoop) -> Result<()> {
    let mut synchronous = Vec::new();
    for (name, number) in REQUESTS {
        synchronous.push(format!("ask {name}"));
        blocking_request(name, number / 10);
        synchronous.push(format!("answer {name}"));
    }
    let asynchronous = Rc::new(RefCell::new(Vec::new()));
    let log = asynchronous.clone();
    event_loop.run_until_complete(async move {
        let requests = REQUESTS.map(|(name, number)| {
            let log = log.clone();
            async move {
                log.borrow_mut().push(format!("ask {name}"));
                request(name, Duration::from_secs(number / 10)).await?;
                log.borrow_mut().push(format!("answer {name}"));
                Ok(())
            }
        });
        gather(requests).await
    })?;
    println!("synchronous  asynchronous");
    for (left, right) in synchronous.iter().zip(asynchronous.borrow().iter()) {
        println!("{left:<12} {right}");
    }
    Ok(())
}

/// How long it takes to save the document.
const SAVING: Duration = Duration::from_millis(20);

fn window() -> Result<()> {
    let frozen = message_loop(|post| {
        thread::sleep(SAVING);
        let _ = post.send("saved");
    });
    println!(
        "blocking handler: the key waited for the save: {}",
        frozen >= SAVING
    );
    let alive = shortest(SAVING, || {
        message_loop(|post| {
            let post = post.clone();
            thread::spawn(move || {
                thread::sleep(SAVING);
                post.send("saved")
            });
        })
    });
    println!(
        "handed to a thread: the key waited for the save: {}",
        alive >= SAVING
    );
    Ok(())
}

/// Takes one event after another from the queue and calls its handler; tells how long the key had to wait.
fn message_loop(save: impl Fn(&Sender<&'static str>)) -> Duration {
    let (post, events) = mpsc::channel();
    let posted = Instant::now();
    for event in ["click", "save", "key", "paint"] {
        let _ = post.send(event);
    }
    let mut waited = Duration::ZERO;
    while let Ok(event) = events.recv() {
        match event {
            "save" => save(&post),
            "key" => waited = posted.elapsed(),
            "saved" => break,
            _ => {}
        }
    }
    waited
}

/// Keeps a core busy for a moment.
fn compute() -> u64 {
    (0..40_000u64).fold(1, |x, i| {
        std::hint::black_box(x ^ i).wrapping_mul(25_214_903_917)
    })
}

/// How many turns each busy job takes.
const TURNS: usize = 3;

fn busy() -> Result<()> {
    let mut turns = String::new();
    let (mut one, mut two, mut parallel) = (Duration::MAX, Duration::MAX, Duration::MAX);
    // Other programs want the cores, too, so the shortest of many tries counts.
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(12) {
        one = one.min(on_one_loop(&["A"])?.0);
        let (took, order) = on_one_loop(&["A", "B"])?;
        (two, turns) = (two.min(took), order);
        parallel = parallel.min(on_two_threads());
        if two > one * 3 / 2 && parallel < two * 3 / 4 {
            break;
        }
    }
    println!("turns on one loop: {turns}");
    println!("two jobs on one loop take the sum: {}", two > one * 3 / 2);
    match thread::available_parallelism() {
        Ok(cores) if cores.get() == 1 => {
            println!("this machine has one core: no two threads run at the same instant");
        }
        _ => println!(
            "on two threads they take about half: {}",
            parallel < two * 3 / 4
        ),
    }
    Ok(())
}

/// Runs two busy jobs on a thread each; tells how long they took from the moment when both were there.
fn on_two_threads() -> Duration {
    let both_are_there = Barrier::new(2);
    let run = || {
        both_are_there.wait();
        let start = Instant::now();
        (0..TURNS).map(|_| compute()).max();
        (start, Instant::now())
    };
    let [first, second] = thread::scope(|scope| {
        [scope.spawn(run), scope.spawn(run)].map(|thread| thread.join().expect("no job panics"))
    });
    first.1.max(second.1) - first.0.min(second.0)
}

/// Runs busy jobs on one loop; tells how long they took, and who had which turn.
fn on_one_loop(jobs: &[&'static str]) -> Result<(Duration, String)> {
    let jobs = jobs.to_vec();
    let start = Instant::now();
    let turns = asyncio::run(async move {
        let turns = Rc::new(RefCell::new(String::new()));
        let tasks: Vec<_> = jobs
            .iter()
            .map(|name| create_task(job(name, turns.clone())))
            .collect();
        gather(&tasks).await?;
        Ok(turns.take())
    })?;
    Ok((start.elapsed(), turns))
}

async fn job(name: &'static str, turns: Rc<RefCell<String>>) -> Result<()> {
    for _ in 0..TURNS {
        turns.borrow_mut().push_str(name);
        compute();
        yield_now().await?;
    }
    Ok(())
}

/// The child of `cores`: on every line that it reads it makes three requests at once, and says how many were answered.
fn worker() -> Result<()> {
    for line in std::io::stdin().lines() {
        line?;
        let answers = asyncio::run(async {
            gather(REQUESTS.map(|(name, number)| request(name, Duration::from_millis(number))))
                .await
        })?;
        println!("{} answers", answers.len());
    }
    Ok(())
}

fn cores() -> Result<()> {
    let mut workers = Vec::new();
    for _ in 0..2 {
        let mut child = Command::new(env::current_exe()?)
            .arg("worker")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let ask = child.stdin.take().expect("stdin is a pipe");
        let answer = BufReader::new(child.stdout.take().expect("stdout is a pipe"));
        workers.push((child, ask, answer));
    }
    let mut lines = Vec::new();
    // The first round includes the start of the children; a later one does not.
    let took = shortest(sum(), || {
        let start = Instant::now();
        for (_, ask, _) in &mut workers {
            ask.write_all(b"go\n").expect("the child reads");
        }
        lines.clear();
        for (_, _, answer) in &mut workers {
            let mut line = String::new();
            answer.read_line(&mut line).expect("the child answers");
            lines.push(line);
        }
        start.elapsed()
    });
    for (i, line) in lines.iter().enumerate() {
        println!("process {}: {}", i + 1, line.trim_end());
    }
    println!(
        "six requests took less than half of their sum: {}",
        took < sum()
    );
    for (mut child, ask, _) in workers {
        drop(ask);
        child.wait()?;
    }
    Ok(())
}

fn compare_costs() -> Result<()> {
    // The tasks come first: memory that others gave back would hide what tasks need.
    let task = costs::task()?;
    let thread = costs::thread();
    let process = costs::process()?;
    let falls = process.make > thread.make && thread.make > task.make;
    println!("making: a process costs more than a thread, a thread more than a task: {falls}");
    println!(
        "switching: a thread costs more than a task: {}",
        thread.switch > task.switch
    );
    match (process.memory, task.memory) {
        // A thread stands between them, but what the system charges for it varies too much to be promised.
        (Some(process), Some(task)) => println!(
            "memory: a process costs more than a task: {}",
            process > task
        ),
        _ => println!("this system does not say how much memory they cost"),
    }
    if costs::are_named() {
        costs::print(&process, &thread, &task);
    }
    Ok(())
}

//! Pools: threads and processes for work that blocks or computes, and the way to them from the loop.
//!
//! Run it with `cargo run --example pools`; add `-- --help` for its parts, and `-- primes` for its figures.
//! It prints what its Python twin, `pools.py`, prints.

mod support;
mod workers;

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc;
use std::sync::{Arc, Barrier, Mutex};
use std::time::{Duration, Instant};
use std::{env, thread};

use asyncio::{Error, EventLoop, Result, gather, get_running_loop, yield_now};
use rayon::prelude::*;
use support::Part;
use workers::{Pool, Processes};

fn main() -> ExitCode {
    // The part `primes` starts this very program again, as its child.
    if env::args().nth(1).as_deref() == Some("worker") {
        worker();
        return ExitCode::SUCCESS;
    }
    support::run(
        "Pools: threads and processes for work that blocks or computes, and the way to them from the loop.",
        &[
            Part {
                name: "submit",
                about: "a job for a pool, its result, and its error",
                run: |_| submit(),
            },
            Part {
                name: "map",
                about: "results in the order of the items, and a limit for all",
                run: |_| map(),
            },
            Part {
                name: "shutdown",
                about: "three ways to end a pool",
                run: |_| shutdown(),
            },
            Part {
                name: "copy",
                about: "four workers copy a folder; no failure stops the others",
                run: |_| copy_folder(),
            },
            Part {
                name: "primes",
                about: "five large numbers, by processes and by threads",
                run: |_| primes(),
            },
            Part {
                name: "executor",
                about: "the loop goes on while a job blocks",
                run: |event_loop| event_loop.run(executor()),
            },
            Part {
                name: "cancel",
                about: "a job that runs, and a job that waits for a thread",
                run: |event_loop| event_loop.run(cancel()),
            },
            Part {
                name: "size",
                about: "how many threads the loop's pool has",
                run: |event_loop| event_loop.run(size()),
            },
            Part {
                name: "end",
                about: "who waits for a job at the end",
                run: end,
            },
        ],
    )
}

fn submit() -> Result<()> {
    let pool = Pool::new(2);
    let (open, gate) = mpsc::channel();
    let job = pool.submit(move || {
        gate.recv()?;
        Ok(6 * 7)
    });
    println!("after 0 s: {}", job.result(Duration::ZERO).unwrap_err());
    open.send(())?;
    println!("result: {}", job.result(None)?);
    let job = pool.submit(|| Err::<(), _>(Error::msg("spilled")));
    println!("error: {}", job.result(None).unwrap_err());
    Ok(())
}

fn map() -> Result<()> {
    let pool = Pool::new(3);
    let log = Arc::new(Mutex::new(Vec::new()));
    // Each waits for the one behind it, so they end in the opposite order.
    let (a, after_b) = mpsc::channel();
    let (b, after_c) = mpsc::channel();
    let jobs = [
        ("A", Some(after_b), None),
        ("B", Some(after_c), Some(a)),
        ("C", None, Some(b)),
    ];
    let ended = log.clone();
    let names: Result<Vec<_>> = pool
        .map(jobs, None, move |(name, before, behind)| {
            before.map_or(Ok(()), |before: mpsc::Receiver<()>| before.recv())?;
            ended.lock().expect("no job panics").push(name);
            behind.map_or(Ok(()), |behind: mpsc::Sender<()>| behind.send(()))?;
            Ok(name)
        })
        .collect();
    println!("ended: {}", log.lock().expect("no job panics").join(" "));
    println!("results: {}", names?.join(" "));

    let (open, gate) = mpsc::channel::<()>();
    let (quick, was_quick) = mpsc::channel();
    let limit = Duration::from_millis(50);
    let jobs = [("D", None), ("E", Some(gate))];
    let results = pool.map(jobs, Some(limit), move |(name, gate)| {
        match gate {
            Some(gate) => gate.recv()?,
            None => quick.send(())?,
        }
        Ok(name)
    });
    was_quick.recv()?;
    for result in results {
        match result {
            Ok(name) => println!("result: {name}"),
            Err(error) => println!("error: {error}"),
        }
    }
    open.send(())?;
    Ok(())
}

fn shutdown() -> Result<()> {
    // One thread; three jobs that wait at a gate, and count.
    let start = || {
        let (pool, ran) = (Pool::new(1), Arc::new(AtomicUsize::new(0)));
        let (begun, has_begun) = mpsc::channel();
        let (open, gate) = mpsc::channel::<()>();
        let gate = Arc::new(Mutex::new(gate));
        let jobs = [(); 3].map(|()| {
            let (ran, begun, gate) = (ran.clone(), begun.clone(), gate.clone());
            pool.submit(move || {
                // Only the first is heard.
                let _ = begun.send(());
                // The gate opens by being dropped.
                let _ = gate.lock().expect("no job panics").recv();
                ran.fetch_add(1, SeqCst);
                Ok(())
            })
        });
        has_begun.recv().expect("the first job begins");
        (pool, ran, open, jobs)
    };
    let (pool, ran, open, _jobs) = start();
    drop(open);
    pool.shutdown(true);
    println!("wait: {} of 3 jobs had run", ran.load(SeqCst));

    let (pool, ran, open, jobs) = start();
    pool.shutdown(false);
    println!("no wait: {} of 3 jobs had run", ran.load(SeqCst));
    drop(open);
    jobs.iter().try_for_each(|job| job.result(None))?;
    println!("later: {} of 3 jobs had run", ran.load(SeqCst));

    let (pool, ran, open, _jobs) = start();
    pool.cancel_queued();
    drop(open);
    pool.shutdown(true);
    println!("cancel the queue: {} of 3 jobs had run", ran.load(SeqCst));
    Ok(())
}

/// How many files there are to copy.
const FILES: usize = 500;

fn file_name(number: usize) -> String {
    format!("note_{number:03}.txt")
}

fn contents(number: usize) -> String {
    format!("This is note {number}.\n").repeat(10)
}

/// A folder that is removed in the end.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A disk that breaks in the middle of a file.
struct BrokenDisk;

impl Read for BrokenDisk {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("the disk is broken"))
    }
}

fn open(path: &Path) -> io::Result<Box<dyn Read>> {
    let file = File::open(path)?;
    if path.ends_with(file_name(400)) {
        return Ok(Box::new(file.take(100).chain(BrokenDisk)));
    }
    Ok(Box::new(file))
}

// ANCHOR: copy
/// Copies under a name that nobody takes for the file, and renames it when it is whole.
///
/// A copy that must survive a power failure would call `sync_all` before it is renamed.
fn copy(source: &Path, target: &Path) -> io::Result<()> {
    let mut partial = target.as_os_str().to_owned();
    partial.push(".part");
    let copied = open(source).and_then(|mut from| {
        io::copy(&mut from, &mut File::create(&partial)?)?;
        fs::rename(&partial, target)
    });
    if copied.is_err() {
        let _ = fs::remove_file(&partial);
    }
    copied
}
// ANCHOR_END: copy

fn copy_folder() -> Result<()> {
    let folder = Folder(env::temp_dir().join(format!("pools-{}", std::process::id())));
    let (source, target) = (folder.0.join("source"), folder.0.join("target"));
    fs::create_dir_all(&source)?;
    fs::create_dir_all(&target)?;
    for number in 0..FILES {
        match number {
            100 => fs::create_dir(source.join(file_name(100)))?,
            _ => fs::write(source.join(file_name(number)), contents(number))?,
        }
    }
    fs::create_dir(target.join(file_name(300)))?;
    let mut names = Vec::new();
    for entry in fs::read_dir(&source)? {
        names.push(entry?.file_name());
    }
    // Somebody removes a file after it was listed.
    fs::remove_file(source.join(file_name(200)))?;

    names.sort();
    let pool = Pool::new(4);
    let threads = Arc::new(Mutex::new(HashSet::new()));
    let jobs: Vec<_> = names
        .iter()
        .map(|name| {
            let (from, to, threads) = (source.join(name), target.join(name), threads.clone());
            pool.submit(move || {
                threads
                    .lock()
                    .expect("no job panics")
                    .insert(thread::current().id());
                Ok(copy(&from, &to)?)
            })
        })
        .collect();
    let mut copied = 0;
    for (name, job) in names.iter().zip(jobs) {
        match job.result(None) {
            Ok(()) => copied += 1,
            Err(error) => println!("{}: {}", name.display(), reason(&error)),
        }
    }
    println!("copied: {copied} of {}", names.len());
    let is_whole = |number| {
        fs::read_to_string(target.join(file_name(number)))
            .is_ok_and(|text| text == contents(number))
    };
    println!(
        "whole in the target: {}",
        (0..FILES).filter(|number| is_whole(*number)).count()
    );
    let is_half = |path: &Path| {
        path.extension()
            .is_some_and(|extension| extension == "part")
    };
    let entries = fs::read_dir(&target)?.collect::<io::Result<Vec<_>>>()?;
    println!(
        "half a file: {}",
        entries
            .iter()
            .filter(|entry| is_half(&entry.path()))
            .count()
    );
    println!(
        "at most four threads: {}",
        threads.lock().expect("no job panics").len() <= 4
    );
    Ok(())
}

/// Says why a file was not copied; the operating systems' own words differ.
fn reason(error: &Error) -> String {
    match error.downcast_ref::<io::Error>().map(io::Error::kind) {
        Some(io::ErrorKind::NotFound) => "not found".into(),
        Some(io::ErrorKind::IsADirectory) => "is a directory".into(),
        _ => error.to_string(),
    }
}

/// The third is a product of two primes.
const NUMBERS: [u64; 5] = [
    999_999_999_989,
    1_000_000_000_039,
    999_983 * 1_000_003,
    1_000_000_000_061,
    1_000_000_000_063,
];

/// Tells whether an odd number is prime, the slow way.
fn is_prime(number: u64) -> bool {
    let mut divisor = 3;
    while divisor * divisor <= number {
        if number.is_multiple_of(divisor) {
            return false;
        }
        divisor += 2;
    }
    true
}

/// The child of `primes`: answers each number that it reads.
fn worker() {
    for line in io::stdin().lines().map_while(io::Result::ok) {
        println!("{}", line.parse().is_ok_and(is_prime));
    }
}

/// A way to ask whether the numbers are prime.
type Way<'a> = &'a mut dyn FnMut() -> Result<Vec<bool>>;

fn primes() -> Result<()> {
    let threads = rayon::ThreadPoolBuilder::new().num_threads(2).build()?;
    let mut single = Processes::new(1, "worker")?;
    let mut pair = Processes::new(2, "worker")?;
    let mut ways: [(&str, Way); 4] = [
        ("one thread", &mut || Ok(NUMBERS.map(is_prime).to_vec())),
        ("two threads", &mut || {
            let numbers = NUMBERS.par_iter();
            Ok(threads.install(|| numbers.map(|number| is_prime(*number)).collect()))
        }),
        ("one process", &mut || Ok(truths(single.map(&NUMBERS)?))),
        ("two processes", &mut || Ok(truths(pair.map(&NUMBERS)?))),
    ];
    let answers = ways[0].1()?;
    for (number, answer) in NUMBERS.iter().zip(&answers) {
        println!("{number} is prime: {answer}");
    }
    for (name, run) in &mut ways[1..] {
        println!("{name}: the same answers: {}", run()? == answers);
    }
    if env::args().any(|argument| argument == "primes") {
        for (name, run) in &mut ways {
            println!(
                "{name:<14}{:>8.1} ms",
                shortest(run)?.as_secs_f64() * 1000.0
            );
        }
    }
    Ok(())
}

fn truths(answers: Vec<String>) -> Vec<bool> {
    answers.iter().map(|answer| answer == "true").collect()
}

/// Gives the shortest time that was seen in a few seconds: what other programs do at the same time only adds to it.
fn shortest(run: Way) -> Result<Duration> {
    let begin = Instant::now();
    let mut shortest = Duration::MAX;
    while begin.elapsed() < Duration::from_secs(5) {
        let start = Instant::now();
        run()?;
        shortest = shortest.min(start.elapsed());
    }
    Ok(shortest)
}

async fn executor() -> Result<()> {
    let event_loop = get_running_loop()?;
    let (open, gate) = mpsc::channel();
    let job = event_loop.run_in_executor(move || {
        gate.recv()?;
        Ok(thread::current().id())
    });
    for turn in 1..=3 {
        yield_now().await?;
        println!("the loop's turn {turn}, job done: {}", job.is_done());
    }
    open.send(())?;
    println!(
        "on another thread: {}",
        job.await? != thread::current().id()
    );
    let job = asyncio::to_thread(|| Err::<(), _>(Error::msg("spilled")));
    println!("error: {}", job.await.unwrap_err());
    Ok(())
}

async fn cancel() -> Result<()> {
    let event_loop = get_running_loop()?;
    event_loop.set_executor_threads(1);
    let (begun, has_begun) = mpsc::channel();
    let (open, gate) = mpsc::channel();
    let finished = Arc::new(AtomicBool::new(false));
    let queued_ran = Arc::new(AtomicBool::new(false));
    let (flag, other_flag) = (finished.clone(), queued_ran.clone());
    let running = event_loop.run_in_executor(move || {
        begun.send(())?;
        gate.recv()?;
        flag.store(true, SeqCst);
        Ok(())
    });
    let queued = event_loop.run_in_executor(move || {
        other_flag.store(true, SeqCst);
        Ok(())
    });
    // This blocks the loop for the moment that a thread needs to start.
    has_begun.recv()?;
    println!("cancel the running job: {}", running.cancel());
    println!("cancel the queued job: {}", queued.cancel());
    // asyncio tells its pool of a cancellation in the next pass only.
    yield_now().await?;
    println!("awaiting the running one: {}", running.await.unwrap_err());
    println!("it has finished: {}", finished.load(SeqCst));
    open.send(())?;
    // The only thread is free for this when it is through with the other two.
    asyncio::to_thread(|| Ok(())).await?;
    println!("later it has finished: {}", finished.load(SeqCst));
    println!("the queued job ran: {}", queued_ran.load(SeqCst));
    Ok(())
}

async fn size() -> Result<()> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let threads = (cores + 4).min(32);
    // The barrier lets nobody pass until so many jobs are there at the same time.
    let barrier = Arc::new(Barrier::new(threads));
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let event_loop = get_running_loop()?;
    let jobs = (0..2 * threads).map(|_| {
        let (barrier, running, most) = (barrier.clone(), running.clone(), most.clone());
        event_loop.run_in_executor(move || {
            most.fetch_max(running.fetch_add(1, SeqCst) + 1, SeqCst);
            barrier.wait();
            running.fetch_sub(1, SeqCst);
            Ok(())
        })
    });
    gather(jobs.collect::<Vec<_>>()).await?;
    println!(
        "cores and four, at most 32: {}",
        most.load(SeqCst) == threads
    );
    Ok(())
}

fn end(event_loop: &EventLoop) -> Result<()> {
    let finished = Arc::new(AtomicBool::new(false));
    let flag = finished.clone();
    event_loop.run(async move {
        let _ = get_running_loop()?.run_in_executor(move || {
            thread::sleep(Duration::from_millis(20));
            flag.store(true, SeqCst);
            Ok(())
        });
        Ok(())
    })?;
    println!("run waited for the job: {}", finished.load(SeqCst));

    let event_loop = EventLoop::new();
    let (open, gate) = mpsc::channel::<()>();
    let (ended, has_ended) = mpsc::channel();
    let job = event_loop.run_in_executor(move || {
        gate.recv()?;
        Ok(ended.send(())?)
    });
    job.cancel();
    event_loop.close()?;
    println!("close waited for the job: {}", has_ended.try_recv().is_ok());
    let _ = open.send(());
    Ok(())
}

//! Jobs from Redis: a list that outlives its workers, a thread that takes jobs from it, and a loop that runs them.
//!
//! Run it with `cargo run --example redis_jobs`; add `-- --help` for its parts.
//! It uses the server that the variable `REDIS_URL` names, or starts one of its own if `redis-server` is installed, or says
//! that there is none and keeps the queue in this process.
//! It prints what its Python twin, `redis_jobs.py`, prints. Threads cannot wait in virtual time, so it waits in real time.

mod cpu_time;
mod jobs;
mod support;

use std::process::ExitCode;
use std::sync::{Once, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use asyncio::{Error, Result, sleep};
use cpu_time::cpu_time;
use futures::FutureExt;
use jobs::worker::Worker;
use jobs::{Jobs, Place, text};
use support::Part;

/// An order of 6 takes 6 seconds; the example is faster than its story by this factor.
const FACTOR: u32 = 40;

/// How long a worker is taken for alive after its heart has stopped.
const LEASE: Duration = Duration::from_millis(100);

/// Longer than anything here waits.
const LONG: Duration = Duration::from_secs(10);

fn story(seconds: u64) -> Duration {
    Duration::from_secs(seconds) / FACTOR
}

fn main() -> ExitCode {
    support::run(
        "Jobs from Redis: a list that outlives its workers, and what it takes to lose nothing.",
        &[
            Part {
                name: "place",
                about: "where the queue is",
                run: |_| place(),
            },
            Part {
                name: "list",
                about: "a thread takes orders and submits them to the loop as they come",
                run: |_| list(),
            },
            Part {
                name: "idle",
                about: "waiting for an order costs nothing",
                run: |_| idle(),
            },
            Part {
                name: "bad",
                about: "what is no order is set aside with a reason",
                run: |_| bad(),
            },
            Part {
                name: "crash",
                about: "a worker dies with an order in its hands",
                run: |_| crash(),
            },
            Part {
                name: "room",
                about: "a worker takes no more than it has room for",
                run: |_| room(),
            },
        ],
    )
}

/// Opens a queue for a part; a queue in this process is not what the reader came for, so it is named.
fn open() -> Result<Place> {
    let place = Place::open()?;
    static SAID: Once = Once::new();
    if let Place::Process { .. } = &place {
        SAID.call_once(|| eprintln!("note: the queue is in {}", place.name()));
    }
    Ok(place)
}

fn put(jobs: &mut dyn Jobs, orders: &[&str]) -> Result<()> {
    let orders: Vec<_> = orders.iter().map(|order| order.as_bytes()).collect();
    jobs.put(&orders)
}

/// Says how many orders wait and how many workers have.
fn counts(jobs: &mut dyn Jobs) -> Result<String> {
    let (waiting, taken) = jobs.count()?;
    Ok(format!("{waiting} waiting, {taken} taken"))
}

fn place() -> Result<()> {
    let place = open()?;
    println!("the queue is in {}", place.name());
    let mut jobs = place.connect(LEASE)?;
    put(&mut *jobs, &["3", "6"])?;
    while let Some(order) = jobs.pop(Duration::from_millis(1))? {
        println!("first in, first out: {}", text(&order));
    }
    Ok(())
}

/// Brews for so many seconds.
async fn brew(seconds: u64) -> Result<()> {
    sleep(story(seconds)).await?;
    // Some pots break.
    match seconds {
        5 => Err(Error::msg("spilled")),
        _ => Ok(()),
    }
}

fn list() -> Result<()> {
    let mut lines = Vec::new();
    // On a busy machine a thread may have to wait for its turn, so there is more than one try.
    for _ in 0..5 {
        lines = orders_as_they_come()?;
        if lines.iter().map(|(order, _)| order).eq(["3", "1", "6"]) {
            break;
        }
    }
    for (order, after) in lines {
        println!("{:.3} s: {order} is ready", after.as_secs_f64());
    }
    Ok(())
}

/// Gives the orders as they became ready, with the time since the first was placed.
fn orders_as_they_come() -> Result<Vec<(String, Duration)>> {
    let place = open()?;
    let mut jobs = place.connect(LEASE)?;
    let (tell, reports) = mpsc::channel();
    let worker = Worker::start(|| place.connect(LEASE), 3, tell, brew)?;
    let start = Instant::now();
    put(&mut *jobs, &["6", "3"])?;
    let mut lines = Vec::new();
    for report in reports.iter().take(3) {
        lines.push((report.job, start.elapsed()));
        if lines.len() == 1 {
            put(&mut *jobs, &["1"])?;
        }
    }
    worker.close()?;
    Ok(lines)
}

/// How long there is nothing to take, in real time.
const IDLE: Duration = Duration::from_millis(50);

fn idle() -> Result<()> {
    let place = open()?;
    let (mut jobs, mut waits) = (place.connect(LEASE)?, place.connect(LEASE)?);
    // The first one connects and wakes the heart; only the waiting is to be measured.
    waits.take(Duration::from_millis(1))?;
    let waiter = thread::spawn(move || {
        let (start, before) = (Instant::now(), cpu_time());
        let claim = waits.take(LONG)?;
        let used = cpu_time().zip(before).map(|(after, before)| after - before);
        if let Some(claim) = &claim {
            waits.done(claim)?;
        }
        Ok::<_, Error>((claim.map(|claim| text(&claim.job)), start.elapsed(), used))
    });
    thread::sleep(IDLE);
    put(&mut *jobs, &["3"])?;
    let (order, waited, used) = waiter.join().expect("it only takes an order")?;
    println!("took: {}", order.unwrap_or_default());
    println!(
        "waited for the order and not for the limit: {}",
        waited < LONG
    );
    match used {
        Some(used) => println!("less than 5 ms of CPU: {}", used < IDLE / 10),
        None => println!("the standard library cannot tell CPU time on this system"),
    }
    Ok(())
}

fn bad() -> Result<()> {
    let place = open()?;
    let mut jobs = place.connect(LEASE)?;
    put(&mut *jobs, &["2", "tea", "-1", "", "99999"])?;
    jobs.put(&[b"\xff", b"5", b"1"])?;
    let (tell, reports) = mpsc::channel();
    // One at a time, so that the order of the lines is that of the list.
    let worker = Worker::start(|| place.connect(LEASE), 1, tell, brew)?;
    for report in reports.iter().take(3) {
        match report.outcome {
            Ok(_) => println!("{} is ready", report.job),
            Err(error) => println!("{} failed: {error}", report.job),
        }
    }
    worker.close()?;
    for job in jobs.aside()? {
        println!("set aside: {job}");
    }
    println!("{}", counts(&mut *jobs)?);
    Ok(())
}

fn crash() -> Result<()> {
    let place = open()?;
    let mut shop = place.connect(LEASE)?;
    put(&mut *shop, &["1"])?;
    let mut careless = place.connect(LEASE)?;
    careless.pop(LONG)?;
    drop(careless);
    println!("popped, and the worker is dead: {}", counts(&mut *shop)?);

    put(&mut *shop, &["2"])?;
    let mut careful = place.connect(LEASE)?;
    let claim = careful.take(LONG)?;
    println!("moved to the worker's own list: {}", counts(&mut *shop)?);
    drop((careful, claim));
    let mut other = place.connect(LEASE)?;
    let given_back = loop {
        match &other.recover()?[..] {
            // The lease has not run out yet. Nothing waits in the list, so this only passes the time.
            [] => assert!(other.pop(Duration::from_millis(10))?.is_none()),
            jobs => break jobs.join(" "),
        }
    };
    println!("the worker is dead, given back: {given_back}");
    let claim = other.take(LONG)?.ok_or_else(|| Error::msg("it is gone"))?;
    println!("another worker takes {}", text(&claim.job));
    println!("struck off: {}", other.done(&claim)?);
    println!("struck off a second time: {}", other.done(&claim)?);
    println!("{}", counts(&mut *other)?);
    Ok(())
}

fn room() -> Result<()> {
    let place = open()?;
    let mut jobs = place.connect(LEASE)?;
    put(&mut *jobs, &["0"; 10])?;
    // Pots stay on the stove until the gate opens.
    let (open_gate, gate) = futures::channel::oneshot::channel::<()>();
    let gate = gate.shared();
    let (tell, told) = mpsc::channel();
    let work = move |_| {
        let (gate, tell) = (gate.clone(), tell.clone());
        async move {
            tell.send(())?;
            Ok(gate.await?)
        }
    };
    let (report, reports) = mpsc::channel();
    let mut workers = Vec::new();
    // ANCHOR: room
    for about in ["one worker with room for three", "a second one"] {
        let (connect, report) = (|| place.connect(LEASE), report.clone());
        workers.push(Worker::start(connect, 3, report, work.clone())?);
        for _ in 0..3 {
            told.recv()?;
        }
        println!("{about}: {}", counts(&mut *jobs)?);
    }
    // ANCHOR_END: room
    open_gate
        .send(())
        .map_err(|()| Error::msg("nobody waits"))?;
    let done = reports.iter().take(10).filter(|report| report.was_ours);
    println!("done: {}", done.count());
    println!("{}", counts(&mut *jobs)?);
    workers.into_iter().try_for_each(Worker::close)
}

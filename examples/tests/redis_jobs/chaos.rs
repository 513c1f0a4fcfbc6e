//! Ten processes work on ten thousand jobs; one of them is killed in the middle, and the server is killed and started again.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use asyncio::{Result, sleep};
use private_redis::Server;

use crate::jobs::Jobs;
use crate::jobs::in_redis::RedisJobs;
use crate::jobs::worker::Worker;

const JOBS: u64 = 10_000;
const WORKERS: usize = 10;
const QUEUE: &str = "numbers";
const LEASE: Duration = Duration::from_secs(1);

/// How many jobs each worker has at a time, so that the one that is killed has some.
const ROOM: usize = 4;

/// Longer than all of it takes on a busy machine.
const DEADLINE: Duration = Duration::from_secs(180);

fn connect(url: &str) -> Result<Box<dyn Jobs>> {
    Ok(Box::new(RedisJobs::new(url, QUEUE, LEASE)?))
}

/// The worker's process. It says each number; at the job of that count it says so and holds still.
pub fn worker(url: &str, holds_at: &str) -> ExitCode {
    let holds_at: Option<usize> = holds_at.parse().ok();
    let outcome = work(url, holds_at);
    if let Err(error) = &outcome {
        eprintln!("error: {error}");
    }
    ExitCode::from(u8::from(outcome.is_err()))
}

fn work(url: &str, holds_at: Option<usize>) -> Result<()> {
    let begun = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let (reports, _) = mpsc::channel();
    let work = move |number| {
        let count = begun.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        async move {
            if Some(count) == holds_at {
                say(&format!("holds {number}"))?;
                std::future::pending::<()>().await;
            }
            sleep(Duration::from_millis(1)).await?;
            say(&format!("did {number}"))
        }
    };
    let worker = Worker::start(|| connect(url), ROOM, reports, work)?;
    // The end of its input tells the worker to close.
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink())?;
    worker.close()
}

/// The effect of a job: a line in one piece.
fn say(line: &str) -> Result<()> {
    Ok(writeln!(std::io::stdout().lock(), "{line}")?)
}

enum Said {
    Did(u64),
    Holds(u64),
}

/// A worker's process, which is killed unless it was waited for.
struct Process(Child);

impl Process {
    fn start(url: &str, holds_at: &str, said: Sender<Said>) -> Process {
        let mut child = Command::new(env::current_exe().expect("a path"))
            .args(["worker", url, holds_at])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this program starts");
        let output = BufReader::new(child.stdout.take().expect("stdout is a pipe"));
        thread::spawn(move || {
            for line in output.lines().map_while(|line| line.ok()) {
                let (what, number) = line.split_once(' ').expect("a word and a number");
                let number = number.parse().expect("a number");
                let _ = said.send(match what {
                    "did" => Said::Did(number),
                    _ => Said::Holds(number),
                });
            }
        });
        Process(child)
    }

    /// Sends SIGKILL, and waits.
    fn kill(&mut self) {
        self.0.kill().expect("a child");
        self.0.wait().expect("a child");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What the workers have said so far.
struct Log {
    said: Receiver<Said>,
    deadline: Instant,
    /// How often each number was done.
    times: BTreeMap<u64, u32>,
    held: Option<u64>,
}

impl Log {
    /// Listens until something is so.
    #[track_caller]
    fn listen_until(&mut self, is_so: impl Fn(&Log) -> bool) {
        while !is_so(self) {
            let left = self.deadline.saturating_duration_since(Instant::now());
            match self.said.recv_timeout(left) {
                Ok(Said::Did(number)) => *self.times.entry(number).or_default() += 1,
                Ok(Said::Holds(number)) => self.held = Some(number),
                Err(error) => panic!("{error} with {} jobs done", self.times.len()),
            }
        }
    }
}

pub fn ten_workers_lose_none_of_ten_thousand_jobs() {
    let mut server = Server::start_durable().expect("a server");
    let url = server.url();
    let mut jobs = connect(&url).expect("a connection");
    let numbers: Vec<String> = (0..JOBS).map(|number| number.to_string()).collect();
    let numbers: Vec<&[u8]> = numbers.iter().map(|number| number.as_bytes()).collect();
    jobs.put(&numbers).expect("a server");

    let (tell, said) = mpsc::channel();
    let mut workers: Vec<Process> = (0..WORKERS)
        .map(|number| {
            Process::start(
                &url,
                if number == 0 { "200" } else { "never" },
                tell.clone(),
            )
        })
        .collect();
    let mut log = Log {
        said,
        deadline: Instant::now() + DEADLINE,
        times: BTreeMap::new(),
        held: None,
    };

    log.listen_until(|log| log.held.is_some());
    let mut killed = workers.remove(0);
    killed.kill();
    let held = log.held.expect("it was said");
    assert!(
        !log.times.contains_key(&held),
        "{held} is in no other hands"
    );

    log.listen_until(|log| log.times.len() as u64 >= JOBS / 2);
    server.kill();
    server.start_again().expect("the port is still free");

    log.listen_until(|log| log.times.len() as u64 == JOBS);
    for worker in &mut workers {
        // The end of its input closes it.
        drop(worker.0.stdin.take());
    }
    for mut worker in workers {
        let status = worker.0.wait().expect("a child");
        assert!(status.success(), "a worker ended with {status}");
    }
    // What the last ones said before they ended.
    drop(tell);
    while let Ok(Said::Did(number)) = log.said.recv() {
        *log.times.entry(number).or_default() += 1;
    }

    let given_back = given_back(&url);
    let twice: BTreeSet<u64> = log
        .times
        .iter()
        .filter(|(_, times)| **times > 1)
        .map(|(number, _)| *number)
        .collect();
    println!("given back: {given_back:?}, done more than once: {twice:?}");
    assert!(log.times.keys().copied().eq(0..JOBS), "each was done");
    assert!(given_back.contains(&held), "{held} was given back");
    assert!(
        twice.is_subset(&given_back),
        "each that was done again had been given back"
    );
    assert_eq!(
        jobs.count().expect("a server"),
        (0, 0),
        "all were struck off"
    );
    assert_eq!(jobs.aside().expect("a server"), [""; 0]);
}

/// Those jobs of which it is known that somebody may have done them before.
fn given_back(url: &str) -> BTreeSet<u64> {
    let client = redis::Client::open(url).expect("an address");
    let mut redis = client.get_connection().expect("a server");
    let key = format!("{QUEUE}:given_back");
    redis::Commands::lrange(&mut redis, key, 0, -1).expect("a list of numbers")
}

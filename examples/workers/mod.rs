//! Pools in the form of `concurrent.futures`, of the standard library alone.

use std::io::{self, BufRead, BufReader, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use asyncio::{Error, Result, TimedOut};

type Job = Box<dyn FnOnce() + Send>;

/// Threads that take jobs from one queue. Dropping it waits for all jobs, as Python's `with` does.
pub struct Pool {
    jobs: Option<Sender<Job>>,
    threads: Vec<JoinHandle<()>>,
    /// Set when jobs that have not begun shall not begin any more.
    given_up: Arc<AtomicBool>,
}

impl Pool {
    pub fn new(workers: usize) -> Self {
        let (jobs, queue) = mpsc::channel::<Job>();
        let queue = Arc::new(Mutex::new(queue));
        let worker = || {
            let queue = queue.clone();
            thread::spawn(move || {
                loop {
                    // A statement of its own, so that the lock is given back before the job runs.
                    let job = queue.lock().expect("no job runs under the lock").recv();
                    match job {
                        Ok(job) => job(),
                        Err(_) => return,
                    }
                }
            })
        };
        Pool {
            threads: (0..workers).map(|_| worker()).collect(),
            jobs: Some(jobs),
            given_up: Arc::default(),
        }
    }

    // ANCHOR: submit
    /// Puts a job into the queue and gives its future result.
    pub fn submit<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Outcome<T> {
        let (sender, receiver) = mpsc::channel();
        let given_up = self.given_up.clone();
        let job = Box::new(move || {
            if !given_up.load(SeqCst) {
                // A job that panics drops the sender, and its thread goes on.
                let _ = catch_unwind(AssertUnwindSafe(|| sender.send(job())));
            }
        });
        let jobs = self.jobs.as_ref().expect("the pool is open until it ends");
        jobs.send(job)
            .expect("threads wait as long as the pool is open");
        Outcome(receiver)
    }
    // ANCHOR_END: submit

    /// Submits a job for each item, and gives the results in the order of the items.
    ///
    /// The limit counts from now and is one for all.
    pub fn map<A, T, J>(
        &self,
        items: impl IntoIterator<Item = A>,
        limit: Option<Duration>,
        job: J,
    ) -> impl Iterator<Item = Result<T>>
    where
        A: Send + 'static,
        T: Send + 'static,
        J: Fn(A) -> Result<T> + Clone + Send + 'static,
    {
        let deadline = limit.map(|limit| Instant::now() + limit);
        let submit = |item| {
            let job = job.clone();
            self.submit(move || job(item))
        };
        let outcomes: Vec<_> = items.into_iter().map(submit).collect();
        outcomes.into_iter().map(move |outcome| {
            outcome.result(deadline.map(|at| at.saturating_duration_since(Instant::now())))
        })
    }

    /// Takes no further job; waits until those that were submitted have ended, or lets them go on by themselves.
    pub fn shutdown(mut self, wait: bool) {
        if !wait {
            self.threads.clear();
        }
    }

    /// Lets no further job begin; whoever waits for one hears that it was cancelled.
    pub fn cancel_queued(&self) {
        self.given_up.store(true, SeqCst);
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.jobs = None;
        for thread in self.threads.drain(..) {
            thread.join().expect("jobs' panics were caught");
        }
    }
}

/// The result of a job, for a thread that may block.
pub struct Outcome<T>(Receiver<Result<T>>);

impl<T> Outcome<T> {
    /// Waits for the result; the job goes on after a timeout, and the result can be asked for again.
    pub fn result(&self, limit: impl Into<Option<Duration>>) -> Result<T> {
        let lost = || Error::msg("the job was cancelled or has panicked");
        match limit.into() {
            None => self.0.recv().map_err(|_| lost())?,
            Some(limit) => self.0.recv_timeout(limit).map_err(|error| match error {
                RecvTimeoutError::Timeout => TimedOut.into(),
                RecvTimeoutError::Disconnected => lost(),
            })?,
        }
    }
}

/// Child processes that answer a line with a line.
pub struct Processes {
    workers: Vec<(Child, ChildStdin, BufReader<ChildStdout>)>,
}

impl Processes {
    /// Starts this very program again, with one argument that names its role.
    pub fn new(workers: usize, role: &str) -> io::Result<Self> {
        let start = |_| {
            let mut child = Command::new(std::env::current_exe()?)
                .arg(role)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()?;
            let input = child.stdin.take().expect("stdin is a pipe");
            let output = BufReader::new(child.stdout.take().expect("stdout is a pipe"));
            Ok((child, input, output))
        };
        let workers = (0..workers).map(start).collect::<io::Result<_>>()?;
        Ok(Processes { workers })
    }

    // ANCHOR: processes
    /// Gives each item to the next child that is free; the answers are in the order of the items.
    pub fn map(&mut self, items: &[u64]) -> io::Result<Vec<String>> {
        let queue = Mutex::new(items.iter().enumerate());
        let answers = Mutex::new(vec![String::new(); items.len()]);
        let feed = |(_, input, output): &mut (Child, ChildStdin, BufReader<ChildStdout>)| {
            loop {
                // A statement of its own, so that the others may go on.
                let next = queue.lock().expect("no thread panics").next();
                let Some((place, item)) = next else {
                    return Ok::<_, io::Error>(());
                };
                writeln!(input, "{item}")?;
                let mut answer = String::new();
                output.read_line(&mut answer)?;
                answers.lock().expect("no thread panics")[place] = answer.trim_end().to_owned();
            }
        };
        let feed = &feed;
        thread::scope(|scope| {
            let workers = self.workers.iter_mut();
            let feeders: Vec<_> = workers.map(|worker| scope.spawn(|| feed(worker))).collect();
            let mut ends = feeders
                .into_iter()
                .map(|feeder| feeder.join().expect("no feeder panics"));
            ends.try_for_each(|end| end)
        })?;
        Ok(answers.into_inner().expect("no thread panicked"))
    }
    // ANCHOR_END: processes
}

impl Drop for Processes {
    fn drop(&mut self) {
        for (mut child, input, _) in self.workers.drain(..) {
            // The end of its input ends the child.
            drop(input);
            let _ = child.wait();
        }
    }
}

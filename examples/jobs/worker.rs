//! A worker: one thread takes jobs from the queue, a loop on a second one runs them, and a third strikes off what is done.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use asyncio::{EventLoop, LoopHandle, Result, create_task};

use super::{Claim, Jobs, seconds, text};

/// How long the consumer waits in one piece: so long it takes to hear that the worker is being closed.
const LIMIT: Duration = Duration::from_millis(100);

/// How often a worker looks for jobs of dead ones.
const LOOK: Duration = Duration::from_millis(500);

/// What became of a job.
pub struct Report {
    pub job: String,
    pub outcome: Result<u64>,
    /// Whether the worker still had the job when it struck it off.
    pub was_ours: bool,
}

/// A worker with room for some jobs at a time.
pub struct Worker {
    closing: Arc<AtomicBool>,
    consumer: JoinHandle<Result<()>>,
    event_loop: JoinHandle<Result<()>>,
    clerk: JoinHandle<Result<()>>,
    handle: LoopHandle,
}

impl Worker {
    /// Starts a worker that does with each number what `work` says, and reports what became of each job.
    ///
    /// Two of its threads ask the queue, each by a connection of its own: one waits, the other must not.
    pub fn start<F, W>(
        connect: impl Fn() -> Result<Box<dyn Jobs>>,
        room: usize,
        reports: Sender<Report>,
        work: W,
    ) -> Result<Worker>
    where
        F: Future<Output = Result<()>> + 'static,
        W: Fn(u64) -> F + Clone + Send + 'static,
    {
        let (tell, told) = mpsc::channel();
        let event_loop = thread::spawn(move || {
            let event_loop = EventLoop::new();
            tell.send(event_loop.handle())?;
            Ok(event_loop.run_forever()?)
        });
        let handle = told.recv()?;
        let (ends, ended) = mpsc::channel();
        // Each message in this channel stands for a job in the worker's hands; a full channel is a worker with its hands full.
        let (occupy, occupied) = mpsc::sync_channel(room);
        let closing = Arc::new(AtomicBool::new(false));
        let consumer = Consumer {
            jobs: connect()?,
            handle: handle.clone(),
            ends,
            occupy,
            closing: closing.clone(),
        };
        let jobs = connect()?;
        Ok(Worker {
            closing,
            consumer: thread::spawn(move || consumer.run(work)),
            event_loop,
            clerk: thread::spawn(move || strike_off(jobs, ended, occupied, reports)),
            handle,
        })
    }

    /// Takes no further job, and waits until those in hand have come to their end.
    pub fn close(self) -> Result<()> {
        self.closing.store(true, SeqCst);
        let consumed = self.consumer.join().expect("the consumer does not panic");
        let struck_off = self.clerk.join().expect("the clerk does not panic");
        self.handle.stop()?;
        self.event_loop.join().expect("the loop does not panic")?;
        consumed.and(struck_off)
    }
}

/// A job that has come to its end on the loop.
struct Ended {
    claim: Claim,
    outcome: Result<u64>,
}

struct Consumer {
    jobs: Box<dyn Jobs>,
    handle: LoopHandle,
    ends: Sender<Ended>,
    occupy: SyncSender<()>,
    closing: Arc<AtomicBool>,
}

impl Consumer {
    // ANCHOR: consume
    /// Takes jobs on this thread and submits them to the loop as they come.
    fn run<F, W>(mut self, work: W) -> Result<()>
    where
        F: Future<Output = Result<()>> + 'static,
        W: Fn(u64) -> F + Clone + Send + 'static,
    {
        loop {
            // This is the backpressure: with its hands full the worker takes nothing,
            // and the jobs stay for others.
            self.occupy.send(())?;
            let Some((claim, number)) = self.next()? else {
                return Ok(());
            };
            let (ends, work) = (self.ends.clone(), work.clone());
            self.handle.run_coroutine_threadsafe(move || async move {
                // A task of its own, so that a panic is an outcome, too.
                let outcome = create_task(async move { work(number).await }).await;
                let outcome = outcome.map(|()| number);
                Ok(ends.send(Ended { claim, outcome })?)
            })?;
        }
    }
    // ANCHOR_END: consume

    /// Waits for a job that is a number; `None` when the worker is being closed.
    fn next(&mut self) -> Result<Option<(Claim, u64)>> {
        let mut looked = Instant::now();
        while !self.closing.load(SeqCst) {
            if looked.elapsed() > LOOK {
                self.jobs.recover()?;
                looked = Instant::now();
            }
            let Some(claim) = self.jobs.take(LIMIT)? else {
                continue;
            };
            match seconds(&claim.job) {
                Ok(number) => return Ok(Some((claim, number))),
                Err(reason) => self.jobs.set_aside(&claim, reason)?,
            }
        }
        Ok(None)
    }
}

/// Deals with jobs that have ended, until the consumer is gone and nothing is in flight.
fn strike_off(
    mut jobs: Box<dyn Jobs>,
    ended: Receiver<Ended>,
    occupied: Receiver<()>,
    reports: Sender<Report>,
) -> Result<()> {
    for Ended { claim, outcome } in ended {
        let was_ours = match &outcome {
            Ok(_) => jobs.done(&claim)?,
            Err(error) => jobs.set_aside(&claim, &error.to_string()).map(|()| true)?,
        };
        let job = text(&claim.job);
        // Nobody has to listen.
        let _ = reports.send(Report {
            job,
            outcome,
            was_ours,
        });
        occupied.recv()?;
    }
    Ok(())
}

//! The server's end of a supervisor.

use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::Notify;
use tokio::time::timeout;

use super::exec::{this_program, without_ctrl_c};
use super::job::{End, Event, Job};

/// The hidden command that a supervisor is.
pub const COMMAND: &str = "supervise";

/// A supervisor needs less to kill everything, unless something hangs in the kernel.
const PATIENCE: Duration = Duration::from_secs(6);

/// A process that runs one job at a time. Dropping the value stops what it runs.
pub struct Supervisor {
    child: Child,
    /// Its end is the order to stop, so it must not be held by anything else. `None` once the order was given.
    stdin: Option<ChildStdin>,
    /// Asks for the order while somebody waits for events.
    order: Arc<Notify>,
    events: Lines<BufReader<ChildStdout>>,
}

impl Supervisor {
    /// Starts one that waits for its first job.
    pub fn start() -> Result<Supervisor> {
        let mut command = Command::new(this_program()?);
        command
            .arg(COMMAND)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        // The server then stops the run in order.
        without_ctrl_c(command.as_std_mut());
        let mut child = command.spawn().context("cannot start this program again")?;
        let stdin = child.stdin.take().context("a process without a pipe")?;
        let stdout = child.stdout.take().context("a process without a pipe")?;
        Ok(Supervisor {
            child,
            stdin: Some(stdin),
            order: Arc::default(),
            events: BufReader::new(stdout).lines(),
        })
    }

    /// Lets a notification stop what runs. The events go on until the end, so that what was done until then is not lost.
    pub fn stop_on(&mut self, order: Arc<Notify>) {
        self.order = order;
    }

    /// Starts the job; its events follow. Once the order to stop was given, the end is the only one.
    pub async fn begin(&mut self, job: &Job) -> Result<()> {
        let Some(stdin) = &mut self.stdin else {
            return Ok(());
        };
        let mut line = serde_json::to_vec(job)?;
        line.push(b'\n');
        stdin.write_all(&line).await?;
        Ok(stdin.flush().await?)
    }

    /// Waits for the next event of the job.
    pub async fn event(&mut self) -> Result<Event> {
        loop {
            tokio::select! {
                line = self.events.next_line() => {
                    return match line? {
                        Some(line) => Ok(serde_json::from_str(&line)?),
                        None if self.stdin.is_none() => Ok(Event::End(End::stopped())),
                        None => bail!("the supervisor of the program has ended"),
                    };
                }
                () = self.order.notified(), if self.stdin.is_some() => self.stdin = None,
            }
        }
    }

    /// Stops what it runs, and waits until nothing of it is left.
    pub async fn stop(mut self) {
        drop(self.stdin);
        // Nobody reads its pipe any more, so it cannot be kept waiting by a full one.
        drop(self.events);
        let _ = timeout(PATIENCE, self.child.wait()).await;
    }
}

/// One supervisor started ahead of time, so that a run need not wait for it.
#[derive(Default)]
pub struct Spare(Mutex<Option<Supervisor>>);

impl Spare {
    /// Takes the spare one, or starts one.
    pub fn take(&self) -> Result<Supervisor> {
        let spare = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        spare.map_or_else(Supervisor::start, Ok)
    }

    /// Starts a spare one if there is none.
    pub fn refill(&self) {
        let mut spare = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if spare.is_none() {
            // The next run will say why it cannot be started.
            *spare = Supervisor::start().ok();
        }
    }

    /// Stops the spare one.
    pub async fn stop(&self) {
        let spare = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(supervisor) = spare {
            supervisor.stop().await;
        }
    }
}

//! The server's end of a supervisor.

use std::process::Stdio;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use super::exec::this_program;
use super::job::{Event, Job};

/// The hidden command that a supervisor is.
pub const COMMAND: &str = "supervise";

/// A supervisor needs less to kill everything, unless something hangs in the kernel.
const PATIENCE: Duration = Duration::from_secs(6);

/// A process that runs one job at a time. Dropping the value stops what it runs.
pub struct Supervisor {
    child: Child,
    /// Its end is the order to stop, so it must not be held by anything else.
    stdin: ChildStdin,
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
        // Ctrl-C in the terminal is for the server, which then stops the run in order.
        #[cfg(unix)]
        command.process_group(0);
        let mut child = command.spawn().context("cannot start this program again")?;
        let stdin = child.stdin.take().context("a process without a pipe")?;
        let stdout = child.stdout.take().context("a process without a pipe")?;
        Ok(Supervisor {
            child,
            stdin,
            events: BufReader::new(stdout).lines(),
        })
    }

    /// Starts the job; its events follow.
    pub async fn begin(&mut self, job: &Job) -> Result<()> {
        let mut line = serde_json::to_vec(job)?;
        line.push(b'\n');
        self.stdin.write_all(&line).await?;
        Ok(self.stdin.flush().await?)
    }

    /// Waits for the next event of the job.
    pub async fn event(&mut self) -> Result<Event> {
        let line = self.events.next_line().await?;
        let line = line.context("the supervisor of the program has ended")?;
        Ok(serde_json::from_str(&line)?)
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

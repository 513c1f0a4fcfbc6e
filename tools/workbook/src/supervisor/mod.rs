//! Programs that run under limits, each in the care of a process that lives until nothing of it is left.
//!
//! [`Supervisor`] is the end of whoever wants a program run; whoever is no task borrows one by [`block_on`].
//! The process at the other end is this program, started again: it is [`supervise`], which enforces [`limits`], starts the program by [`exec`] and knows its [`family`]; where the kernel lets it, the program is in a [`group`] of its own.
//! The two speak in lines of JSON, a [`Job`] in one direction and [`Event`]s in the other.

pub mod exec;
pub mod family;
pub mod group;
pub mod limits;
pub mod supervise;

use std::collections::BTreeMap;
use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{self, ExitCode, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::runtime;
use tokio::sync::Notify;
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};

use exec::{this_program, without_ctrl_c};
use limits::Limits;

/// The hidden command that a supervisor is.
const COMMAND: &str = "supervise";

/// A supervisor needs less to kill everything, unless something hangs in the kernel.
const PATIENCE: Duration = Duration::from_secs(6);

/// How often it is seen to that a supervisor has not been stopped, when nothing is heard of it.
const PULSE: Duration = Duration::from_millis(250);

/// One program to run.
#[derive(Debug, Serialize, Deserialize)]
pub struct Job {
    pub program: PathBuf,
    pub args: Vec<String>,
    /// Where it runs.
    pub folder: PathBuf,
    /// Whether the supervisor makes the folder for the job, and removes it afterwards.
    pub private: bool,
    /// All variables that it gets.
    pub environment: Vec<(String, String)>,
    pub limits: Limits,
    /// Whether the reader is not waiting for it.
    pub background: bool,
}

impl Job {
    /// A program with what every program gets, and nothing of what the reader's shell has beside it.
    pub fn new(program: PathBuf, folder: &Path, limits: Limits) -> Job {
        let path = folder.display().to_string();
        let mut environment = variables(if cfg!(windows) { &["PATH", "SystemRoot"] } else { &["PATH"] });
        let places = ["HOME", "TMPDIR", "TEMP", "TMP"];
        environment.extend(places.map(|name| (name.to_owned(), path.clone())));
        environment.push(("LANG".to_owned(), "C.UTF-8".to_owned()));
        Job {
            program,
            args: Vec::new(),
            folder: folder.to_path_buf(),
            private: false,
            environment,
            limits,
            background: false,
        }
    }

    /// A command with the variables that it would have; what a reader's shell may set must not change what a panic prints.
    ///
    /// Simplification: what is no text in them becomes some.
    pub fn of(command: &process::Command, folder: &Path, limits: Limits) -> Job {
        let mut all: BTreeMap<OsString, OsString> = env::vars_os().collect();
        all.retain(|name, _| name != "RUST_BACKTRACE");
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => all.insert(name.to_owned(), value.to_owned()),
                None => all.remove(name),
            };
        }
        let text = |text: &OsStr| text.to_string_lossy().into_owned();
        let variables = all.iter().map(|(name, value)| (text(name), text(value)));
        Job {
            args: command.get_args().map(text).collect(),
            environment: variables.collect(),
            ..Job::new(command.get_program().into(), folder, limits)
        }
    }
}

/// Those of the variables that this process has.
pub fn variables(names: &[&str]) -> Vec<(String, String)> {
    let found = names.iter().filter_map(|name| Some(((*name).to_owned(), env::var(name).ok()?)));
    found.collect()
}

/// What a supervisor reports while a job runs; every job has exactly one `End`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Event {
    Output(Output),
    End(End),
}

/// Who speaks in an [`Output`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stream {
    Stdout,
    Stderr,
    Compiler,
}

/// A piece of text as it was printed; pieces do not end at line ends.
#[derive(Debug, Serialize, Deserialize)]
pub struct Output {
    pub stream: Stream,
    pub text: String,
}

/// How a job ended.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct End {
    /// The exit status; none after a signal, or if the program could not be started.
    pub status: Option<i32>,
    pub why: Option<Why>,
    /// What to tell the reader, if `why` or the status does not say it all.
    pub message: Option<String>,
    pub elapsed_ms: u64,
}

/// Why a program did not end by itself, or did not start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Why {
    /// It ran too long, or used too much of the processors.
    Time,
    Memory,
    /// It printed too much, or wrote too large a file.
    Output,
    /// The reader wanted it, or the reader or the server went away.
    Stopped,
    /// The compiler refused it.
    Compile,
}

impl End {
    /// The end of a job that was never begun, because the order to stop came before it.
    fn stopped() -> End {
        End { why: Some(Why::Stopped), message: Some("it was stopped".to_owned()), ..End::default() }
    }

    /// The end of a job whose supervisor has been killed or stopped.
    fn lost() -> End {
        let message =
            "the process that watches over it was killed or stopped, so it was ended with all that was left of it";
        End { message: Some(message.to_owned()), ..End::default() }
    }

    /// Whether the program ended by itself, with success.
    pub fn ok(&self) -> bool {
        self.status == Some(0) && self.why.is_none()
    }

    /// How it ended, in words.
    pub fn how(&self) -> String {
        match (&self.message, self.status) {
            (Some(message), _) => message.clone(),
            (None, Some(status)) => format!("it ended with exit status {status}"),
            (None, None) => "nobody knows why".to_owned(),
        }
    }
}

/// What a program did, and all that it printed.
#[derive(Debug)]
pub struct Ended {
    pub end: End,
    pub stdout: String,
    pub stderr: String,
}

/// A process that runs one job at a time. Dropping the value stops what it runs.
pub struct Supervisor {
    child: Child,
    /// The number of its process.
    pid: u32,
    /// Its end is the order to stop, so it must not be held by anything else. `None` once the order was given.
    stdin: Option<ChildStdin>,
    /// Asks for the order while somebody waits for events.
    order: Arc<Notify>,
    events: Lines<BufReader<ChildStdout>>,
    /// Whether nobody waits for what it runs.
    background: bool,
    /// The folder of the job that goes with it.
    private: Option<PathBuf>,
}

impl Supervisor {
    /// Starts one that waits for its first job.
    ///
    /// It is this program, started again, whose `main` begins with [`take_part`].
    pub fn start() -> Result<Supervisor> {
        let mut command = Command::new(this_program()?);
        command.arg(COMMAND).stdin(Stdio::piped()).stdout(Stdio::piped());
        // Ctrl-C is for this process, which then stops the run in order, or ends, which is an order to stop, too.
        without_ctrl_c(command.as_std_mut());
        let mut child = command.spawn().context("cannot start this program again")?;
        let stdin = child.stdin.take().context("a process without a pipe")?;
        let stdout = child.stdout.take().context("a process without a pipe")?;
        Ok(Supervisor {
            pid: child.id().context("a process that has ended")?,
            child,
            stdin: Some(stdin),
            order: Arc::default(),
            events: BufReader::new(stdout).lines(),
            background: false,
            private: None,
        })
    }

    /// As [`Supervisor::start`], for what must not slow down anything else.
    pub fn start_in_background() -> Result<Supervisor> {
        let mut supervisor = Supervisor::start()?;
        supervisor.background = true;
        Ok(supervisor)
    }

    /// Lets a notification stop what runs. The events go on until the end, so that what was done until then is not lost.
    pub fn stop_on(&mut self, order: Arc<Notify>) {
        self.order = order;
    }

    /// Starts the job; its events follow. Once the order to stop was given, the end is the only one.
    pub async fn begin(&mut self, mut job: Job) -> Result<()> {
        let Some(stdin) = &mut self.stdin else {
            return Ok(());
        };
        job.background |= self.background;
        self.private = job.private.then(|| job.folder.clone());
        let mut line = serde_json::to_vec(&job)?;
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
                        None => {
                            self.clear_up().await;
                            Ok(Event::End(End::lost()))
                        }
                    };
                }
                () = self.order.notified(), if self.stdin.is_some() => self.order_to_stop().await,
                // Its pipe ends then.
                () = sleep(PULSE) => self.kill_if_stopped(),
            }
        }
    }

    /// Says it, and then closes the pipe, which a program might hold open.
    async fn order_to_stop(&mut self) {
        if let Some(mut stdin) = self.stdin.take() {
            // It may have ended.
            let _ = stdin.write_all(b"stop\n").await;
        }
    }

    /// Kills it if it has been stopped: whoever is watched over can do that, and it would never report the end.
    fn kill_if_stopped(&mut self) {
        if family::is_stopped(self.pid) {
            let _ = self.child.start_kill();
        }
    }

    /// Does what the supervisor can do no more.
    async fn clear_up(&mut self) {
        let _ = self.child.start_kill();
        let _ = self.child.wait().await;
        let (pid, private) = (self.pid, self.private.take());
        let clear_up = move || {
            family::kill_left(pid);
            private.map(std::fs::remove_dir_all)
        };
        // What cannot be removed now goes with the folder in which it lies.
        let _ = spawn_blocking(clear_up).await;
    }

    /// Runs the job to its end.
    pub async fn run(&mut self, job: Job) -> Result<Ended> {
        self.begin(job).await?;
        let (mut stdout, mut stderr) = (String::new(), String::new());
        loop {
            match self.event().await? {
                Event::Output(output) if output.stream == Stream::Stdout => stdout += &output.text,
                Event::Output(output) => stderr += &output.text,
                Event::End(end) => {
                    return Ok(Ended { end, stdout, stderr });
                }
            }
        }
    }

    /// Stops what it runs, and waits until nothing of it is left.
    pub async fn stop(mut self) {
        self.order_to_stop().await;
        let end = async {
            loop {
                tokio::select! {
                    // It must not be kept waiting by a full pipe.
                    line = self.events.next_line() => if !matches!(line, Ok(Some(_))) { break },
                    () = sleep(PULSE) => self.kill_if_stopped(),
                }
            }
            self.child.wait().await
        };
        match timeout(PATIENCE, end).await {
            Ok(Ok(status)) if status.success() => {}
            _ => self.clear_up().await,
        }
    }
}

/// Does work with a supervisor, for whoever is no task, which must not run within one either; the work ends with this process.
pub fn block_on<T>(work: impl AsyncFnOnce(&mut Supervisor) -> Result<T>) -> Result<T> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut supervisor = Supervisor::start()?;
        let done = work(&mut supervisor).await;
        supervisor.stop().await;
        done
    })
}

/// Is what this process was started as, if that is a part of a run; to be called at the beginning of `main`, with nothing printed.
pub fn take_part() -> Option<ExitCode> {
    let mut args = env::args_os().skip(1);
    let command = args.next()?;
    let done = match command.to_str()? {
        COMMAND => supervise::supervise(),
        exec::COMMAND => Err(exec::exec(args)),
        _ => return None,
    };
    if let Err(error) = &done {
        eprintln!("error: {error:#}");
    }
    Some(match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    })
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

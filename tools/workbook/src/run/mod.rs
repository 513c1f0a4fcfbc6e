//! Running a reader's program from the page.
//!
//! The order to read in: [`protocol`] is what the page says and hears; [`guard`] decides who is heard, with [`token`] and [`csp`]; [`kit`] compiles, with [`bundle`] and `linker`; [`launch`] starts a supervisor, which is [`supervise`] in a process of its own, speaks as [`job`] says, enforces [`limits`], starts the program by [`exec`] and knows its [`family`].
//! What a run did on its loops is recorded by the program itself, and drawn by [`timeline`].
//!
//! What this protects against are other pages, other users, and programs that run wild.
//! It is no sandbox: a reader's own program may do what the reader may do.

pub mod bench;
pub mod bundle;
pub mod csp;
pub mod exec;
pub mod family;
pub mod guard;
pub mod job;
pub mod kit;
pub mod launch;
pub mod limits;
mod linker;
mod pipes;
pub mod prepare;
pub mod protocol;
pub mod routes;
pub mod scratch;
pub mod supervise;
pub mod text;
pub mod timeline;
pub mod token;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use axum::body::Bytes;
use serde::Serialize;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::time::timeout;

use job::{Event, Job};
use kit::{Kit, Outcome, milliseconds, program_environment, unfinished};
use launch::{Spare, Supervisor};
use limits::Limits;
use protocol::{Done, Output, Status, Stream, Timeline, Why};
use timeline::Record;

use crate::programs::compiled::Compiled;

/// How long a request waits for the program before it to be gone.
///
/// A page that stops one program and starts the next gets its turn; one that forgot the first hears of it.
const TURN: Duration = Duration::from_secs(2);

/// What all requests share.
pub struct Runner {
    limits: Limits,
    compiler_limits: Limits,
    /// The folder for the folders of runs.
    folder: PathBuf,
    /// Makes the names of those folders.
    number: AtomicU64,
    /// Held by the program that runs.
    turn: Arc<Semaphore>,
    /// The number of the run that has the turn, and what stops it.
    current: Mutex<(u64, Arc<Notify>)>,
    spare: Spare,
    known: Mutex<Known>,
    ending: watch::Sender<bool>,
}

/// What the preparations have found so far.
struct Known {
    kit: Option<Arc<Kit>>,
    examples: BTreeMap<String, PathBuf>,
    status: Status,
}

/// What a request wants to run.
pub enum Wish {
    Code {
        kit: Arc<Kit>,
        code: String,
        /// Whether to record what its loops do.
        timeline: bool,
    },
    Program(PathBuf, Vec<String>),
}

impl Runner {
    /// Runs programs in folders below this one, and none until the preparations have found a compiler.
    pub fn new(folder: &Path, limits: Limits, compiler_limits: Limits) -> Runner {
        let status = Status {
            ready: false,
            total: 0,
            compiled: 0,
            examples: Vec::new(),
            fast: false,
            problem: None,
            missing: limits::missing(),
        };
        Runner {
            limits,
            compiler_limits,
            folder: folder.to_path_buf(),
            number: AtomicU64::new(0),
            turn: Arc::new(Semaphore::new(1)),
            current: Mutex::default(),
            spare: Spare::default(),
            known: Mutex::new(Known {
                kit: None,
                examples: BTreeMap::new(),
                status,
            }),
            ending: watch::Sender::new(false),
        }
    }

    /// How far the preparations are.
    pub fn status(&self) -> Status {
        self.known().status.clone()
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits a little for the right to run a program.
    async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        timeout(TURN, self.turn.clone().acquire_owned())
            .await
            .ok()?
            .ok()
    }

    /// Numbers a run that has the turn, and gives what stops it.
    fn begin(&self) -> (u64, Arc<Notify>) {
        let mut current = self.current();
        *current = (current.0 + 1, Arc::default());
        current.clone()
    }

    /// Asks the run of this number to end; gives whether it is the last one.
    fn end(&self, run: u64) -> bool {
        let current = self.current();
        let is_last = current.0 == run;
        if is_last {
            current.1.notify_one();
        }
        is_last
    }

    fn current(&self) -> MutexGuard<'_, (u64, Arc<Notify>)> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stops the program that runs, and waits for its end; no other starts any more.
    pub async fn stop(&self) {
        self.ending.send_replace(true);
        // The supervisor gives up before that.
        let _ = timeout(TURN * 4, self.turn.acquire()).await;
        self.turn.close();
        self.spare.stop().await;
    }

    /// Runs what was asked for; every piece of output goes to `lines`.
    async fn run(
        &self,
        wish: &Wish,
        supervisor: &mut Supervisor,
        lines: &mpsc::Sender<Bytes>,
    ) -> Result<Done> {
        let start = Instant::now();
        let mut compile_ms = 0;
        let mut timeline = Wanted::No;
        let (program, args) = match wish {
            Wish::Program(program, args) => (program.clone(), args.clone()),
            Wish::Code {
                kit,
                code,
                timeline: wanted,
            } => {
                let made = if *wanted {
                    make_recorded(kit, code, supervisor).await?
                } else {
                    make(kit, code, supervisor).await?
                };
                if !made.found {
                    compile_ms = milliseconds(start);
                }
                let (executable, text, mut done) = match made.outcome {
                    Outcome::Compiled(compiled) => {
                        let text = compiled.rendered();
                        (compiled.executable, text, refused(1))
                    }
                    Outcome::Failed { end, text } => (None, text, failed(&end)),
                };
                if !text.is_empty() {
                    let stream = Stream::Compiler;
                    say(lines, &Output { stream, text }).await;
                }
                let Some(executable) = executable else {
                    done.elapsed_ms = milliseconds(start);
                    done.compile_ms = compile_ms;
                    return Ok(done);
                };
                timeline = made.timeline;
                (executable, Vec::new())
            }
        };
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        let folder = self.folder.join(format!("run-{number}"));
        let mut environment = program_environment(&folder);
        let record = match &timeline {
            Wanted::Yes(_) => {
                let record = Record::new(&self.folder, number);
                environment.push(record.variable(&self.limits));
                Some(record)
            }
            Wanted::No | Wanted::Impossible(_) => None,
        };
        let job = Job {
            program,
            args,
            environment,
            folder,
            private: true,
            limits: self.limits,
            background: false,
        };
        supervisor.begin(&job).await?;
        let end = loop {
            match supervisor.event().await? {
                Event::Output(output) => say(lines, &output).await,
                Event::End(end) => break end,
            }
        };
        let timeline = match (timeline, record) {
            (Wanted::Yes(code), Some(record)) => {
                Some(record.draw(code, timeline::caption(&end)).await)
            }
            (Wanted::Impossible(why), _) => Some(Timeline::without(why)),
            _ => None,
        };
        if let Some(timeline) = timeline {
            say(lines, &timeline).await;
        }
        Ok(Done {
            done: true,
            ok: end.ok(),
            status: end.status,
            why: end.why,
            message: end.message,
            elapsed_ms: end.elapsed_ms,
            compile_ms,
        })
    }
}

/// Whether the reader gets a timeline.
enum Wanted {
    No,
    /// Of this program.
    Yes(String),
    /// It was asked for; this sentence says why there will be none.
    Impossible(&'static str),
}

/// A program that is ready to run, or was refused.
struct Made {
    outcome: Outcome,
    /// Whether it had been compiled before.
    found: bool,
    timeline: Wanted,
}

async fn make(kit: &Kit, code: &str, supervisor: &mut Supervisor) -> Result<Made> {
    let found = kit.find(code)?.is_some();
    Ok(Made {
        outcome: kit.compile(code, supervisor, false).await?,
        found,
        timeline: Wanted::No,
    })
}

/// As [`make`]; what cannot be recorded is made without that.
async fn make_recorded(kit: &Kit, code: &str, supervisor: &mut Supervisor) -> Result<Made> {
    let reasons = [
        (!kit.has_timeline(code), timeline::NO_LOOP),
        (kit.observes(code), timeline::OBSERVED),
    ];
    if let Some((_, why)) = reasons.into_iter().find(|(holds, _)| *holds) {
        let mut made = make(kit, code, supervisor).await?;
        made.timeline = Wanted::Impossible(why);
        return Ok(made);
    }
    let is_refused = |compiled: Compiled| compiled.executable.is_none();
    if !kit.find(code)?.is_some_and(is_refused)
        && let Some((outcome, found)) = kit.compile_recorded(code, supervisor).await?
    {
        return Ok(Made {
            outcome,
            found,
            timeline: Wanted::Yes(code.to_owned()),
        });
    }
    let mut made = make(kit, code, supervisor).await?;
    made.found = false;
    made.timeline = Wanted::Impossible(timeline::UNKNOWN);
    Ok(made)
}

/// The end of a program that the compiler refused.
fn refused(status: i32) -> Done {
    Done {
        done: true,
        ok: false,
        status: Some(status),
        why: Some(Why::Compile),
        message: None,
        elapsed_ms: 0,
        compile_ms: 0,
    }
}

/// The end of a program whose compiler did not come to its end.
fn failed(end: &job::End) -> Done {
    Done {
        status: end.status,
        why: end.why.or(Some(Why::Compile)),
        message: Some(unfinished(end)),
        ..refused(1)
    }
}

/// Sends one line of the answer.
async fn say(lines: &mpsc::Sender<Bytes>, value: &impl Serialize) {
    let mut line = serde_json::to_vec(value).unwrap_or_default();
    line.push(b'\n');
    // When nobody listens any more, the run is stopped by whoever started it.
    let _ = lines.send(line.into()).await;
}

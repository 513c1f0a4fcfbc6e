//! Running a reader's program from the page.
//!
//! [`guard`] decides who is heard, with [`token`] and [`csp`]; [`routes`] hears what the page wants; [`Runner`] has it compiled and run, one program at a time.
//! What a run did on its loops is recorded by the program itself, and drawn by [`timeline`].
//!
//! What this protects against are other pages, other users, and programs that run wild.
//! It is no sandbox: a reader's own program may do what the reader may do.

pub mod bench;
pub mod csp;
pub mod guard;
pub mod origin;
pub mod prepare;
pub mod routes;
pub mod scratch;
pub mod timeline;
pub mod token;

use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::iter;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use axum::body::Bytes;
use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::task::spawn_blocking;
use tokio::time::{sleep_until, timeout};

use timeline::{Record, Timeline};

use crate::programs::cargo;
use crate::programs::compile::{Compiled, Compiler, SOURCE, Source, Unfinished};
use crate::programs::python::Python;
use crate::supervisor::limits::{self, Limits};
use crate::supervisor::{End, Event, Job, Output, Spare, Stream, Supervisor, Why};

/// How long a request waits for the program before it to be gone.
///
/// A page that stops one program and starts the next gets its turn; one that forgot the first hears of it.
const TURN: Duration = Duration::from_secs(2);

/// The file of a Python program, and what runs and records one.
const SCRIPT: &str = "main.py";
const RECORDER: &str = "tools/recorded/python/record.py";

/// How long output is joined before the page gets it.
const FRAME: Duration = Duration::from_millis(16);

/// A piece of this many bytes grows no more, so that the page can read it in a part of a frame.
const PIECE: usize = 16 << 10;

/// The crates whose loops have timelines.
const LOOPS: [&str; 2] = ["asyncio", "tokio"];

/// The calls of a program that takes notes itself; a loop has one observer.
const OBSERVING: [&str; 2] = ["set_observer", "on_new_loop"];

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
    compiler: Option<Arc<Compiler>>,
    examples: BTreeMap<String, PathBuf>,
    /// The last Python that was found.
    python: Option<Python>,
    /// The folder of the modules that Python programs may import, and of the twins.
    modules: PathBuf,
    status: Status,
}

/// What a request wants to run.
pub enum Wish {
    Code {
        compiler: Arc<Compiler>,
        code: String,
        /// Whether to record what its loops do.
        timeline: bool,
    },
    Program(PathBuf, Vec<String>),
    Python(Python, Script),
}

/// What Python runs.
pub enum Script {
    Code {
        code: String,
        timeline: bool,
    },
    /// A twin of an example.
    Twin(PathBuf, Vec<String>),
}

/// What a program is written in.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    #[default]
    Rust,
    Python,
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
                compiler: None,
                examples: BTreeMap::new(),
                python: None,
                modules: PathBuf::new(),
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

    /// Finds a Python that can run this program; the error says what is missing.
    ///
    /// One that lacked something is looked for again, because the reader may have followed the advice.
    async fn python_for(&self, code: &str) -> Result<Python, String> {
        let known = self.known().python.clone();
        if let Some(python) = known.filter(|python| python.lacks(code).is_none()) {
            return Ok(python);
        }
        let python = spawn_blocking(Python::find).await.map_err(|error| error.to_string())??;
        self.known().python = Some(python.clone());
        python.lacks(code).map_or(Ok(python), Err)
    }

    /// The twin of an example; the name is looked up among the files that there are, so it cannot lead elsewhere.
    fn twin(&self, name: &str) -> Option<PathBuf> {
        let modules = self.known().modules.clone();
        let wanted = format!("{name}.py");
        let mut files = fs::read_dir(modules).ok()?.flatten();
        let script = files.find(|file| file.file_name().to_str() == Some(&wanted))?.path();
        // A file without a transcript is a module.
        script.with_extension("txt").is_file().then_some(script)
    }

    /// Waits a little for the right to run a program.
    async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        timeout(TURN, self.turn.clone().acquire_owned()).await.ok()?.ok()
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
    async fn run(&self, wish: &Wish, supervisor: &mut Supervisor, lines: &mpsc::Sender<Bytes>) -> Result<Done> {
        let start = Instant::now();
        let mut compile_ms = 0;
        let mut timeline = Wanted::No;
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        let folder = self.folder.join(format!("run-{number}"));
        let mut job = match wish {
            Wish::Program(program, args) => {
                Job { args: args.clone(), private: true, ..Job::new(program.clone(), &folder, self.limits) }
            }
            Wish::Python(python, script) => {
                let args = match script {
                    Script::Twin(file, args) => iter::once(text_of(file)).chain(args.iter().cloned()).collect(),
                    Script::Code { code, timeline: wanted } => {
                        fs::create_dir_all(&folder)?;
                        fs::write(folder.join(SCRIPT), code)?;
                        timeline = match wanted {
                            false => Wanted::No,
                            true if code.contains("asyncio") => Wanted::Yes(SCRIPT, code.clone()),
                            true => Wanted::Impossible(timeline::NO_ASYNCIO),
                        };
                        let recorder = cargo::workspace().join(RECORDER);
                        let recorder = matches!(timeline, Wanted::Yes(..)).then(|| text_of(&recorder));
                        recorder.into_iter().chain([SCRIPT.to_owned()]).collect()
                    }
                };
                let modules = self.known().modules.clone();
                python.job(args, &modules, &folder, self.limits)
            }
            Wish::Code { compiler, code, timeline: wanted } => {
                let (made, drawn) = make(compiler, code, *wanted, supervisor).await;
                timeline = drawn;
                let mut refusal = End { status: Some(1), why: Some(Why::Compile), ..End::default() };
                let (executable, text, found) = match made {
                    Ok(made) => (made.executable.clone(), made.rendered(), made.found),
                    Err(error) => {
                        refusal.message = Some(error.to_string());
                        let Unfinished { end, said } = error.downcast()?;
                        refusal.status = end.status;
                        refusal.why = end.why.or(refusal.why);
                        (None, said, false)
                    }
                };
                if !found {
                    compile_ms = milliseconds(start);
                }
                if !text.is_empty() {
                    let stream = Stream::Compiler;
                    say(lines, &Output { stream, text }).await;
                }
                let Some(executable) = executable else {
                    refusal.elapsed_ms = milliseconds(start);
                    return Ok(Done::of(refusal, compile_ms));
                };
                Job { private: true, ..Job::new(executable, &folder, self.limits) }
            }
        };
        let record = match &timeline {
            Wanted::Yes(..) => {
                let record = Record::new(&self.folder, number);
                job.environment.push(record.variable(&self.limits));
                Some(record)
            }
            Wanted::No | Wanted::Impossible(_) => None,
        };
        supervisor.begin(job).await?;
        let end = pass_on(supervisor, lines).await?;
        let timeline = match (timeline, record) {
            (Wanted::Yes(file, code), Some(record)) => Some(record.draw(file, code, timeline::caption(&end)).await),
            (Wanted::Impossible(why), _) => Some(Timeline::without(why)),
            _ => None,
        };
        if let Some(timeline) = timeline {
            say(lines, &timeline).await;
        }
        Ok(Done::of(end, compile_ms))
    }
}

/// The last line of every answer.
#[derive(Debug, Serialize)]
pub struct Done {
    /// Always true; it tells the last line from the others.
    done: bool,
    /// Whether the program ran and ended with exit status 0.
    ok: bool,
    /// Of the program, or of the compiler if that is as far as it came.
    #[serde(flatten)]
    end: End,
    /// How long the compiler took; 0 if the program was compiled before.
    compile_ms: u64,
}

impl Done {
    fn of(end: End, compile_ms: u64) -> Done {
        Done { done: true, ok: end.ok(), end, compile_ms }
    }
}

/// The answer to `GET /status`, which is 401 to a page that does not know the secret.
#[derive(Clone, Debug, Serialize)]
pub struct Status {
    /// Whether `POST /run` compiles now; until then it answers 503.
    pub ready: bool,
    /// How many programs the book has, and how many of them are compiled.
    pub total: usize,
    pub compiled: usize,
    /// What `POST /run-example` runs now; empty until cargo has built the examples.
    pub examples: Vec<String>,
    /// Whether a shared library makes compiling faster.
    pub fast: bool,
    /// What went wrong in the background, in one sentence.
    pub problem: Option<String>,
    /// What this system cannot enforce, in words for the page.
    pub missing: Vec<&'static str>,
}

/// Whether the reader gets a timeline.
enum Wanted {
    No,
    /// Of this program, whose messages name this file.
    Yes(&'static str, String),
    /// It was asked for; this sentence says why there will be none.
    Impossible(&'static str),
}

/// Has the program compiled, recorded if that is wanted and possible.
async fn make(
    compiler: &Compiler,
    code: &str,
    wanted: bool,
    supervisor: &mut Supervisor,
) -> (Result<Compiled>, Wanted) {
    let source = Source::of(code);
    let mut drawn = Wanted::No;
    let mut tried = false;
    if wanted {
        let used = compiler.crates_in(code);
        let unseen = !LOOPS.iter().any(|name| used.contains(name));
        drawn = if unseen {
            Wanted::Impossible(timeline::NO_LOOP)
        } else if OBSERVING.iter().any(|call| code.contains(call)) {
            Wanted::Impossible(timeline::OBSERVED)
        } else {
            tried = true;
            match compiler.compile(&source.clone().recorded(), supervisor).await {
                Ok(compiled) if compiled.executable.is_some() => {
                    return (Ok(compiled), Wanted::Yes(SOURCE, code.to_owned()));
                }
                // A compiler that met a limit would meet it again.
                Err(error) if met_limit(&error) => return (Err(error), Wanted::No),
                _ => Wanted::Impossible(timeline::UNKNOWN),
            }
        };
    }
    let mut made = compiler.compile(&source, supervisor).await;
    if let Ok(compiled) = &mut made {
        compiled.found &= !tried;
    }
    (made, drawn)
}

fn met_limit(error: &anyhow::Error) -> bool {
    let unfinished = error.downcast_ref::<Unfinished>();
    unfinished.is_none_or(|unfinished| unfinished.end.why.is_some())
}

/// Sends what a job prints to the page, until its end.
///
/// A page shows what there is once in a frame, so pieces are joined for that long, and while the page is slow: a program may print faster than any page can read.
/// The supervisor is listened to all the time, because an order to stop must not wait for the page.
async fn pass_on(supervisor: &mut Supervisor, lines: &mpsc::Sender<Bytes>) -> Result<End> {
    let mut waiting: VecDeque<Output> = VecDeque::new();
    let mut next = Instant::now();
    let end = loop {
        // Waiting for an event must not be broken off, because an order to stop may be under way.
        let mut event = pin!(supervisor.event());
        let event = loop {
            let room = async {
                sleep_until(next.into()).await;
                lines.reserve().await
            };
            tokio::select! {
                event = &mut event => break event?,
                room = room, if !waiting.is_empty() => {
                    next = Instant::now() + FRAME;
                    match room {
                        Ok(room) => room.send(waiting.drain(..).flat_map(|output| line(&output)).collect()),
                        // Whoever started the run stops it.
                        Err(_) => waiting.clear(),
                    }
                }
            }
        };
        match (event, waiting.back_mut()) {
            (Event::End(end), _) => break end,
            (Event::Output(more), Some(last)) if last.stream == more.stream && last.text.len() < PIECE => {
                last.text += &more.text;
            }
            (Event::Output(more), _) => waiting.push_back(more),
        }
    };
    for output in waiting {
        say(lines, &output).await;
    }
    Ok(end)
}

/// Sends one line of the answer.
async fn say(lines: &mpsc::Sender<Bytes>, value: &impl Serialize) {
    // When nobody listens any more, the run is stopped by whoever started it.
    let _ = lines.send(line(value).into()).await;
}

fn line(value: &impl Serialize) -> Vec<u8> {
    let mut line = serde_json::to_vec(value).unwrap_or_default();
    line.push(b'\n');
    line
}

/// A path as an argument. Simplification: what is no text in it becomes some.
fn text_of(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// How long something took, in the unit of the page.
fn milliseconds(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}

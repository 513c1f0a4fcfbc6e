//! Records the programs of the book again: `cargo run -p recorded --bin record`.
//!
//! Each lies in a file of its own, `CHAPTER/NAME.rs`, and is a program as a reader would write it. It is recorded as a reader's is:
//! by itself, linked with `recorded` in Tokio's place, and in a process of its own. `CHAPTER/NAME.py` beside it, if there is such a
//! file, is the same program on Python's asyncio, and belongs to the recording.

#[macro_use(println)]
extern crate recorded as tokio;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio, Termination};
use std::{env, fs, io, process};

use asyncio_trace::figure::{self, MOST_SHOWN};
use asyncio_trace::spill;
use asyncio_trace::{Library, Run, Source, Trace};
use tokio::recorder;

#[rustfmt::skip]
#[path = "../../../tests/python/mod.rs"]
mod python;

/// The programs of a recording: one, or two that are compared, such as the same on this library and on Tokio.
///
/// It is called after its chapter and its first program.
struct Scenario {
    name: &'static str,
    /// What stands above the figure if its programs are two sides of one thing; otherwise the first program's first line does.
    caption: &'static str,
    /// Whether the reader can go through it step by step: where order is the lesson.
    steps: bool,
    programs: &'static [Program],
}

struct Program {
    /// Its file, as events name it.
    file: &'static str,
    text: &'static str,
    main: fn() -> ExitCode,
}

/// Lists the scenarios of each chapter, with `steps` before those through which the reader can go, and makes a module of each program.
macro_rules! scenarios {
    ($($chapter:ident { $($($steps:ident)? [$first:ident $(, $second:ident)?] $($caption:literal)?;)* })*) => {
        $(mod $chapter {
            $(pub mod $first; $(pub mod $second;)?)*
        })*

        const SCENARIOS: &[Scenario] = &[$($(Scenario {
            name: concat!(stringify!($chapter), "-", stringify!($first)),
            caption: concat!($($caption)?),
            steps: !concat!($(stringify!($steps))?).is_empty(),
            programs: &[program!($chapter $first) $(, program!($chapter $second))?],
        }),*),*];
    };
}

macro_rules! program {
    ($chapter:ident $name:ident) => {
        Program {
            file: concat!(
                "tools/recorded/scenarios/",
                stringify!($chapter),
                "/",
                stringify!($name),
                ".rs"
            ),
            text: include_str!(concat!(stringify!($chapter), "/", stringify!($name), ".rs")),
            main: || $chapter::$name::main().report(),
        }
    };
}

scenarios! {
    blocking {
        [in_turn, at_once] "Three cities, in turn and at once.";
    }
    coroutine {
        steps [two_ways];
        [one_after_the_other];
    }
    event_loop {
        steps [naps];
        steps [order];
        steps [timers];
    }
    task {
        steps [two_tasks, two_tasks_on_tokio];
        steps [cancel, cancel_on_tokio];
    }
    future {
        steps [promise];
    }
    callbacks {
        steps [done];
    }
    gather_wait {
        steps [three_teas, three_teas_on_tokio];
        steps [joined, spawned] "Two teas within one task, and as tasks of their own.";
    }
    queues {
        steps [overtaken];
        steps [hand_over, hand_over_on_tokio];
        steps [workers];
    }
    channels {
        steps [reply];
    }
    timeouts {
        steps [limit, limit_on_tokio];
    }
    select {
        steps [first, first_on_tokio];
    }
    clocks {
        [missed];
    }
    task_groups {
        steps [failure];
    }
    dynamic_tasks {
        steps [submitted];
    }
    redis_jobs {
        steps [worker_dies];
    }
    pools {
        [workers];
        [waits_for_itself];
    }
    streams {
        [pulled, ahead] "Three items, made in one second and used in two.";
    }
    resources {
        [lock];
        steps [goodbye];
    }
    clients {
        [per_host];
    }
    tcp_server {
        steps [slow_client];
    }
    http_server {
        steps [end];
    }
    subprocesses {
        [by_force];
    }
    greenlets {
        steps [stubborn, cooperative] "Three workers, stubborn and cooperative.";
    }
    runtimes {
        steps [same_program, same_program_on_tokio];
    }
}

/// Writes traces and figures into the folder that is named, or into the book. To be recorded, it starts itself with a program's name.
fn main() -> ExitCode {
    let argument = env::args().nth(1);
    if env::var_os(recorder::VARIABLE).is_some() {
        recorder::begin();
        let mut programs = SCENARIOS.iter().flat_map(|scenario| scenario.programs);
        let program = programs.find(|program| Some(program.file) == argument.as_deref());
        return (program.expect("a program").main)();
    }
    write(&argument.map_or(project().join("book"), PathBuf::from)).report()
}

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn write(book: &Path) -> io::Result<()> {
    if !book.is_dir() {
        let message = format!(
            "there is no folder {}: name one that there is, or none for the book",
            book.display()
        );
        return Err(io::Error::other(message));
    }
    let (traces, figures) = (book.join("traces"), book.join("figures"));
    fs::create_dir_all(&traces)?;
    fs::create_dir_all(&figures)?;
    let mut twins = twins()?;
    for Scenario {
        name,
        caption,
        steps,
        programs,
    } in SCENARIOS
    {
        let mut runs = Vec::new();
        for program in *programs {
            runs.push(program.record()?);
            // Beside the program that it is the same as.
            runs.extend(twins.remove(&program.twin()));
        }
        let trace = Trace { runs };
        let caption = match caption {
            &"" => &trace.runs[0].title,
            caption => *caption,
        };
        // Where nobody goes step by step, nobody chooses a loop, and the picture of asyncio would be the same once more.
        let mut shown = trace.runs.clone();
        shown.retain(|run| *steps || run.library != Library::Cpython);
        let figure = figure::html(&shown, caption, *steps);
        fs::write(traces.join(format!("{name}.json")), trace.to_json())?;
        fs::write(figures.join(format!("{name}.html")), figure)?;
        println!("{name}\n{}", trace.timeline(100));
    }
    Ok(())
}

/// Gives the runs of the programs on Python's asyncio, by their files.
fn twins() -> io::Result<HashMap<String, Run>> {
    let programs = SCENARIOS.iter().flat_map(|scenario| scenario.programs);
    let files = programs.map(Program::twin);
    let files = files.filter(|file| project().join(file).exists());
    let texts = files.map(|file| Ok((fs::read_to_string(project().join(&file))?, file)));
    let twins: Vec<(String, String)> = texts.collect::<io::Result<_>>()?;
    let sources: Vec<Source> = twins
        .iter()
        .map(|(text, file)| source(file, text))
        .collect();
    let runs = match python::pyodide() {
        Ok(python) => record_twins(
            &python.within(project().join("tools/recorded/python")),
            &sources,
        )?,
        Err(why) => {
            python::skip(&format!("what asyncio did last time is kept: {why}"));
            sources.iter().map(kept).collect::<io::Result<_>>()?
        }
    };
    Ok(sources
        .into_iter()
        .map(|source| source.file)
        .zip(runs)
        .collect())
}

/// Records programs on Python's asyncio, all in one process of Pyodide, which takes its time to begin.
fn record_twins(python: &python::Python, sources: &[Source]) -> io::Result<Vec<Run>> {
    let clock = fs::read_to_string(project().join("examples/virtual_clock.py"))?;
    let programs = sources
        .iter()
        .map(|source| (&source.file, source.lines.join("\n") + "\n"));
    let job = serde_json::json!({
        "programs": programs.collect::<Vec<_>>(),
        "modules": { "virtual_clock.py": clock },
    });
    let records: Vec<(String, String)> =
        serde_json::from_str(&python.run("scenarios.py", &[], &job.to_string()))?;
    let runs = records.iter().zip(sources).map(|((record, _), source)| {
        let mut run = only_run(record, source)?;
        // The last of the three numbers changes nothing.
        let version = run.python.take().unwrap_or_default();
        run.python = version
            .rsplit_once('.')
            .map(|(version, _)| version.to_owned());
        Ok(run)
    });
    runs.collect()
}

/// Gives the run of this program that the book has.
fn kept(source: &Source) -> io::Result<Run> {
    for file in fs::read_dir(project().join("book/traces"))? {
        let trace: Trace = serde_json::from_str(&fs::read_to_string(file?.path())?)?;
        let mut runs = trace.runs.into_iter();
        if let Some(run) =
            runs.find(|run| run.library == Library::Cpython && run.source.as_ref() == Some(source))
        {
            return Ok(run);
        }
    }
    Err(io::Error::other(format!(
        "{} is new or has changed, and can be recorded with Pyodide only",
        source.file
    )))
}

fn source(file: &str, text: &str) -> Source {
    Source {
        file: file.to_owned(),
        first_line: 1,
        lines: text.lines().map(str::to_owned).collect(),
    }
}

/// Reads the record of a program with one loop, which has its title in its first line.
fn only_run(record: &str, source: &Source) -> io::Result<Run> {
    match spill::read(record, source).map(<[Run; 1]>::try_from) {
        Ok(Ok([mut run])) => {
            let title = source.lines[0].trim_start_matches("//! ");
            run.title = title.trim_matches('"').to_owned();
            Ok(run)
        }
        failed => Err(io::Error::other(format!("{}: {failed:?}", source.file))),
    }
}

impl Program {
    /// The file of the same program on Python's asyncio, which need not exist.
    fn twin(&self) -> String {
        self.file.replace(".rs", ".py")
    }

    fn record(&self) -> io::Result<Run> {
        let file = env::temp_dir().join(format!("record-{}", process::id()));
        let wish = format!("{MOST_SHOWN} {} {}", u64::MAX, file.display());
        let ended = Command::new(env::current_exe()?)
            .arg(self.file)
            .env(recorder::VARIABLE, wish)
            .stdout(Stdio::null())
            .status()?;
        let record = fs::read_to_string(&file)?;
        fs::remove_file(&file)?;
        let source = source(self.file, self.text);
        if !ended.success() {
            return Err(io::Error::other(format!("{}: {ended}", self.file)));
        }
        only_run(&record, &source)
    }
}

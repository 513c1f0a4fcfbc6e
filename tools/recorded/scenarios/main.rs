//! Records the programs of the book again: `cargo run -p recorded --bin record`.
//!
//! Each lies in a file of its own, `CHAPTER/NAME.rs`, and is a program as a reader would write it. It is recorded as a reader's is:
//! by itself, linked with `recorded` in Tokio's place, and in a process of its own.

#[macro_use(println)]
extern crate recorded as tokio;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio, Termination};
use std::{env, fs, io, process};

use asyncio_trace::figure::{self, MOST_SHOWN};
use asyncio_trace::spill;
use asyncio_trace::{Run, Source, Trace};
use tokio::recorder;

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
        [in_turn, at_once] "Three requests, in turn and at once.";
    }
    coroutine {
        steps [two_ways];
        [one_after_the_other];
    }
    event_loop {
        steps [order];
        steps [timers];
    }
    task {
        steps [two_tasks, two_tasks_on_tokio];
        steps [cancel, cancel_on_tokio];
        steps [take_turns];
    }
    future {
        steps [promise];
        steps [many_wait];
    }
    callbacks {
        steps [done];
    }
    gather_wait {
        steps [three_teas, three_teas_on_tokio];
        steps [failure];
        steps [limit];
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
        steps [limit];
        steps [shield];
    }
    task_groups {
        steps [failure];
        [few];
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
    let book = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../book");
    write(&argument.map_or(book, PathBuf::from)).report()
}

fn write(book: &Path) -> io::Result<()> {
    let (traces, figures) = (book.join("traces"), book.join("figures"));
    fs::create_dir_all(&traces)?;
    fs::create_dir_all(&figures)?;
    for Scenario {
        name,
        caption,
        steps,
        programs,
    } in SCENARIOS
    {
        let runs: io::Result<Vec<Run>> = programs.iter().map(Program::record).collect();
        let trace = Trace { runs: runs? };
        let caption = match caption {
            &"" => &trace.runs[0].title,
            caption => *caption,
        };
        let figure = figure::html(&trace.runs, caption, *steps);
        fs::write(traces.join(format!("{name}.json")), trace.to_json())?;
        fs::write(figures.join(format!("{name}.html")), figure)?;
        println!("{name}\n{}", trace.timeline(100));
    }
    Ok(())
}

impl Program {
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
        let source = Source {
            file: self.file.to_owned(),
            first_line: 1,
            lines: self.text.lines().map(str::to_owned).collect(),
        };
        match spill::read(&record, &source).map(<[Run; 1]>::try_from) {
            Ok(Ok([mut run])) if ended.success() => {
                let title = source.lines[0].trim_start_matches("//! ");
                run.title = title.to_owned();
                Ok(run)
            }
            failed => Err(io::Error::other(format!(
                "{}: {ended}, {failed:?}",
                self.file
            ))),
        }
    }
}

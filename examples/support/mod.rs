//! What the examples share: their arguments, their clock, and how they are recorded.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use asyncio::EventLoop;
use asyncio_trace::{Recording, Trace, terminal_width};

/// One scene of an example. Each runs on a loop of its own.
pub struct Part {
    pub name: &'static str,
    pub about: &'static str,
    pub run: fn(&EventLoop) -> asyncio::Result<()>,
}

/// Runs the parts that the command line names, or all of them.
///
/// The loops are on a virtual clock, so waits take no time; `--real` waits in earnest.
/// `--timeline` draws what each part's loop did, `--trace` writes it to a file.
pub fn run(about: &str, parts: &[Part]) -> ExitCode {
    let arguments = match arguments(about, parts) {
        Ok(Some(arguments)) => arguments,
        Ok(None) => return ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}; try --help");
            return ExitCode::from(2);
        }
    };
    let mut trace = Trace::default();
    for part in &arguments.chosen {
        println!("== {}: {}", part.name, part.about);
        if let Err(error) = run_part(part, &arguments, &mut trace) {
            eprintln!("error: part {} failed: {error}", part.name);
            return ExitCode::FAILURE;
        }
    }
    if let Some(file) = &arguments.trace {
        let chrome = file.to_string_lossy().ends_with(".chrome.json");
        let json = if chrome {
            trace.to_chrome()
        } else {
            trace.to_json()
        };
        if let Err(error) = std::fs::write(file, json) {
            eprintln!("error: cannot write {}: {error}", file.display());
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// Runs one part on a loop of its own, and records it if somebody wants to see it.
fn run_part(part: &Part, arguments: &Arguments, trace: &mut Trace) -> asyncio::Result<()> {
    let event_loop = if arguments.real {
        EventLoop::new()
    } else {
        EventLoop::with_virtual_clock()
    };
    if !arguments.timeline && arguments.trace.is_none() {
        return (part.run)(&event_loop);
    }
    let recording = Recording::start(&event_loop);
    (part.run)(&event_loop)?;
    let run = recording.finish(part.name)?;
    if arguments.timeline {
        println!("\n{}", run.timeline(terminal_width()));
    }
    trace.runs.push(run);
    Ok(())
}

/// Writes a time of the loop's clock in seconds, as the Python twin does.
#[allow(dead_code, reason = "not every example measures time")]
pub fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

struct Arguments<'a> {
    chosen: Vec<&'a Part>,
    real: bool,
    timeline: bool,
    trace: Option<PathBuf>,
}

/// Reads the command line; `None` if it asked for help and got it.
fn arguments<'a>(about: &str, parts: &'a [Part]) -> Result<Option<Arguments<'a>>, lexopt::Error> {
    use lexopt::prelude::*;

    let mut chosen = Vec::new();
    let mut real = false;
    let mut timeline = false;
    let mut trace = None;
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("real") => real = true,
            Long("timeline") => timeline = true,
            Long("trace") => trace = Some(parser.value()?.into()),
            Short('h') | Long("help") => {
                help(about, parts);
                return Ok(None);
            }
            Value(name) => {
                let name = name.string()?;
                let part = parts.iter().find(|part| part.name == name);
                chosen.push(part.ok_or_else(|| format!("there is no part called {name:?}"))?);
            }
            other => return Err(other.unexpected()),
        }
    }
    if chosen.is_empty() {
        chosen = parts.iter().collect();
    }
    Ok(Some(Arguments {
        chosen,
        real,
        timeline,
        trace,
    }))
}

fn help(about: &str, parts: &[Part]) {
    println!("{about}\n\nUsage: [OPTIONS] [PART]...\n\nParts, all of them unless some are named:");
    for part in parts {
        println!("  {:<18} {}", part.name, part.about);
    }
    println!("\nOptions:\n  --real             wait in real time instead of virtual time");
    println!("  --timeline         draw what the loop of each part did");
    println!(
        "  --trace FILE       write it as JSON; *.chrome.json opens in https://ui.perfetto.dev"
    );
    println!("  -h, --help         print this help");
}

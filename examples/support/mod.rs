//! What the examples share: their arguments and their clock.

use std::process::ExitCode;
use std::time::Duration;

use asyncio::EventLoop;

/// One scene of an example. Each runs on a loop of its own.
pub struct Part {
    pub name: &'static str,
    pub about: &'static str,
    pub run: fn(&EventLoop) -> asyncio::Result<()>,
}

/// Runs the parts that the command line names, or all of them.
///
/// The loops are on a virtual clock, so waits take no time; `--real` waits in earnest.
pub fn run(about: &str, parts: &[Part]) -> ExitCode {
    let (chosen, real) = match arguments(about, parts) {
        Ok(Some(arguments)) => arguments,
        Ok(None) => return ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}; try --help");
            return ExitCode::from(2);
        }
    };
    for part in chosen {
        println!("== {}: {}", part.name, part.about);
        let event_loop = if real {
            EventLoop::new()
        } else {
            EventLoop::with_virtual_clock()
        };
        if let Err(error) = (part.run)(&event_loop) {
            eprintln!("error: part {} failed: {error}", part.name);
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// Writes a time of the loop's clock in seconds, as the Python twin does.
#[allow(dead_code, reason = "not every example measures time")]
pub fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

type Arguments<'a> = (Vec<&'a Part>, bool);

/// Reads the command line; `None` if it asked for help and got it.
fn arguments<'a>(about: &str, parts: &'a [Part]) -> Result<Option<Arguments<'a>>, lexopt::Error> {
    use lexopt::prelude::*;

    let mut chosen = Vec::new();
    let mut real = false;
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("real") => real = true,
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
    Ok(Some((chosen, real)))
}

fn help(about: &str, parts: &[Part]) {
    println!("{about}\n\nUsage: [--real] [PART]...\n\nParts, all of them unless some are named:");
    for part in parts {
        println!("  {:<18} {}", part.name, part.about);
    }
    println!("\nOptions:\n  --real             wait in real time instead of virtual time");
    println!("  -h, --help         print this help");
}

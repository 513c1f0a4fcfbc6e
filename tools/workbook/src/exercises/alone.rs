//! One job under a supervisor of its own, for somebody who waits for its end.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::run::exec::{this_program, without_ctrl_c};
use crate::run::job::{End, Event, Job};
use crate::run::launch::COMMAND;
use crate::run::protocol::Stream;

/// What a job did.
#[derive(Debug)]
pub struct Done {
    pub end: End,
    pub stdout: String,
    pub stderr: String,
}

/// Runs the job under its limits. When this process ends, so does the job.
///
/// It starts this program again, so whoever calls it hands `supervise` and `exec-limited` on to [`Cli`](crate::cli::Cli).
pub fn run(job: &Job) -> Result<Done> {
    let mut command = Command::new(this_program()?);
    command
        .arg(COMMAND)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    // Ctrl-C ends this process, and the end of the pipe is what the supervisor waits for.
    without_ctrl_c(&mut command);
    let mut supervisor = command.spawn().context("cannot start this program again")?;
    let mut stdin = supervisor
        .stdin
        .take()
        .context("a process without a pipe")?;
    let events = supervisor
        .stdout
        .take()
        .context("a process without a pipe")?;
    writeln!(stdin, "{}", serde_json::to_string(job)?)?;
    let (mut stdout, mut stderr, mut end) = (String::new(), String::new(), None);
    for line in BufReader::new(events).lines() {
        match serde_json::from_str(&line?)? {
            Event::Output(output) if output.stream == Stream::Stdout => stdout += &output.text,
            Event::Output(output) => stderr += &output.text,
            Event::End(last) => {
                end = Some(last);
                break;
            }
        }
    }
    drop(stdin);
    supervisor.wait()?;
    Ok(Done {
        end: end.context("the supervisor of the program has ended")?,
        stdout,
        stderr,
    })
}

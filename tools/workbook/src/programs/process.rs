//! Running one program to its end, with a limit on its time.

use std::fs::File;
use std::io::{Read, Seek};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use wait_timeout::ChildExt;

/// More than any program of the book needs, even on a busy machine.
pub const LIMIT: Duration = Duration::from_secs(20);

/// More than any program of the book prints; one that prints without end must not fill the disk.
const MOST_OUTPUT: u64 = 8 << 20;

/// How often the amount of output is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// How much of the output of a stopped program is shown, in characters.
const SHOWN: usize = 2000;

/// What a program did.
#[derive(Debug)]
pub struct Ended {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

/// Runs the command without input; a program that is still running after `limit` or prints without end is killed, and that is an error.
pub fn run(command: &mut Command, limit: Duration) -> Result<Ended> {
    // Files, not pipes: a grandchild that keeps a pipe open cannot hold us up.
    let mut stdout = tempfile::tempfile()?;
    let mut stderr = tempfile::tempfile()?;
    let mut child = command
        .stdin(Stdio::null())
        .stdout(stdout.try_clone()?)
        .stderr(stderr.try_clone()?)
        .spawn()
        .with_context(|| format!("cannot start {}", command.get_program().display()))?;
    let end = Instant::now() + limit;
    let (status, why) = loop {
        let left = end.saturating_duration_since(Instant::now());
        let status = child.wait_timeout(left.min(LOOK))?;
        let printed = stdout.metadata()?.len() + stderr.metadata()?.len();
        if printed > MOST_OUTPUT {
            let why = format!("it printed more than {} MiB", MOST_OUTPUT >> 20);
            break (None, why);
        }
        if status.is_some() || left.is_zero() {
            let seconds = limit.as_secs_f32();
            break (status, format!("still running after {seconds} s"));
        }
    };
    if status.is_none() {
        child.kill()?;
        child.wait()?;
    }
    let (stdout, stderr) = (text(&mut stdout)?, text(&mut stderr)?);
    match status {
        Some(status) => Ok(Ended {
            status,
            stdout,
            stderr,
        }),
        None => {
            let shown: String = (stdout + &stderr).chars().take(SHOWN).collect();
            bail!("{why}, so it was stopped: make it end by itself\n--- it had printed\n{shown}")
        }
    }
}

fn text(file: &mut File) -> Result<String> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.take(2 * MOST_OUTPUT).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

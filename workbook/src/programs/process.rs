//! Running one program to its end, with a limit on its time.

use std::fs::File;
use std::io::{Read, Seek};
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use wait_timeout::ChildExt;

/// More than any program of the book needs, even on a busy machine.
pub const LIMIT: Duration = Duration::from_secs(20);

/// What a program did.
#[derive(Debug)]
pub struct Ended {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

/// Runs the command without input; a program that is still running after `limit` is killed, and that is an error.
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
    let status = child.wait_timeout(limit)?;
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
        None => bail!(
            "still running after {} s, so it was stopped: make it end by itself\n--- it had printed\n{stdout}{stderr}",
            limit.as_secs_f32()
        ),
    }
}

fn text(file: &mut File) -> Result<String> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

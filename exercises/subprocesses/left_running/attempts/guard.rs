//! A guard of its own kills the child when it is dropped.

use std::{io, process::Stdio, time::Duration};
use tokio::io::AsyncReadExt;
use tokio::process::{Child, Command};
use tokio::time::timeout;

struct Guard(Child);

impl Drop for Guard {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.start_kill();
    }
}

/// Collects what a script of the shell writes; `None` if it takes longer than the limit.
pub async fn run(script: &str, limit: Duration) -> io::Result<Option<Vec<u8>>> {
    let mut shell = Command::new("sh");
    let shell = shell.args(["-c", script]).stdout(Stdio::piped());
    let mut child = Guard(shell.spawn()?);
    let collect = async {
        let mut bytes = Vec::new();
        if let Some(mut output) = child.0.stdout.take() {
            output.read_to_end(&mut bytes).await?;
        }
        child.0.wait().await?;
        io::Result::Ok(bytes)
    };
    if let Ok(bytes) = timeout(limit, collect).await {
        return Ok(Some(bytes?));
    }
    child.0.kill().await?;
    Ok(None)
}

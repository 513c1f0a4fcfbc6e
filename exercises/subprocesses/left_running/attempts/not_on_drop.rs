//! Kills the child after the limit, and not when it is dropped.

use std::{io, process::Stdio, time::Duration};
use tokio::io::AsyncReadExt;
use tokio::process::{Child, Command};
use tokio::time::timeout;

async fn collect(child: &mut Child) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(output) = &mut child.stdout {
        output.read_to_end(&mut bytes).await?;
    }
    child.wait().await?;
    Ok(bytes)
}

/// Collects what a script of the shell writes; `None` if it takes longer than the limit.
pub async fn run(script: &str, limit: Duration) -> io::Result<Option<Vec<u8>>> {
    let mut shell = Command::new("sh");
    let shell = shell.args(["-c", script]).stdout(Stdio::piped());
    let mut child = shell.spawn()?;
    match timeout(limit, collect(&mut child)).await {
        Ok(bytes) => Ok(Some(bytes?)),
        Err(_) => {
            child.kill().await?;
            Ok(None)
        }
    }
}

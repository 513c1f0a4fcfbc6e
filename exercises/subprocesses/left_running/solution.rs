use std::{io, process::Stdio, time::Duration};
use tokio::io::AsyncReadExt;
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// Reads to the end of the output, and waits for the end of the child.
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
    let mut child = shell
        .args(["-c", script])
        .stdout(Stdio::piped())
        .kill_on_drop(true) // Also when somebody drops this future.
        .spawn()?;
    match timeout(limit, collect(&mut child)).await {
        Ok(bytes) => Ok(Some(bytes?)),
        Err(_) => {
            child.kill().await?; // It waits for the end, too.
            Ok(None)
        }
    }
}

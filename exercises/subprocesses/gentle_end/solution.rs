use rustix::process::{Pid, Signal, kill_process};
use std::{io, process::ExitStatus, time::Duration};
use tokio::{process::Child, time::timeout};

/// Asks a child to end, kills it if it has not ended after `grace`, and gives its status.
pub async fn end(child: &mut Child, grace: Duration) -> io::Result<ExitStatus> {
    // There is no number any more when the child was waited for.
    if let Some(id) = child.id() {
        let id = id.try_into().map_err(io::Error::other)?;
        let process = Pid::from_raw(id).ok_or(io::ErrorKind::InvalidInput)?;
        kill_process(process, Signal::TERM)?;
    }
    if let Ok(status) = timeout(grace, child.wait()).await {
        return status;
    }
    child.kill().await?;
    child.wait().await
}

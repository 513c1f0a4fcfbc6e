use std::fmt;
use std::time::Duration;

use asyncio::{Error, Result, sleep};

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
    let mut pause = Duration::from_secs(1);
    for _ in 1..tries {
        let error = match attempt().await {
            Err(error) => error,
            Ok(value) => return Ok(value),
        };
        let Some(asked) = again(method, &error) else {
            return Err(error);
        };
        sleep(pause.max(asked)).await?;
        pause = (2 * pause).min(LONGEST);
    }
    attempt().await
}

/// Says after how long at least it may be sent again, or `None` if it may not.
fn again(method: &str, error: &Error) -> Option<Duration> {
    match error.downcast_ref()? {
        Failure::Busy(asked) => Some(asked.unwrap_or_default()),
        Failure::Lost if ["GET", "HEAD", "PUT", "DELETE"].contains(&method) => Some(Duration::ZERO),
        Failure::Lost | Failure::Refused => None,
    }
}

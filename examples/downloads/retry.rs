//! Trying again.

use std::time::Duration;

use tokio::time::sleep;

use super::failure::Failure;

/// No pause between two tries is longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How often something is tried.
#[derive(Clone, Copy, Debug)]
pub struct Retry {
    /// How many tries there are, the first included.
    pub tries: u32,
    /// How long the first pause is. Each further one is twice as long: a server in trouble needs rest.
    pub pause: Duration,
}

/// Tries until it works, until a failure is not worth a retry, or until the tries are used up.
///
/// Only what may happen twice is tried twice: `attempt` must be idempotent, as a GET is.
/// A production client would add a random part to each pause, so that its copies do not come back in step.
pub async fn retry<T, F: Future<Output = Result<T, Failure>>>(
    policy: Retry,
    report: impl Fn(&Failure, Duration),
    attempt: impl Fn() -> F,
) -> Result<T, Failure> {
    let mut pause = policy.pause;
    for _ in 1..policy.tries {
        match attempt().await {
            Err(failure) if failure.is_worth_a_retry() => report(&failure, pause),
            result => return result,
        }
        sleep(pause).await;
        pause = LONGEST_PAUSE.min(2 * pause);
    }
    attempt().await
}

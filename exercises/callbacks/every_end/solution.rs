use std::time::Duration;
use tokio::task::AbortHandle;
use tokio::time::sleep;

/// Brews one tea, or spills it.
async fn brew(seconds: u64, spilled: bool) -> Result<(), &'static str> {
    let _kettle = check::enter("kettle"); // The checks count the kettles in use.
    sleep(Duration::from_secs(seconds)).await;
    if spilled { Err("spilled") } else { Ok(()) }
}

/// Starts a tea, and gives what aborts it.
///
/// How the tea ends is noted, whichever end it is: `green is made`, `mint is spilled`, `nobody wants black`.
pub fn start(name: &'static str, seconds: u64, spilled: bool) -> AbortHandle {
    let task = tokio::spawn(brew(seconds, spilled));
    let abort = task.abort_handle();
    tokio::spawn(async move {
        match task.await {
            Ok(Ok(())) => check::note(format!("{name} is made")),
            Ok(Err(error)) => check::note(format!("{name} is {error}")),
            Err(ended) if ended.is_cancelled() => check::note(format!("nobody wants {name}")),
            Err(ended) => check::note(format!("the pot of {name} is broken: {ended}")),
        }
    });
    abort
}

use futures::FutureExt;
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
    let brewing = brew(seconds, spilled).inspect(move |tea| match tea {
        Ok(()) => check::note(format!("{name} is made")),
        Err(error) => check::note(format!("{name} is {error}")),
    });
    tokio::spawn(brewing).abort_handle()
}

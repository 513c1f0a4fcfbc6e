use asyncio::{Result, get_running_loop};
use std::time::Duration;

/// A timer that rings again and again until it is cancelled.
#[derive(Clone)]
pub struct Every {}

impl Every {
    /// Ends the rings.
    pub fn cancel(&self) {
        // Build it: keep the handle of the next timer, and cancel it here.
    }
}

/// Calls back after each period, for the first time when one has passed.
pub fn every(period: Duration, callback: impl FnMut() + 'static) -> Result<Every> {
    get_running_loop()?.call_later(period, callback); // Build it: this rings once.
    Ok(Every {})
}

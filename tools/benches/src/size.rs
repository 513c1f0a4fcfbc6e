//! What all columns have in common: how much they do.

use std::time::Duration;

/// How much one measurement does.
#[derive(Clone, Copy)]
pub struct Size {
    /// How often it is done.
    pub repeats: usize,
    /// How many tasks, callbacks or timers there are at a time.
    pub at_once: usize,
}

impl Size {
    pub fn operations(self) -> usize {
        self.repeats * self.at_once
    }
}

/// The length of a message, the same in every language.
pub const MESSAGE: usize = 64;

/// Spreads the delays over 1 to 10 ms in steps of a microsecond, in no order; the same in every language.
pub fn timer_delay(n: usize) -> Duration {
    Duration::from_micros(1_000 + (n as u64 * 7_919) % 9_000)
}

//! The loop's clock: the operating system's, or a virtual one that jumps.

use std::cell::Cell;
use std::time::{Duration, Instant};

pub(crate) enum Clock {
    /// Measures from the moment the loop was made.
    Real(Instant),
    /// Moves only when the loop has nothing ready, and then to the next deadline.
    Virtual(Cell<Duration>),
}

impl Clock {
    pub(crate) fn now(&self) -> Duration {
        match self {
            Clock::Real(start) => start.elapsed(),
            Clock::Virtual(now) => now.get(),
        }
    }

    pub(crate) fn is_virtual(&self) -> bool {
        matches!(self, Clock::Virtual(_))
    }

    /// Moves a virtual clock forward; a clock never goes back.
    pub(crate) fn jump_to(&self, when: Duration) {
        if let Clock::Virtual(now) = self {
            now.set(now.get().max(when));
        }
    }
}

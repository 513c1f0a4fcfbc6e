//! The loop's clock, and its timers in the order of their deadlines.

use std::cell::Cell;
use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::callback::Callback;

/// The operating system's clock, or one that jumps.
pub(crate) enum Clock {
    /// Measures from the moment the loop was made.
    Real(Instant),
    /// Moves only when the loop has nothing ready, and then to the next deadline.
    Virtual(Cell<Duration>),
}

impl Default for Clock {
    fn default() -> Self {
        Clock::Real(Instant::now())
    }
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

/// Below this many cancelled timers a sweep is not worth its cost; asyncio uses the same number.
const SWEEP_FROM: usize = 100;

/// A timer in the heap, which has the greatest at its top: so the soonest is the greatest.
pub(crate) struct Timer {
    pub(crate) when: Duration,
    /// Equal deadlines fire in the order in which they were set. asyncio promises no order here.
    number: u64,
    pub(crate) callback: Rc<dyn Callback>,
}

impl Ord for Timer {
    fn cmp(&self, other: &Self) -> Ordering {
        (other.when, other.number).cmp(&(self.when, self.number))
    }
}

impl PartialOrd for Timer {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Timer {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl Eq for Timer {}

/// The timers that have not fired, in a heap.
#[derive(Default)]
pub(crate) struct Timers {
    pub(crate) heap: BinaryHeap<Timer>,
    /// How many were ever set; numbers them.
    set: u64,
    /// How many in the heap are cancelled. They leave it when they reach the top, or in a sweep.
    cancelled: usize,
}

impl Timers {
    pub(crate) fn insert(&mut self, when: Duration, callback: Rc<dyn Callback>) {
        self.set += 1;
        self.heap.push(Timer { when, number: self.set, callback });
    }

    /// Hears that a timer in the heap was cancelled.
    pub(crate) fn note_cancelled(&mut self) {
        self.cancelled += 1;
        if self.cancelled > SWEEP_FROM && self.cancelled * 2 > self.heap.len() {
            self.heap.retain(|timer| !timer.callback.about().cancelled.get());
            self.cancelled = 0;
        }
    }

    /// Gives the soonest deadline of a timer that was not cancelled.
    pub(crate) fn next_deadline(&mut self) -> Option<Duration> {
        while self.heap.peek()?.callback.about().cancelled.get() {
            self.heap.pop();
            self.cancelled -= 1;
        }
        Some(self.heap.peek()?.when)
    }

    /// Takes out the soonest that is due.
    pub(crate) fn pop_due(&mut self, now: Duration) -> Option<Rc<dyn Callback>> {
        self.next_deadline().filter(|when| *when <= now)?;
        self.heap.pop().map(|timer| timer.callback)
    }
}

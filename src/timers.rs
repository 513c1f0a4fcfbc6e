//! Deadlines, soonest first.

use std::collections::BinaryHeap;
use std::rc::Rc;
use std::time::Duration;

use crate::callback::Callback;

/// Below this many cancelled timers a sweep is not worth its cost; asyncio uses the same number.
const SWEEP_FROM: usize = 100;

struct Timer {
    /// The deadline in nanoseconds in the upper half, and in the lower half a number, so that equal deadlines fire in the order in
    /// which they were set. asyncio promises no order here.
    ///
    /// Choice: one number, whose comparison is no branch; a heap makes a dozen comparisons that no processor can foresee.
    key: u128,
    callback: Rc<dyn Callback>,
}

impl Timer {
    /// Simplification: what is due in more than 584 years is due in 584 years.
    fn new(when: Duration, sequence: u64, callback: Rc<dyn Callback>) -> Self {
        let nanoseconds = u64::try_from(when.as_nanos()).unwrap_or(u64::MAX);
        Timer {
            key: u128::from(nanoseconds) << 64 | u128::from(sequence),
            callback,
        }
    }

    fn when(&self) -> Duration {
        Duration::from_nanos((self.key >> 64) as u64)
    }
}

impl PartialEq for Timer {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Timer {}

impl PartialOrd for Timer {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Timer {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        // The heap has the greatest at its top.
        other.key.cmp(&self.key)
    }
}

#[derive(Default)]
pub(crate) struct Timers {
    heap: BinaryHeap<Timer>,
    set: u64,
    /// How many timers were cancelled since the last sweep, a few of them after they had fired. Those in the heap leave at the
    /// next sweep, or when they reach the top.
    cancelled: usize,
}

impl Timers {
    pub(crate) fn insert(&mut self, when: Duration, callback: Rc<dyn Callback>) {
        let sequence = self.set;
        self.set += 1;
        self.heap.push(Timer::new(when, sequence, callback));
    }

    pub(crate) fn note_cancelled(&mut self) {
        self.cancelled += 1;
    }

    /// Gives the soonest deadline that is still wanted.
    #[inline]
    pub(crate) fn next_deadline(&mut self) -> Option<Duration> {
        if self.heap.is_empty() {
            return None;
        }
        self.next_of_some()
    }

    fn next_of_some(&mut self) -> Option<Duration> {
        if self.cancelled > SWEEP_FROM && self.cancelled * 2 > self.heap.len() {
            self.heap.retain(|timer| !timer.callback.is_cancelled());
            self.cancelled = 0;
        }
        // Only then is it worth the look at each callback.
        while self.cancelled > 0 && self.heap.peek()?.callback.is_cancelled() {
            self.heap.pop();
            self.cancelled = self.cancelled.saturating_sub(1);
        }
        self.heap.peek().map(Timer::when)
    }

    /// Takes out the next callback that is due at `now`, soonest first.
    pub(crate) fn pop_due(&mut self, now: Duration) -> Option<Rc<dyn Callback>> {
        if self.next_deadline()? > now {
            return None;
        }
        self.heap.pop().map(|timer| timer.callback)
    }

    /// Lists the timers that were neither fired nor cancelled.
    pub(crate) fn soonest_first(&self) -> impl Iterator<Item = (&Rc<dyn Callback>, Duration)> {
        let mut timers: Vec<&Timer> = self.heap.iter().collect();
        timers.sort_by_key(|timer| timer.key);
        timers
            .into_iter()
            .filter(|timer| !timer.callback.is_cancelled())
            .map(|timer| (&timer.callback, timer.when()))
    }

    /// Counts the timers that were neither fired nor cancelled.
    pub(crate) fn live(&self) -> usize {
        self.heap
            .iter()
            .filter(|timer| !timer.callback.is_cancelled())
            .count()
    }
}

#[cfg(test)]
mod tests {
    use super::{SWEEP_FROM, Timers};
    use crate::callback::{Callback, CallbackCell};
    use std::rc::Rc;
    use std::time::Duration;

    /// Sets a timer for every second, and gives the callbacks.
    fn set(timers: &mut Timers, count: usize) -> Vec<Rc<dyn Callback>> {
        let callbacks: Vec<_> = (0..count).map(|_| CallbackCell::shared(|| {})).collect();
        for (when, callback) in (1..).zip(&callbacks) {
            timers.insert(Duration::from_secs(when), callback.clone());
        }
        callbacks
    }

    #[test]
    fn a_heap_of_mostly_cancelled_timers_is_swept() {
        let mut timers = Timers::default();
        let callbacks = set(&mut timers, 1000);
        // The soonest stays, so that none leaves by reaching the top.
        for callback in &callbacks[1..=500] {
            callback.cancel();
            timers.note_cancelled();
        }
        assert_eq!(timers.next_deadline(), Some(Duration::from_secs(1)));
        assert_eq!(timers.heap.len(), 1000);
        callbacks[501].cancel();
        timers.note_cancelled();
        assert_eq!(timers.next_deadline(), Some(Duration::from_secs(1)));
        assert_eq!(timers.heap.len(), 499);
        assert_eq!(timers.live(), 499);
    }

    #[test]
    fn what_is_due_in_584_years_or_later_is_due_then_and_in_order() {
        let mut timers = Timers::default();
        let callbacks: Vec<_> = (0..3).map(|_| CallbackCell::shared(|| {})).collect();
        let far = Duration::from_nanos(u64::MAX);
        for (when, callback) in [Duration::MAX, far, Duration::ZERO].iter().zip(&callbacks) {
            timers.insert(*when, callback.clone());
        }
        let mut pop = |now| {
            let due = timers.pop_due(now)?;
            callbacks
                .iter()
                .position(|callback| Rc::ptr_eq(callback, &due))
        };
        let before = far - Duration::from_nanos(1);
        assert_eq!([pop(before), pop(before)], [Some(2), None]);
        assert_eq!([pop(far), pop(far), pop(far)], [Some(0), Some(1), None]);
    }

    #[test]
    fn a_few_cancelled_timers_stay_until_their_time() {
        let mut timers = Timers::default();
        let callbacks = set(&mut timers, SWEEP_FROM + 1);
        for callback in &callbacks[1..] {
            callback.cancel();
            timers.note_cancelled();
        }
        assert_eq!(timers.next_deadline(), Some(Duration::from_secs(1)));
        assert_eq!(timers.heap.len(), SWEEP_FROM + 1);
        assert_eq!(timers.live(), 1);
        assert!(timers.pop_due(Duration::MAX).is_some());
        assert!(timers.pop_due(Duration::MAX).is_none());
        assert_eq!((timers.heap.len(), timers.cancelled), (0, 0));
    }
}

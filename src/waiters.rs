//! The line of those who wait for a queue, a lock or a permit.

use std::cell::{Cell, RefCell};
use std::panic::Location;
use std::rc::Rc;

use crate::error::Cancelled;
use crate::line::Line;
use crate::observe::Place;
use crate::signal::{Signal, Signalled};

/// Wakes in the order of arrival.
///
/// A waiter that was woken and then goes away, cancelled or dropped, is made known to its owner, who hands the turn on: nobody
/// behind it is stranded.
#[derive(Default)]
pub(crate) struct Waiters {
    /// Those who were not woken yet. One that was cancelled stays until its task has run.
    line: RefCell<Line<Rc<Signal>>>,
    /// How many were woken and have not gone on yet; they still come before whoever arrives now.
    woken: Cell<usize>,
}

impl Waiters {
    /// Wakes the first who still waits; false if nobody does.
    #[inline]
    pub(crate) fn wake_next(&self) -> bool {
        !self.line.borrow().is_empty() && self.wake_one()
    }

    fn wake_one(&self) -> bool {
        loop {
            let Some(waiter) = self.line.borrow_mut().pop() else {
                return false;
            };
            if waiter.set() {
                self.woken.set(self.woken.get() + 1);
                return true;
            }
        }
    }

    /// Wakes the first in line, unless it is about to run anyway, woken or cancelled: then it takes the turn, or hands it on.
    pub(crate) fn wake_first(&self) {
        let first_waits = self.line.borrow().first().is_some_and(|w| w.is_waiting());
        if self.woken.get() == 0 && first_waits {
            self.wake_next();
        }
    }

    pub(crate) fn wake_all(&self) {
        while self.wake_next() {}
    }

    /// Tells whether nobody comes before a newcomer.
    pub(crate) fn is_empty(&self) -> bool {
        self.woken.get() == 0 && !self.line.borrow().iter().any(|(_, w)| w.is_waiting())
    }

    /// Waits for a turn. If this wait does not live to use one, it calls `given_up` and says whether the turn had come.
    /// `label` and `at` tell an observer what for, and from which line.
    ///
    /// # Panics
    /// Outside a running loop.
    pub(crate) async fn wait(
        &self,
        label: &'static str,
        at: Option<Place>,
        given_up: impl Fn(bool),
    ) -> Result<(), Cancelled> {
        struct Place<'a, F: Fn(bool)> {
            waiters: &'a Waiters,
            waiter: Rc<Signal>,
            number: u64,
            given_up: F,
            used: bool,
        }
        impl<F: Fn(bool)> Drop for Place<'_, F> {
            #[inline]
            fn drop(&mut self) {
                let Waiters { line, woken } = self.waiters;
                let was_woken = !self.waiter.give_up();
                if was_woken {
                    woken.set(woken.get() - 1);
                } else {
                    drop(line.borrow_mut().take(self.number));
                }
                if !self.used {
                    (self.given_up)(was_woken);
                }
            }
        }
        let waiter = Signal::new(label, None, at.unwrap_or(Location::caller()));
        let number = self.line.borrow_mut().push(waiter.clone());
        let mut place = Place {
            waiters: self,
            waiter,
            number,
            given_up,
            used: false,
        };
        Signalled::new(&place.waiter).await?;
        place.used = true;
        Ok(())
    }
}

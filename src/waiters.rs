//! The line of those who wait for a queue, a lock or a permit.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use crate::error::Cancelled;
use crate::events::Place;
use crate::line::Line;
use crate::observation::{OBSERVABLE, observed};
use crate::signal::{Signal, Signalled};

/// Wakes in the order of arrival.
///
/// A waiter that was woken and then goes away, cancelled or dropped, is made known to its owner, who hands the turn on: nobody
/// behind it is stranded.
pub(crate) struct Waiters {
    /// Those who were not woken yet. One that was cancelled stays until its task has run.
    line: RefCell<Line<Rc<Signal>>>,
    /// How many were woken and have not gone on yet; they still come before whoever arrives now.
    woken: Cell<usize>,
    /// The last signal that is over: tasks that take turns wait without an allocation.
    spare: Cell<Option<Rc<Signal>>>,
    /// False if somebody is in line, and always if an observer may hear of it: all that a hot path asks.
    quiet: Cell<bool>,
    /// True if a loop had an observer when this was made.
    watched: bool,
}

impl Default for Waiters {
    fn default() -> Self {
        let watched = observed();
        Waiters {
            line: RefCell::default(),
            woken: Cell::new(0),
            spare: Cell::new(None),
            quiet: Cell::new(!watched),
            watched,
        }
    }
}

impl Waiters {
    /// Tells whether nobody is in line, and nobody observes what happens here.
    #[inline]
    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet.get()
    }

    /// Tells whether an observer may hear of what happens here.
    #[inline]
    pub(crate) fn is_watched(&self) -> bool {
        OBSERVABLE && self.watched
    }

    /// Takes somebody out of the line.
    #[inline]
    fn take(
        &self,
        who: impl FnOnce(&mut Line<Rc<Signal>>) -> Option<Rc<Signal>>,
    ) -> Option<Rc<Signal>> {
        let mut line = self.line.borrow_mut();
        let waiter = who(&mut line);
        self.quiet.set(line.is_empty() && !self.is_watched());
        waiter
    }

    /// Wakes the first who still waits; false if nobody does.
    #[inline]
    pub(crate) fn wake_next(&self) -> bool {
        !self.quiet.get() && self.wake_one()
    }

    fn wake_one(&self) -> bool {
        while let Some(waiter) = self.take(Line::pop) {
            if waiter.set() {
                self.woken.set(self.woken.get() + 1);
                return true;
            }
        }
        false
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

    /// Gets in line for a turn. If this wait does not live to use one, it calls `given_up` and says whether the turn had come.
    /// `label` and `at` tell an observer what for, and from which line.
    ///
    /// # Panics
    /// Outside a running loop.
    #[inline]
    pub(crate) fn wait<F: Fn(bool) + Unpin>(
        &self,
        label: &'static str,
        at: Option<Place>,
        given_up: F,
    ) -> Turn<'_, F> {
        let signal = match self.is_watched() {
            true => Signal::watched_wait(label, at.unwrap_or(Location::caller())),
            false => Signal::in_place_of(self.spare.take()),
        };
        self.quiet.set(false);
        Turn {
            waiters: self,
            given_up,
            number: self.line.borrow_mut().push(signal.clone()),
            leaf: Some(Signalled::new(signal)),
        }
    }
}

/// The wait for a turn, with its place in line.
pub(crate) struct Turn<'a, F: Fn(bool)> {
    waiters: &'a Waiters,
    given_up: F,
    number: u64,
    /// `None` once the turn was used.
    leaf: Option<Signalled>,
}

impl<F: Fn(bool) + Unpin> Future for Turn<'_, F> {
    type Output = Result<(), Cancelled>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let leaf = this.leaf.as_mut().expect("not awaited after its end");
        let polled = Pin::new(leaf).poll(cx);
        if matches!(polled, Poll::Ready(Ok(()))) {
            this.waiters.woken.set(this.waiters.woken.get() - 1);
            let signal = this.leaf.take().map(Signalled::into_signal);
            this.waiters.spare.set(signal);
        }
        polled
    }
}

impl<F: Fn(bool)> Drop for Turn<'_, F> {
    #[inline]
    fn drop(&mut self) {
        let Some(leaf) = self.leaf.take() else {
            return;
        };
        let waiters = self.waiters;
        let was_woken = !leaf.give_up();
        if was_woken {
            waiters.woken.set(waiters.woken.get() - 1);
        } else {
            drop(waiters.take(|line| line.take(self.number)));
        }
        (self.given_up)(was_woken);
    }
}

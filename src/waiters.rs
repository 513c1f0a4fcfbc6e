//! Those who wait for a queue, a lock or a permit.

use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::error::{Cancelled, Error, NoRunningLoop};
use crate::event_loop::Core;
use crate::list::List;
use crate::observe::Place;
use crate::promise::Promise;
use crate::waiting::Awaiting;

/// Wakes in the order of arrival.
///
/// A waiter that was woken and then goes away, cancelled or dropped, is made known to its owner, who hands the turn on: nobody
/// behind it is stranded.
#[derive(Default)]
pub(crate) struct Waiters {
    /// The promises of those who were not woken yet. One that was cancelled stays until its task has run.
    list: RefCell<List<Promise<()>>>,
    /// How many were woken and have not gone on yet; they still come before whoever arrives now.
    woken: Cell<usize>,
}

impl Waiters {
    /// Wakes the first who still waits; false if nobody does.
    pub(crate) fn wake_next(&self) -> bool {
        loop {
            let next = self.list.borrow_mut().pop();
            match next {
                Some(promise) if promise.fill(()) => {
                    self.woken.set(self.woken.get() + 1);
                    return true;
                }
                // That one was cancelled.
                Some(_) => {}
                None => return false,
            }
        }
    }

    pub(crate) fn wake_all(&self) {
        while self.wake_next() {}
    }

    /// Wakes the first in line, unless it is about to run anyway, woken or cancelled: then it takes the turn, or hands it on.
    pub(crate) fn wake_first(&self) {
        let first_waits = match self.list.borrow().iter().next() {
            Some((_, promise)) => !promise.is_done(),
            None => false,
        };
        if self.woken.get() == 0 && first_waits {
            self.wake_next();
        }
    }

    /// Tells whether nobody comes before a newcomer.
    pub(crate) fn is_empty(&self) -> bool {
        let list = self.list.borrow();
        self.woken.get() == 0 && list.iter().all(|(_, promise)| promise.is_done())
    }

    /// Waits for a turn. If this wait does not live to use one, it calls `given_up` and says whether the turn had come.
    ///
    /// `label` and `at` tell an observer what for, and from which line.
    ///
    /// # Panics
    /// Outside a running loop.
    pub(crate) fn wait<F: Fn(bool) + Unpin>(
        &self,
        label: &'static str,
        at: Option<Place>,
        given_up: F,
    ) -> Waiter<'_, F> {
        let promise = Core::with_running(|core| Promise::labelled(core, label, at));
        let promise = promise.unwrap_or_else(|| panic!("{NoRunningLoop}"));
        Waiter {
            waiters: self,
            number: self.list.borrow_mut().push(promise.clone()),
            leaf: promise.wait_at(None),
            given_up,
            used: false,
        }
    }
}

/// The place of one who waits.
pub(crate) struct Waiter<'a, F: Fn(bool)> {
    waiters: &'a Waiters,
    number: u64,
    leaf: Awaiting<()>,
    given_up: F,
    used: bool,
}

impl<F: Fn(bool) + Unpin> Future for Waiter<'_, F> {
    type Output = Result<(), Cancelled>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let polled = Pin::new(&mut self.leaf).poll(cx);
        self.used = matches!(polled, Poll::Ready(Ok(())));
        polled.map_err(Error::into_cancelled)
    }
}

impl<F: Fn(bool)> Drop for Waiter<'_, F> {
    fn drop(&mut self) {
        let promise = self.leaf.promise();
        let woken = promise.is_done() && !promise.is_cancelled();
        if woken {
            self.waiters.woken.set(self.waiters.woken.get() - 1);
        } else {
            let left = self.waiters.list.borrow_mut().take(self.number);
            drop(left);
        }
        if !self.used {
            (self.given_up)(woken);
        }
    }
}

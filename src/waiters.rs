//! Those who wait for a queue, a lock or a permit.

use std::cell::{Cell, RefCell};

use crate::error::{Cancelled, Error};
use crate::event_loop::expect_running_loop;
use crate::list::List;
use crate::observe::Place;
use crate::on_drop::OnDrop;
use crate::promise::Promise;

/// Wakes in the order of arrival.
///
/// A waiter that was woken and then goes away, cancelled or dropped, is made known to its owner, who hands the turn on: nobody
/// behind it is stranded.
#[derive(Default)]
pub(crate) struct Waiters {
    /// The promises of those who were not woken yet. One that was cancelled stays until its task has run.
    list: RefCell<List<Promise<()>>>,
    /// How many were woken and have not gone on yet. A lock lets nobody pass them; a queue does.
    woken: Cell<usize>,
}

impl Waiters {
    /// Wakes the first who still waits; false if nobody does.
    pub(crate) fn wake_next(&self) -> bool {
        loop {
            let next = self.list.borrow_mut().pop();
            let Some(promise) = next else { return false };
            // Counted first: a waker may run what goes on.
            self.woken.set(self.woken.get() + 1);
            if promise.fill(()) {
                return true;
            }
            // That one was cancelled.
            self.woken.set(self.woken.get() - 1);
        }
    }

    pub(crate) fn wake_next_if(&self, condition: bool) {
        if condition {
            self.wake_next();
        }
    }

    pub(crate) fn wake_all(&self) {
        while self.wake_next() {}
    }

    /// Wakes the first in line, unless it is about to run anyway, woken or cancelled: then it takes the turn, or hands it on.
    pub(crate) fn wake_first(&self) {
        let first_waits = self.list.borrow().iter().next().is_some_and(|(_, p)| !p.is_done());
        self.wake_next_if(self.woken.get() == 0 && first_waits);
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
    pub(crate) async fn wait(
        &self,
        label: &'static str,
        at: Option<Place>,
        given_up: impl Fn(bool),
    ) -> Result<(), Cancelled> {
        let promise = Promise::labelled(&expect_running_loop().core, label, at);
        let number = self.list.borrow_mut().push(promise.clone());
        let mut waiting = promise.clone().wait_at(None);
        let used = Cell::new(false);
        // Dropped before `waiting` is, and whatever becomes of this wait.
        let _in_line = OnDrop(|| {
            let woken = used.get() || promise.is_done() && !promise.is_cancelled();
            if woken {
                self.woken.set(self.woken.get() - 1);
            } else {
                self.list.borrow_mut().take(number);
            }
            if !used.get() {
                given_up(woken);
            }
        });
        let waited = (&mut waiting).await;
        used.set(waited.is_ok());
        waited.map_err(Error::into_cancelled)
    }
}

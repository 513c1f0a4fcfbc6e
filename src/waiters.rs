//! The line of those who wait for a queue, a lock or a permit.

use std::cell::RefCell;
use std::collections::VecDeque;

use crate::error::Cancelled;
use crate::event_loop::expect_running_loop;
use crate::promise::Promise;
use crate::sleep::wait_for_signal;

/// Wakes in the order of arrival.
///
/// A waiter that was woken and then goes away, cancelled or dropped, hands its turn on: nobody behind it is stranded.
#[derive(Default)]
pub(crate) struct Waiters {
    line: RefCell<VecDeque<Promise<()>>>,
}

impl Waiters {
    /// Wakes the first who still waits; false if nobody does.
    pub(crate) fn wake_next(&self) -> bool {
        loop {
            let Some(waiter) = self.line.borrow_mut().pop_front() else {
                return false;
            };
            if waiter.set_result(()).is_ok() {
                return true;
            }
        }
    }

    pub(crate) fn wake_all(&self) {
        while self.wake_next() {}
    }

    /// Tells whether somebody waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.line.borrow().iter().all(Promise::is_done)
    }

    /// Waits for a turn. If the turn comes and this wait does not live to use it, `hand_on` is called.
    ///
    /// # Panics
    /// Outside a running loop.
    pub(crate) async fn wait(&self, hand_on: impl Fn()) -> Result<(), Cancelled> {
        struct Place<'a, F: Fn()> {
            waiters: &'a Waiters,
            waiter: Promise<()>,
            hand_on: F,
            used: bool,
        }
        impl<F: Fn()> Drop for Place<'_, F> {
            fn drop(&mut self) {
                if self.used {
                    return;
                }
                let woken = !self.waiter.cancel() && !self.waiter.is_cancelled();
                self.waiters
                    .line
                    .borrow_mut()
                    .retain(|waiter| *waiter != self.waiter);
                if woken {
                    (self.hand_on)();
                }
            }
        }
        let waiter = expect_running_loop().create_promise();
        self.line.borrow_mut().push_back(waiter.clone());
        let mut place = Place {
            waiters: self,
            waiter: waiter.clone(),
            hand_on,
            used: false,
        };
        wait_for_signal(waiter).await?;
        place.used = true;
        Ok(())
    }
}

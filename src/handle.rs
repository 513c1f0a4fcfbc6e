//! How a program schedules callbacks and timers, and the handles that cancel them.

use std::panic::Location;
use std::rc::{Rc, Weak};
use std::time::Duration;

use crate::callback::{Callback, CallbackCell, CallbackOutput};
use crate::event_loop::{Core, EventLoop};
use crate::events::Kind;
use crate::observation::observed;

/// Cancels a callback that was given to `call_soon`.
///
/// Dropping the handle changes nothing.
/// asyncio: `Handle`.
///
/// ```
/// use asyncio::EventLoop;
///
/// let event_loop = EventLoop::new();
/// let handle = event_loop.call_soon(|| println!("never printed"));
/// handle.cancel();
/// assert!(handle.is_cancelled());
/// ```
#[derive(Clone)]
pub struct Handle {
    callback: Rc<dyn Callback>,
}

impl Handle {
    pub(crate) fn new(callback: Rc<dyn Callback>) -> Self {
        Handle { callback }
    }

    /// Keeps the callback from running, and drops it; after it ran, only `is_cancelled` changes.
    pub fn cancel(&self) {
        if observed()
            && let Some(core) = Core::running()
        {
            core.observe_cancelled(&self.callback, |callback| Kind::CallbackCancelled {
                callback,
            });
        }
        self.callback.cancel();
    }

    /// Tells whether `cancel` was called.
    pub fn is_cancelled(&self) -> bool {
        self.callback.is_cancelled()
    }
}

/// Cancels a callback that was given to `call_later` or `call_at`.
///
/// asyncio: `TimerHandle`.
#[derive(Clone)]
pub struct TimerHandle {
    callback: Rc<dyn Callback>,
    when: Duration,
    core: Weak<Core>,
}

impl TimerHandle {
    pub(crate) fn new(callback: Rc<dyn Callback>, when: Duration, core: Weak<Core>) -> Self {
        TimerHandle {
            callback,
            when,
            core,
        }
    }

    /// Keeps the callback from running, and drops it.
    pub fn cancel(&self) {
        if !self.callback.is_cancelled() {
            self.callback.cancel();
            if let Some(core) = self.core.upgrade() {
                core.cancel_timer(&self.callback);
            }
        }
    }

    /// Tells whether `cancel` was called.
    pub fn is_cancelled(&self) -> bool {
        self.callback.is_cancelled()
    }

    /// Gives the deadline, on the loop's clock.
    pub fn when(&self) -> Duration {
        self.when
    }
}

impl EventLoop {
    /// Schedules a callback for the next pass; callbacks run first in, first out.
    ///
    /// # Panics
    /// If the loop is closed.
    ///
    /// asyncio: `loop.call_soon(callback)`; a closure takes the place of the arguments.
    #[track_caller]
    pub fn call_soon<R: CallbackOutput>(&self, callback: impl FnOnce() -> R + 'static) -> Handle {
        self.core.assert_open();
        let callback = CallbackCell::shared(callback);
        self.core
            .push_callback(callback.clone(), Some(Location::caller()));
        Handle::new(callback)
    }

    /// Schedules a callback for `delay` from now.
    ///
    /// # Panics
    /// If the loop is closed.
    ///
    /// asyncio: `loop.call_later(delay, callback)`.
    #[track_caller]
    pub fn call_later<R: CallbackOutput>(
        &self,
        delay: Duration,
        callback: impl FnOnce() -> R + 'static,
    ) -> TimerHandle {
        self.call_at(self.time().saturating_add(delay), callback)
    }

    /// Schedules a callback for a time on the loop's clock; a time in the past is due at once.
    ///
    /// Equal deadlines fire in the order in which they were set. asyncio promises no order for them.
    /// A deadline counts 584 years of the loop's clock at most; a later one is due then.
    ///
    /// # Panics
    /// If the loop is closed.
    ///
    /// asyncio: `loop.call_at(when, callback)`.
    #[track_caller]
    pub fn call_at<R: CallbackOutput>(
        &self,
        when: Duration,
        callback: impl FnOnce() -> R + 'static,
    ) -> TimerHandle {
        self.core.assert_open();
        let callback = CallbackCell::shared(callback);
        let timer = TimerHandle::new(callback.clone(), when, Rc::downgrade(&self.core));
        self.core.set_timer(when, callback, Location::caller());
        timer
    }
}

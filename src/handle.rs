//! How a program schedules callbacks and timers, and the handles that cancel them.

use std::ops::Deref;
use std::panic::Location;
use std::rc::{Rc, Weak};
use std::time::Duration;

use crate::callback::{Callback, CallbackOutput, Stage, once};
use crate::event_loop::{Core, EventLoop};
use crate::observe::{self, Kind, Observer, Place, Time};

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
    pub(crate) callback: Rc<dyn Callback>,
    pub(crate) core: Weak<Core>,
}

impl Handle {
    /// Keeps the callback from running, and drops it; after it ran, only `is_cancelled` changes.
    pub fn cancel(&self) {
        let about = self.callback.about();
        if about.cancelled.replace(true) {
            return;
        }
        if let Some(core) = self.core.upgrade() {
            let number = |names: &Observer| names.callback(&*self.callback);
            match about.stage.get() {
                Stage::Timer => {
                    core.timers.borrow_mut().note_cancelled();
                    core.tell(None, |names| Kind::TimerCancelled { callback: number(names) });
                }
                Stage::Ready => core.tell(None, |names| Kind::CallbackCancelled { callback: number(names) }),
                Stage::Idle => {}
            }
        }
        // What the callback captured is dropped now, not when its turn would have come.
        self.callback.clear();
    }

    /// Tells whether `cancel` was called.
    pub fn is_cancelled(&self) -> bool {
        self.callback.about().cancelled.get()
    }
}

/// The handle of a timer, given by `call_later` and `call_at`.
///
/// asyncio: `TimerHandle`.
#[derive(Clone)]
pub struct TimerHandle {
    handle: Handle,
    when: Duration,
}

impl TimerHandle {
    /// Gives the deadline, on the loop's clock.
    pub fn when(&self) -> Duration {
        self.when
    }
}

/// asyncio's `TimerHandle` is a subclass of `Handle`; here it lends the handle that it has.
impl Deref for TimerHandle {
    type Target = Handle;

    fn deref(&self) -> &Handle {
        &self.handle
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
        let at = Some(Location::caller());
        self.core.call_soon(once(callback), at)
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
    ///
    /// # Panics
    /// If the loop is closed.
    ///
    /// asyncio: `loop.call_at(when, callback)`.
    #[track_caller]
    pub fn call_at<R: CallbackOutput>(&self, when: Duration, callback: impl FnOnce() -> R + 'static) -> TimerHandle {
        self.core.assert_open();
        let at = Some(Location::caller());
        let handle = self.core.call_at(when, once(callback), at);
        TimerHandle { handle, when }
    }

    /// Tells whether the loop's time is simulated.
    pub fn has_virtual_clock(&self) -> bool {
        self.core.clock.is_virtual()
    }

    /// Moves a virtual clock forward without letting anything run, as a blocking call would.
    ///
    /// # Panics
    /// If the loop is on the real clock.
    pub fn advance(&self, by: Duration) {
        assert!(
            self.core.clock.is_virtual(),
            "only a virtual clock can be advanced; make the loop with EventLoop::with_virtual_clock()"
        );
        self.core.clock.jump_to(self.time().saturating_add(by));
    }

    /// Counts the timers that are set and not cancelled.
    pub fn timer_count(&self) -> usize {
        self.core.timers.borrow().soonest_first().len()
    }
}

impl Core {
    pub(crate) fn call_soon(self: &Rc<Self>, callback: Rc<dyn Callback>, at: Option<Place>) -> Handle {
        self.push_callback(callback.clone(), at);
        Handle { callback, core: Rc::downgrade(self) }
    }

    pub(crate) fn call_at(self: &Rc<Self>, when: Duration, callback: Rc<dyn Callback>, at: Option<Place>) -> Handle {
        self.tell(at, |names| Kind::TimerSet {
            callback: names.callback(&*callback),
            name: observe::last_function(callback.about().name).into(),
            when: Time(when),
        });
        callback.about().stage.set(Stage::Timer);
        self.timers.borrow_mut().insert(when, callback.clone());
        Handle { callback, core: Rc::downgrade(self) }
    }
}

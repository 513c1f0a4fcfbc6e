//! Callbacks that wait for their turn, and the handles that cancel them.

use std::any::type_name;
use std::cell::Cell;
use std::rc::{Rc, Weak};
use std::time::Duration;

use crate::error::Error;
use crate::event_loop::Core;
use crate::observation::{function_name, observed};
use crate::observe::Kind;

/// What a callback may return: nothing, or a `Result` whose error goes to the loop's exception handler.
///
/// asyncio: a callback returns, or raises.
pub trait CallbackOutput {
    /// Turns the output into the error that it carries, if any.
    fn into_error(self) -> Option<Error>;
}

impl CallbackOutput for () {
    fn into_error(self) -> Option<Error> {
        None
    }
}

impl<E: Into<Error>> CallbackOutput for Result<(), E> {
    fn into_error(self) -> Option<Error> {
        self.err().map(Into::into)
    }
}

/// A callback in the ready queue or among the timers.
///
/// Invariant: it never runs after `cancel`. That of a socket may run many times, every other one at most once.
/// Several may share one allocation, as the callbacks of a `gather` do; a number tells them apart, and is zero for all others.
pub(crate) trait Callback {
    /// Runs the callback, unless it was cancelled, ran before, or has nothing to do; gives its error.
    fn run(&self, which: u32) -> Option<Error>;
    fn cancel(&self);
    fn is_cancelled(&self) -> bool;
    /// Names the function that the callback was written in, for observers.
    fn name(&self) -> &'static str;
}

/// One allocation holds the callback and the flag that its handle looks at.
pub(crate) struct CallbackCell<F> {
    callback: Cell<Option<F>>,
    cancelled: Cell<bool>,
}

impl<F, R> CallbackCell<F>
where
    F: FnOnce() -> R + 'static,
    R: CallbackOutput,
{
    pub(crate) fn shared(callback: F) -> Rc<dyn Callback> {
        Rc::new(CallbackCell {
            callback: Cell::new(Some(callback)),
            cancelled: Cell::new(false),
        })
    }
}

impl<F, R> Callback for CallbackCell<F>
where
    F: FnOnce() -> R,
    R: CallbackOutput,
{
    fn run(&self, _: u32) -> Option<Error> {
        let callback = self.callback.take()?;
        callback().into_error()
    }

    fn cancel(&self) {
        self.cancelled.set(true);
        // What the callback captured is dropped now, not when its turn would have come.
        drop(self.callback.take());
    }

    fn is_cancelled(&self) -> bool {
        self.cancelled.get()
    }

    fn name(&self) -> &'static str {
        function_name(type_name::<F>())
    }
}

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

//! Callbacks and timers: what a program gives to the loop to call, and the handles that take it back.

use std::any::type_name;
use std::cell::Cell;
use std::panic::Location;
use std::rc::{Rc, Weak};
use std::time::Duration;

use crate::error::Error;
use crate::event_loop::{Core, EventLoop};
use crate::observe::{self, Kind, Number, Place};

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

/// Where a callback is.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Among the timers.
    Timer,
    /// In the ready queue.
    Ready,
    #[default]
    /// In neither: it runs, it has run, or it waits for a promise or a socket.
    Idle,
}

/// A callback, shared by the loop that is to run it and the handles that may cancel it.
///
/// Invariant: it never runs after it was cancelled. A socket's may run many times, every other one at most once.
pub(crate) trait Callback {
    fn about(&self) -> &About;
    /// Calls the function, if it is still there, and gives its error.
    fn call(self: Rc<Self>) -> Option<Error>;
    /// Drops the function with all that it captured.
    fn clear(&self);
    /// Names the function that the callback was written in.
    fn name(&self) -> &'static str;
}

/// What there is to know of a callback.
#[derive(Default)]
pub(crate) struct About {
    cancelled: Cell<bool>,
    pub(crate) stage: Cell<Stage>,
    pub(crate) number: Number,
}

impl About {
    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.get()
    }
}

/// A callback that runs once.
struct Once<F> {
    about: About,
    function: Cell<Option<F>>,
}

impl<F, R> Callback for Once<F>
where
    F: FnOnce() -> R,
    R: CallbackOutput,
{
    fn about(&self) -> &About {
        &self.about
    }

    fn call(self: Rc<Self>) -> Option<Error> {
        self.function.take()?().into_error()
    }

    fn clear(&self) {
        drop(self.function.take());
    }

    fn name(&self) -> &'static str {
        function_name::<F>()
    }
}

/// Makes a callback that runs once.
pub(crate) fn once<F, R>(function: F) -> Rc<dyn Callback>
where
    F: FnOnce() -> R + 'static,
    R: CallbackOutput,
{
    Rc::new(Once {
        about: About::default(),
        function: Cell::new(Some(function)),
    })
}

/// Names the function that a closure was written in.
pub(crate) fn function_name<F>() -> &'static str {
    last_function(type_name::<F>())
}

/// Finds the function in the name of a closure's type: the last part that is neither a closure nor an argument of a type.
fn last_function(type_name: &'static str) -> &'static str {
    let (mut depth, mut start) = (0_usize, 0);
    let mut name = type_name;
    let mut consider = |part: &'static str| {
        let part = part.split('<').next().unwrap_or(part);
        if !part.is_empty() && !part.starts_with('{') {
            name = part;
        }
    };
    for (at, c) in type_name.char_indices() {
        match c {
            '<' | '(' | '[' => depth += 1,
            '>' | ')' | ']' => depth = depth.saturating_sub(1),
            ':' if depth == 0 => {
                consider(&type_name[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    consider(&type_name[start..]);
    name
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
        let about = self.callback.about();
        if about.cancelled.replace(true) {
            return;
        }
        // What the callback captured is dropped now, not when its turn would have come.
        self.callback.clear();
        if about.stage.get() == Stage::Ready {
            observe::tell(None, |told| Kind::CallbackCancelled {
                callback: told.callback(&*self.callback),
            });
        }
    }

    /// Tells whether `cancel` was called.
    pub fn is_cancelled(&self) -> bool {
        self.callback.about().is_cancelled()
    }
}

/// Cancels a callback that was given to `call_later` or `call_at`.
///
/// asyncio: `TimerHandle`.
#[derive(Clone)]
pub struct TimerHandle {
    handle: Handle,
    when: Duration,
    core: Weak<Core>,
}

impl TimerHandle {
    /// Keeps the callback from running, and drops it.
    pub fn cancel(&self) {
        self.handle.cancel();
        let about = self.handle.callback.about();
        if let (Stage::Timer, Some(core)) = (about.stage.get(), self.core.upgrade()) {
            about.stage.set(Stage::Idle);
            core.timers.borrow_mut().note_cancelled();
            core.tell(None, |told| Kind::TimerCancelled {
                callback: told.callback(&*self.handle.callback),
            });
        }
    }

    /// Tells whether `cancel` was called.
    pub fn is_cancelled(&self) -> bool {
        self.handle.is_cancelled()
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
        let callback = once(callback);
        self.core
            .push_callback(callback.clone(), Some(Location::caller()));
        Handle { callback }
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
    pub fn call_at<R: CallbackOutput>(
        &self,
        when: Duration,
        callback: impl FnOnce() -> R + 'static,
    ) -> TimerHandle {
        self.core.assert_open();
        self.set_timer(when, callback, Some(Location::caller()))
    }

    /// Sets a timer; `at` is the line of the program that asked for it.
    pub(crate) fn set_timer<R: CallbackOutput>(
        &self,
        when: Duration,
        callback: impl FnOnce() -> R + 'static,
        at: Option<Place>,
    ) -> TimerHandle {
        self.core.set_timer(when, once(callback), at)
    }
}

impl Core {
    /// Sets the timer of any callback.
    pub(crate) fn set_timer(
        self: &Rc<Self>,
        when: Duration,
        callback: Rc<dyn Callback>,
        at: Option<Place>,
    ) -> TimerHandle {
        self.insert_timer(when, callback.clone(), at);
        TimerHandle {
            handle: Handle { callback },
            when,
            core: Rc::downgrade(self),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::last_function;

    #[test]
    fn a_closure_is_called_after_the_function_around_it() {
        for (type_name, function) in [
            ("demo::main::{{closure}}", "main"),
            ("demo::say_hello", "say_hello"),
            ("a::Gathering<b::T>::gather<c::R>::{{closure}}", "gather"),
            ("<a::B as c::D>::brew::{{closure}}::{{closure}}", "brew"),
            ("fn()", "fn()"),
        ] {
            assert_eq!(last_function(type_name), function);
        }
    }
}

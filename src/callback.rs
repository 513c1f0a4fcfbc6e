//! Callbacks: what the loop runs.

use std::any::type_name;
use std::cell::Cell;
use std::rc::Rc;

use crate::error::Error;

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
/// Those of a `gather` share one allocation: it runs as often as it was scheduled.
pub(crate) trait Callback {
    /// Runs the callback, unless it was cancelled, ran before, or has nothing to do; gives its error.
    fn run(&self) -> Option<Error>;
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
    fn run(&self) -> Option<Error> {
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

/// Finds the function in the name of a closure's type: the last part that is neither a closure nor an argument of a type.
pub(crate) fn function_name(type_name: &'static str) -> &'static str {
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

#[cfg(test)]
mod tests {
    use super::function_name;

    #[test]
    fn a_closure_is_called_after_the_function_around_it() {
        for (type_name, function) in [
            ("demo::main::{{closure}}", "main"),
            ("demo::say_hello", "say_hello"),
            ("a::Gathering<b::T>::gather<c::R>::{{closure}}", "gather"),
            ("<a::B as c::D>::brew::{{closure}}::{{closure}}", "brew"),
            ("fn()", "fn()"),
        ] {
            assert_eq!(function_name(type_name), function);
        }
    }
}

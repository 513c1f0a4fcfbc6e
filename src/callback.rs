//! Callbacks: what the loop calls when their turn or their time has come.

use std::any::type_name;
use std::cell::Cell;
use std::rc::Rc;

use crate::error::Error;
use crate::observe::Number;

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
}

/// What there is to know of a callback.
pub(crate) struct About {
    /// The name of its type, in which an observer finds the function that it was written in.
    pub(crate) name: &'static str,
    pub(crate) cancelled: Cell<bool>,
    pub(crate) stage: Cell<Stage>,
    pub(crate) number: Number,
}

impl About {
    pub(crate) fn of(name: &'static str) -> Self {
        let (cancelled, stage, number) = Default::default();
        About { name, cancelled, stage, number }
    }
}

/// A callback that runs once, with an argument that is there by then.
struct Once<F, A> {
    about: About,
    function: Cell<Option<F>>,
    argument: Cell<Option<A>>,
}

impl<F: FnOnce(&A) -> R, A, R: CallbackOutput> Callback for Once<F, A> {
    fn about(&self) -> &About {
        &self.about
    }

    fn call(self: Rc<Self>) -> Option<Error> {
        let argument = self.argument.take()?;
        self.function.take()?(&argument).into_error()
    }

    fn clear(&self) {
        drop(self.function.take());
    }
}

/// A callback that is given its argument later.
pub(crate) trait CallbackOf<A>: Callback {
    fn set_argument(&self, argument: A);
}

impl<F: FnOnce(&A) -> R, A, R: CallbackOutput> CallbackOf<A> for Once<F, A> {
    fn set_argument(&self, argument: A) {
        self.argument.set(Some(argument));
    }
}

/// Makes a callback that runs once.
pub(crate) fn once<F: FnOnce() -> R + 'static, R: CallbackOutput>(function: F) -> Rc<dyn Callback> {
    let about = About::of(type_name::<F>());
    let function = Cell::new(Some(|(): &()| function()));
    Rc::new(Once { about, function, argument: Cell::new(Some(())) })
}

/// Makes a callback that runs once with an argument that is given later.
pub(crate) fn once_with<F, A: 'static, R: CallbackOutput>(function: F) -> Rc<dyn CallbackOf<A>>
where
    F: FnOnce(&A) -> R + 'static,
{
    let about = About::of(type_name::<F>());
    let function = Cell::new(Some(function));
    Rc::new(Once { about, function, argument: Cell::new(None) })
}

//! What a loop reports: errors that nobody else will see, and in debug mode what takes long.

use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use crate::callback::CallbackOutput;
use crate::error::Error;
use crate::event_loop::{Core, EventLoop, Ready};
use crate::observe::Kind;

/// What the exception handler is told of.
///
/// asyncio: the `context` dictionary of `call_exception_handler`, whose `future`, `task` and `handle` are left out: a report of a
/// promise is made when the last handle to it is gone.
#[derive(Clone, Debug)]
pub struct ErrorContext {
    /// What happened, in one sentence.
    pub message: String,
    /// The error, unless the report is a mere warning.
    pub error: Option<Error>,
}

impl fmt::Display for ErrorContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.error {
            Some(error) => write!(f, "{}: {error}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl Core {
    /// Hands an error that nobody else will see to the exception handler.
    pub(crate) fn report(&self, message: impl Into<String>, error: Option<Error>) {
        let context = ErrorContext { message: message.into(), error };
        self.tell(None, |_| Kind::Reported { message: context.to_string() });
        let handler = self.exception_handler.borrow().clone();
        let Some(handler) = handler else { return eprintln!("{context}") };
        if let Some(error) = handler(context.message.clone(), context.error.clone()) {
            eprintln!("the exception handler failed with \"{error}\" on: {context}");
        }
    }

    /// Reports a callback or a step that took long.
    pub(crate) fn report_slow(&self, name: &str, took: Duration) {
        if took >= self.slow_callback_duration.get().unwrap_or(Duration::from_millis(100)) {
            let took = took.as_secs_f64();
            self.report(format!("Executing {name} took {took:.3} seconds"), None);
        }
    }
}

impl Ready {
    /// Names it for a warning of debug mode.
    pub(crate) fn name(&self) -> String {
        match self {
            Ready::Callback(_) => "callback".to_owned(),
            Ready::Step(task) => format!("task {}", task.state().name()),
        }
    }
}

impl EventLoop {
    /// Sets what hears of errors that nobody else can see; without one they are printed on standard error.
    ///
    /// These are errors of callbacks, failures of tasks that nobody looked at, and the warnings of debug mode. An error that the
    /// handler itself returns is printed, and the loop goes on. The loop keeps the handler: one that keeps the loop, too, by a
    /// clone of it, keeps it for ever. asyncio: `loop.set_exception_handler(handler)`.
    pub fn set_exception_handler<R: CallbackOutput>(&self, handler: impl Fn(&ErrorContext) -> R + 'static) {
        let handler = move |message, error| handler(&ErrorContext { message, error }).into_error();
        self.core.exception_handler.replace(Some(Rc::new(handler)));
    }

    /// Turns debug mode on or off: a callback or a step that takes long on the loop's clock is reported.
    ///
    /// asyncio: `loop.set_debug(enabled)`.
    pub fn set_debug(&self, enabled: bool) {
        self.core.debug.set(enabled);
    }

    /// Sets from which duration on debug mode reports a callback; 100 ms at first.
    ///
    /// asyncio: `loop.slow_callback_duration`.
    pub fn set_slow_callback_duration(&self, duration: Duration) {
        self.core.slow_callback_duration.set(Some(duration));
    }
}

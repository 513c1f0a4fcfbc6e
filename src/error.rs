//! The errors of the library.
//!
//! [`Error`] plays the part of Python's exceptions: any error type fits in, and several awaiters can look at the same one.
//! Cancellation is a type of its own, [`Cancelled`], so that an operation which can only be cancelled says so in its signature.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

/// Gives an error its texts, one for each kind of it.
macro_rules! texts {
    ($error:ident $(<$item:ident>)?, $($kind:pat => $text:literal),+ $(,)?) => {
        impl$(<$item>)? std::fmt::Display for $error$(<$item>)? {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self { $($kind => write!(f, $text),)+ }
            }
        }
        impl$(<$item>)? std::error::Error for $error$(<$item>)? {}
    };
}
pub(crate) use texts;

/// The outcome of a task: a value, or an [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Any error that a task can end with, cheap to clone.
///
/// Every `std::error::Error + Send + Sync` converts into it with `?`.
/// asyncio: an exception object.
///
/// ```
/// use asyncio::{Cancelled, Error};
///
/// let error: Error = "x".parse::<i32>().unwrap_err().into();
/// assert_eq!(error.to_string(), "invalid digit found in string");
/// assert!(error.is::<std::num::ParseIntError>());
/// assert!(Error::from(Cancelled::new()).is_cancelled());
/// ```
#[derive(Clone)]
pub struct Error(Arc<dyn StdError + Send + Sync>);

impl Error {
    /// Makes an error of a message alone, for code that needs no type of its own.
    pub fn msg(message: impl Into<String>) -> Self {
        Error(Box::<dyn StdError + Send + Sync>::from(message.into()).into())
    }

    /// Tells whether this is a cancellation.
    ///
    /// asyncio: `isinstance(e, CancelledError)`.
    pub fn is_cancelled(&self) -> bool {
        self.is::<Cancelled>()
    }

    /// Tells whether the error is of type `E`.
    pub fn is<E: StdError + 'static>(&self) -> bool {
        self.downcast_ref::<E>().is_some()
    }

    /// Borrows the error as an `E` if it is one.
    pub fn downcast_ref<E: StdError + 'static>(&self) -> Option<&E> {
        self.as_std().downcast_ref()
    }

    /// Gives the cancellation, for what cannot fail otherwise.
    pub(crate) fn into_cancelled(self) -> Cancelled {
        self.downcast_ref().cloned().unwrap_or_else(|| panic!("{self}"))
    }

    /// Borrows the error as the standard library's trait object.
    pub fn as_std(&self) -> &(dyn StdError + 'static) {
        &*self.0
    }
}

/// Like `anyhow`, the type does not implement `std::error::Error` itself: only so can every error convert into it.
impl<E: StdError + Send + Sync + 'static> From<E> for Error {
    fn from(error: E) -> Self {
        Error(Arc::new(error))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.as_std(), f)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_std(), f)
    }
}

/// Says that a task, or what it waited for, was cancelled.
///
/// It arrives as a value at the await point, so the body may clean up, await, or go on.
/// asyncio: `CancelledError`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cancelled {
    message: Option<Arc<str>>,
}

impl Cancelled {
    /// Makes a cancellation without a message.
    pub fn new() -> Self {
        Cancelled::default()
    }

    /// Makes a cancellation with a message for whoever sees it.
    pub fn with_message(message: impl Into<Arc<str>>) -> Self {
        Cancelled { message: Some(message.into()) }
    }

    /// Borrows the message given to `cancel_with_message`, if any.
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }
}

texts! {
    Cancelled,
    Self { message: Some(message) } => "{message}",
    Self { message: None } => "cancelled",
}

/// Says that a promise was asked for a result too early, or given one too late.
///
/// asyncio: `InvalidStateError`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidState {
    /// `result()` was called before there was one.
    ResultNotSet,
    /// `exception()` was called before the promise was done.
    ExceptionNotSet,
    /// The promise already has a result, an exception, or was cancelled.
    AlreadyDone,
    /// The promise belongs to a task; only the task's body gives it a result.
    OwnedByTask,
}

texts! {
    InvalidState,
    Self::ResultNotSet => "result is not set",
    Self::ExceptionNotSet => "exception is not set",
    Self::AlreadyDone => "promise is already done",
    Self::OwnedByTask => "a task's result is set by its body alone",
}

/// Says why the loop could not run, or did not run to the end.
///
/// asyncio: a `RuntimeError` with the same text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunError {
    /// The loop is running already; a callback or a task called `run_…` on it.
    AlreadyRunning,
    /// Another loop is running on this thread.
    AnotherLoopRunning,
    /// The loop was closed.
    Closed,
    /// `close` was called while the loop was running.
    CloseWhileRunning,
    /// `stop` was called before the awaited promise was done.
    StoppedBeforeDone,
    /// The promise belongs to another loop.
    WrongLoop,
    /// Nothing is ready, no timer is set, and nothing outside can wake the loop: it would wait for ever.
    ///
    /// Only a loop on a virtual clock can know this; asyncio hangs here. It knows of the threads of its executor and of those that
    /// a [`LoopHandle`](crate::LoopHandle) was made for, not of wakers that futures of other libraries have taken to a thread.
    Stalled,
}

texts! {
    RunError,
    Self::AlreadyRunning => "this event loop is already running",
    Self::AnotherLoopRunning => "cannot run the event loop while another loop is running",
    Self::Closed => "event loop is closed",
    Self::CloseWhileRunning => "cannot close a running event loop",
    Self::StoppedBeforeDone => "event loop stopped before promise completed",
    Self::WrongLoop => "the promise belongs to a different loop than the one that was asked to run it",
    Self::Stalled => "every task is waiting and nothing is left that could wake one",
}

/// Says that there is no running event loop on this thread.
///
/// asyncio: `RuntimeError: no running event loop`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoRunningLoop;

texts! { NoRunningLoop, Self => "no running event loop; call this from inside a task or a callback" }

/// Says that a task awaits something that it must not await.
///
/// asyncio: a `RuntimeError` raised at the `await`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AwaitError {
    /// The task awaits itself and would wait for ever.
    OnItself,
    /// The promise belongs to another loop.
    DifferentLoop,
}

texts! {
    AwaitError,
    Self::OnItself => "task cannot await on itself",
    Self::DifferentLoop => "task got a promise attached to a different loop",
}

/// Says that a body panicked, for those who await it.
///
/// The panic itself goes on unwinding out of the run, or out of the thread that it happened on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Panicked {
    pub(crate) message: String,
}

texts! { Panicked, Self { message } => "panicked: {message}" }

//! What a program is linked with that is recorded: a reader's whose timeline is wanted, or one of the book's, in `scenarios/`.
//!
//! The compiler is told that this crate is `tokio`. It is Tokio, and where a program starts tasks and runtimes, and where its
//! tasks wait, it also tells [`recorder`] of that. So a program is recorded without a change to its text, and its lines keep their numbers.
//! The loops of `asyncio` need no such stand-in: the recorder hears of each.
//!
//! Not recorded is what goes around these functions: tasks started through a `Handle`, a `LocalSet` or another crate, and threads.

pub mod recorder;
pub mod runtime;
pub mod sync;
pub mod task;
pub mod time;
mod told;
mod tracer;

// What stands above and below hides what Tokio calls the same.
pub use ::tokio::*;
pub use task::spawn;

/// Prints, and lets the timeline show who printed what.
#[macro_export]
macro_rules! print {
    ($($text:tt)*) => { $crate::recorder::print(::std::format_args!($($text)*)) };
}

/// Prints a line, and lets the timeline show who printed what.
#[macro_export]
macro_rules! println {
    () => { $crate::recorder::print_line(::std::format_args!("")) };
    ($($text:tt)*) => { $crate::recorder::print_line(::std::format_args!($($text)*)) };
}

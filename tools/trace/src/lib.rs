//! Records runs of an event loop, and turns them into JSON, into Chrome's trace format, into a timeline for the terminal, and into a
//! [`figure`] for a page.
//!
//! ```
//! use asyncio::{EventLoop, create_task, sleep};
//! use asyncio_trace::{Recording, Trace};
//! use std::time::Duration;
//!
//! let event_loop = EventLoop::with_virtual_clock();
//! let recording = Recording::start(&event_loop);
//! event_loop.run(async {
//!     create_task(async { Ok(sleep(Duration::from_secs(1)).await?) }).named("tea").await
//! })?;
//! let trace = Trace::of(recording.finish("one tea")?);
//! println!("{}", trace.timeline(100));
//! assert!(trace.to_json().contains(r#""what":"task_named","task":2,"name":"tea""#));
//! # Ok::<_, asyncio::Error>(())
//! ```
//!
//! What a recording holds is described in `SCHEMA.md`; [`VERSION`] is the version of that description.
//! A whole program, with all its loops and its tasks on Tokio, is recorded in the same form by the package `recorded`, which writes
//! to a [`spill`].
//!
//! On a virtual clock a trace is the same, byte for byte, in every run.
#![doc = include_str!("../SCHEMA.md")]

use std::io::IsTerminal;
use std::process::{Command, Stdio};

mod chrome;
pub mod figure;
mod json;
mod lanes;
mod recording;
mod sentence;
pub mod spill;
mod timeline;

pub use recording::{Clock, Library, Record, Recording, Run, Source, TooManyEvents, Trace};
pub use sentence::{line, sentence};

/// Gives the width of the terminal that standard output goes to; 100 if it goes elsewhere.
///
/// Choice: `stty` is asked, where there is one, because the examples are to be compiled in a few seconds, and a crate that asks
/// the system itself brings four others.
pub fn terminal_width() -> usize {
    if !std::io::stdout().is_terminal() {
        return 100;
    }
    let answer = Command::new("stty")
        .arg("size")
        .stdin(Stdio::inherit())
        .output();
    answer
        .ok()
        .and_then(|answer| columns(&String::from_utf8_lossy(&answer.stdout)))
        .unwrap_or(80)
}

/// Reads "rows columns"; a terminal that does not know its width says 0.
fn columns(size: &str) -> Option<usize> {
    let columns = size.split_whitespace().nth(1)?.parse().ok()?;
    (columns > 0).then_some(columns)
}

/// The version of the schema; it changes when a reader of the old one could misunderstand the new one.
pub const VERSION: u32 = 2;

#[cfg(test)]
mod tests {
    use super::columns;

    #[test]
    fn the_second_number_is_the_width() {
        assert_eq!(columns("24 80\n"), Some(80));
        assert_eq!(columns("0 0\n"), None);
        assert_eq!(columns(""), None);
    }
}

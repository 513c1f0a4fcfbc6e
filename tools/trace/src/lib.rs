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
pub fn terminal_width() -> usize {
    let size = terminal_size::terminal_size_of(std::io::stdout());
    size.map_or(100, |(width, _)| width.0.into())
}

/// The version of the schema; it changes when a reader of the old one could misunderstand the new one.
pub const VERSION: u32 = 2;

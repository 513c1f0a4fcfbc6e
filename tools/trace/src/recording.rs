//! What is kept of a run.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use asyncio::EventLoop;
use asyncio::observe::Event;
use serde::{Deserialize, Serialize};

/// How many events a recording may hold. A page or a terminal can show no more.
const MOST_EVENTS: usize = 100_000;

/// Says that a program did more than a recording holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyEvents;

impl fmt::Display for TooManyEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the run has more than {MOST_EVENTS} events, which is more than a recording holds; record a shorter run"
        )
    }
}

impl std::error::Error for TooManyEvents {}

/// What the times of a run were measured with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clock {
    /// Time jumps from deadline to deadline.
    Virtual,
    /// The operating system's clock.
    Real,
}

impl Clock {
    /// Gives the clock of a loop.
    pub(crate) fn of(event_loop: &EventLoop) -> Self {
        if event_loop.has_virtual_clock() { Clock::Virtual } else { Clock::Real }
    }
}

/// Whose tasks were recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Library {
    /// The loop of the crate `asyncio`.
    Asyncio,
    /// A runtime of Tokio.
    Tokio,
    /// A loop of Python's asyncio.
    Cpython,
}

/// An event, and the thread that it happened on if there are several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
    /// Which worker it happened on, on a runtime of Tokio.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<Arc<str>>,
}

/// The program text that the lines of the events belong to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The file, as the events name it.
    pub file: String,
    /// The number of the first line.
    pub first_line: u32,
    /// The lines.
    pub lines: Vec<String>,
}

/// One run, from the moment when it was observed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Run {
    /// What a reader calls it.
    pub title: String,
    /// What the times were measured with.
    pub clock: Clock,
    /// Whose tasks they are.
    pub library: Library,
    /// Which Python it was, if it was one: three numbers with dots between them.
    #[serde(default)]
    pub python: Option<String>,
    /// The program text, if it goes with the recording.
    pub source: Option<Source>,
    /// What happened, in order.
    #[serde(rename = "events")]
    pub records: Vec<Record>,
}

/// Runs that belong together: the parts of an example, say. It can be read from the JSON that [`Trace::to_json`] gives.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Trace {
    /// The runs, in order.
    pub runs: Vec<Run>,
}

impl Trace {
    /// Makes a trace of one run.
    pub fn of(run: Run) -> Self {
        Trace { runs: vec![run] }
    }
}

#[derive(Default)]
struct Kept {
    records: Vec<Record>,
    overflown: bool,
}

/// Keeps what happens on a loop.
pub struct Recording {
    kept: Rc<RefCell<Kept>>,
    clock: Clock,
}

impl Recording {
    /// Begins to observe a loop.
    pub fn start(event_loop: &EventLoop) -> Self {
        let kept = Rc::new(RefCell::new(Kept::default()));
        let keep = kept.clone();
        event_loop.set_observer(move |event| {
            let mut kept = keep.borrow_mut();
            if kept.records.len() < MOST_EVENTS {
                kept.records.push(Record { event: event.clone(), thread: None });
            } else {
                kept.overflown = true;
            }
        });
        Recording { kept, clock: Clock::of(event_loop) }
    }

    /// Gives what was recorded so far, and begins anew.
    ///
    /// # Errors
    /// If there was more than the recording holds. A part of a run would mislead its reader.
    pub fn finish(&self, title: impl Into<String>) -> Result<Run, TooManyEvents> {
        let kept = self.kept.take();
        if kept.overflown {
            return Err(TooManyEvents);
        }
        Ok(Run {
            title: title.into(),
            clock: self.clock,
            library: Library::Asyncio,
            python: None,
            source: None,
            records: kept.records,
        })
    }
}

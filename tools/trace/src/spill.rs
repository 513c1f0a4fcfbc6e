//! A record that is written while the program runs, so that it is whole up to the moment when the program is stopped.
//!
//! The file has one JSON object on each line: `{"run":1,"clock":…,"library":…}` when a run begins, then `{"run":1,"event":{…}}`
//! with the event as `SCHEMA.md` describes it, and `{"more_than":N}` or `{"more_bytes_than":N}` as the last line of a record that was
//! cut off. Long texts and long lists are cut short, because nobody reads them to their end.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use asyncio::EventLoop;
use asyncio::observe::{Event, Kind, Outcome};
use serde::{Deserialize, Serialize};

use crate::json;
use crate::recording::{Clock, Library, Record, Run, Source};

/// How many characters of a text are written.
const LONGEST_TEXT: usize = 500;
/// How many entries of a list are written. With all of them, the record of n tasks that sleep would grow with the square of n.
const LONGEST_LIST: usize = 20;

/// A line of the file.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Line {
    Event {
        run: u64,
        event: Box<Record>,
    },
    Begin {
        run: u64,
        clock: Clock,
        library: Library,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        python: Option<String>,
    },
    TooMany {
        more_than: u64,
    },
    TooLong {
        more_bytes_than: u64,
    },
}

/// Writes events to a file as they happen. All loops of a program share one.
///
/// Choice: each event is one write of its own, which a killed program cannot take back; a buffer would be lost with it.
pub struct Spill {
    state: Mutex<State>,
}

struct State {
    /// `None` once nothing more is written.
    file: Option<File>,
    runs: u64,
    events: u64,
    most_events: u64,
    bytes: u64,
    most_bytes: u64,
}

impl Spill {
    /// Makes the file, which will hold at most so many events and about so many bytes.
    ///
    /// # Errors
    /// If the file cannot be made, or is there already: another process of the program writes it then.
    pub fn create(file: &Path, most_events: u64, most_bytes: u64) -> io::Result<Spill> {
        let file = OpenOptions::new().write(true).create_new(true).open(file)?;
        Ok(Spill {
            state: Mutex::new(State { file: Some(file), runs: 0, events: 0, most_events, bytes: 0, most_bytes }),
        })
    }

    /// Begins to observe a loop.
    pub fn follow(self: &Arc<Self>, event_loop: &EventLoop) {
        let clock = Clock::of(event_loop);
        let spill = self.clone();
        // A loop that nothing runs on leaves no run.
        let run = std::cell::OnceCell::new();
        event_loop.set_observer(move |event| {
            if spill.is_over() {
                return;
            }
            let run = *run.get_or_init(|| spill.begin(clock, Library::Asyncio));
            let (event, thread) = (event.clone(), None);
            spill.write(run, Record { event, thread });
        });
    }

    /// Begins a run, and gives its number.
    pub fn begin(&self, clock: Clock, library: Library) -> u64 {
        let mut state = self.state();
        state.runs += 1;
        let run = state.runs;
        let begin = Line::Begin { run, clock, library, python: None };
        state.write(&text(&begin));
        run
    }

    /// Tells whether nothing more is written.
    pub fn is_over(&self) -> bool {
        self.state().file.is_none()
    }

    /// Writes an event of the run of this number.
    pub fn write(&self, run: u64, mut record: Record) {
        let mut state = self.state();
        if state.file.is_none() {
            return;
        }
        shorten(&mut record.event);
        let event = Box::new(record);
        let line = text(&Line::Event { run, event });
        state.events += 1;
        let (more_than, more_bytes_than) = (state.most_events, state.most_bytes);
        let end = if state.events > more_than {
            Line::TooMany { more_than }
        } else if state.bytes + line.len() as u64 > more_bytes_than {
            Line::TooLong { more_bytes_than }
        } else {
            return state.write(&line);
        };
        state.write(&text(&end));
        state.file = None;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn text(line: &Line) -> String {
    json::text(line) + "\n"
}

impl State {
    fn write(&mut self, line: &str) {
        let written = self.file.as_mut().map(|file| file.write_all(line.as_bytes()));
        self.bytes += line.len() as u64;
        // A program must not fail because its record does.
        if matches!(written, Some(Err(_))) {
            self.file = None;
        }
    }
}

/// Why there are no runs in a file.
#[derive(Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// There are more than so many events.
    TooMany(u64),
    /// The record has more than so many bytes.
    TooLong(u64),
    /// It says something else than a record says.
    Broken,
}

/// Reads all runs of the program of this text, in the order in which they began.
///
/// The program may have been stopped at any moment, and may have written there whatever it liked.
///
/// # Errors
/// If the record was cut off, or is none.
pub fn read(record: &str, source: &Source) -> Result<Vec<Run>, Unreadable> {
    let mut runs = BTreeMap::new();
    let lines = record.split_inclusive('\n');
    // A program that was stopped while it wrote leaves a line without an end.
    for line in lines.filter(|line| line.ends_with('\n')) {
        match serde_json::from_str(line).map_err(|_| Unreadable::Broken)? {
            Line::Begin { run, clock, library, python } => {
                let (title, source, records) = (String::new(), Some(source.clone()), Vec::new());
                runs.insert(run, Run { title, clock, library, python, source, records });
            }
            Line::Event { run, event } => {
                let run: &mut Run = runs.get_mut(&run).ok_or(Unreadable::Broken)?;
                let mut record = *event;
                // Lines of other crates say nothing to the reader of the program.
                record.event.at = record.event.at.filter(|at| at.file == source.file);
                // Whoever draws it may rely on a time that never goes back.
                let last = run.records.last().map(|last| last.event.time);
                record.event.time = record.event.time.max(last.unwrap_or_default());
                run.records.push(record);
            }
            Line::TooMany { more_than } => return Err(Unreadable::TooMany(more_than)),
            Line::TooLong { more_bytes_than } => return Err(Unreadable::TooLong(more_bytes_than)),
        }
    }
    Ok(runs.into_values().collect())
}

/// Cuts what is long.
fn shorten(event: &mut Event) {
    match &mut event.kind {
        Kind::TaskCreated { name, .. } | Kind::TaskNamed { name, .. } => shorten_text(name),
        Kind::Note { text } => shorten_text(text),
        Kind::Reported { message } => shorten_text(message),
        Kind::CancelRequested { message, .. } => message.iter_mut().for_each(shorten_text),
        Kind::TaskDone { outcome, .. } | Kind::PromiseDone { outcome, .. } => {
            if let Outcome::Exception(error) = outcome {
                shorten_text(error);
            }
        }
        Kind::PassEnd { ready, timers, .. } => {
            ready.truncate(LONGEST_LIST);
            timers.truncate(LONGEST_LIST);
        }
        _ => {}
    }
}

fn shorten_text(text: &mut String) {
    if let Some((end, _)) = text.char_indices().nth(LONGEST_TEXT) {
        text.truncate(end);
        text.push('…');
    }
}

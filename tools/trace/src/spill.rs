//! A record that is written while the program runs, so that it is whole up to the moment when the program is stopped.
//!
//! The file has one JSON object on each line: `{"run":1,"clock":…,"library":…}` when a run begins, then `{"run":1,"event":{…}}`
//! with the event as `SCHEMA.md` describes it, and `{"more_than":N}` or `{"more_bytes_than":N}` as the last line of a record that was
//! cut off. Long texts and long lists are cut short, because nobody reads them to their end.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use asyncio::EventLoop;
use asyncio::observe::{Event, Kind, Outcome};

use crate::json;
use crate::recording::{Clock, Library, Record};

/// How many characters of a text are written.
const LONGEST_TEXT: usize = 500;
/// How many entries of a list are written. With all of them, the record of n tasks that sleep would grow with the square of n.
const LONGEST_LIST: usize = 20;

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
    events: usize,
    most_events: usize,
    bytes: usize,
    most_bytes: usize,
}

impl Spill {
    /// Makes the file, which will hold at most so many events and about so many bytes.
    ///
    /// # Errors
    /// If the file cannot be made, or is there already: another process of the program writes it then.
    pub fn create(file: &Path, most_events: usize, most_bytes: usize) -> io::Result<Spill> {
        let file = OpenOptions::new().write(true).create_new(true).open(file)?;
        Ok(Spill {
            state: Mutex::new(State {
                file: Some(file),
                runs: 0,
                events: 0,
                most_events,
                bytes: 0,
                most_bytes,
            }),
        })
    }

    /// Begins to observe a loop.
    pub fn follow(self: &Arc<Self>, event_loop: &EventLoop) {
        let clock = if event_loop.has_virtual_clock() {
            Clock::Virtual
        } else {
            Clock::Real
        };
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
    pub(crate) fn begin(&self, clock: Clock, library: Library) -> u64 {
        let mut state = self.state();
        state.runs += 1;
        let run = state.runs;
        state.write(&format!(
            "{{\"run\":{run},\"clock\":{},\"library\":{}}}\n",
            json::text(&clock),
            json::text(&library)
        ));
        run
    }

    /// Tells whether nothing more is written.
    pub(crate) fn is_over(&self) -> bool {
        self.state().file.is_none()
    }

    pub(crate) fn write(&self, run: u64, mut record: Record) {
        let mut state = self.state();
        if state.file.is_none() {
            return;
        }
        shorten(&mut record.event);
        let event = json::text(&record);
        let line = format!("{{\"run\":{run},\"event\":{event}}}\n");
        state.events += 1;
        let most = (state.most_events, state.most_bytes);
        let end = match (state.events, state.bytes + line.len()) {
            (events, _) if events > most.0 => format!("{{\"more_than\":{}}}\n", most.0),
            (_, bytes) if bytes > most.1 => format!("{{\"more_bytes_than\":{}}}\n", most.1),
            _ => return state.write(&line),
        };
        state.write(&end);
        state.file = None;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn write(&mut self, line: &str) {
        let written = self
            .file
            .as_mut()
            .map(|file| file.write_all(line.as_bytes()));
        self.bytes += line.len();
        // A program must not fail because its record does.
        if matches!(written, Some(Err(_))) {
            self.file = None;
        }
    }
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

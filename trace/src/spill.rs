//! A record that is written while the program runs, so that it is whole up to the moment when the program is stopped.
//!
//! The file has one JSON object on each line: `{"run":1,"clock":…,"library":…}` when a run begins, then `{"run":1,"event":{…}}`
//! with the event as `SCHEMA.md` describes it, and `{"more_than":N}` as the last line of a record that was cut off.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use asyncio::EventLoop;

use crate::json;
use crate::recording::{Clock, Library, Record};

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
    /// Makes the file, which will hold at most so many events and about so many bytes: an event of a loop with very many timers is
    /// long.
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
            let run = *run.get_or_init(|| spill.begin(clock, Library::Asyncio));
            let (event, thread) = (event.clone(), None);
            spill.write(run, &Record { event, thread });
        });
    }

    /// Begins a run, and gives its number.
    pub(crate) fn begin(&self, clock: Clock, library: Library) -> u64 {
        let mut state = self.state();
        state.runs += 1;
        let run = state.runs;
        let (clock, library) = (clock.name(), library.name());
        state.write(&format!(
            "{{\"run\":{run},\"clock\":\"{clock}\",\"library\":\"{library}\"}}\n"
        ));
        run
    }

    pub(crate) fn write(&self, run: u64, record: &Record) {
        let mut state = self.state();
        if state.file.is_none() {
            return;
        }
        let event = json::event(record, None);
        let line = format!("{{\"run\":{run},\"event\":{event}}}\n");
        state.events += 1;
        if state.events > state.most_events || state.bytes + line.len() > state.most_bytes {
            let most = state.events - 1;
            state.write(&format!("{{\"more_than\":{most}}}\n"));
            state.file = None;
            return;
        }
        state.write(&line);
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

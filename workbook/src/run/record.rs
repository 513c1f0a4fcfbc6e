//! Reading what a program wrote of its run; `trace/src/spill.rs` describes the file, and `trace/SCHEMA.md` the events.
//!
//! The program may have been stopped at any moment, and may have written there whatever it liked.

use std::collections::BTreeMap;
use std::time::Duration;

use asyncio::observe::{Actor, Awaited, Event, Kind, Outcome, Position, Queued};
use asyncio_trace::{Clock, Library, Record, Run};
use serde::Deserialize;

use crate::programs::recipe::SOURCE;

/// Why there are no runs.
#[derive(Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// There is more than so many events.
    TooLong(u64),
    /// It says something else than a record says.
    Broken,
}

/// Reads all runs, in the order in which they began.
pub fn read(text: &str) -> Result<Vec<Run>, Unreadable> {
    let mut runs = BTreeMap::new();
    // A program that was stopped while it wrote leaves a line without an end.
    for line in text
        .split_inclusive('\n')
        .filter(|line| line.ends_with('\n'))
    {
        let broken = |_| Unreadable::Broken;
        match serde_json::from_str::<Line>(line).map_err(broken)? {
            Line::Begin {
                run,
                clock,
                library,
            } => {
                runs.insert(run, new_run(clock, library));
            }
            Line::Event { run, event } => {
                let records = runs.get_mut(&run).ok_or(Unreadable::Broken)?;
                records
                    .records
                    .push(event.record().ok_or(Unreadable::Broken)?);
            }
            Line::Cut { more_than } => return Err(Unreadable::TooLong(more_than)),
        }
    }
    Ok(runs.into_values().collect())
}

fn new_run(clock: ClockName, library: LibraryName) -> Run {
    Run {
        title: String::new(),
        clock: match clock {
            ClockName::Virtual => Clock::Virtual,
            ClockName::Real => Clock::Real,
        },
        library: match library {
            LibraryName::Asyncio => Library::Asyncio,
            LibraryName::Tokio => Library::Tokio,
        },
        source: None,
        records: Vec::new(),
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Event {
        run: u64,
        event: Box<EventLine>,
    },
    Begin {
        run: u64,
        clock: ClockName,
        library: LibraryName,
    },
    Cut {
        more_than: u64,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum ClockName {
    Virtual,
    Real,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum LibraryName {
    Asyncio,
    Tokio,
}

#[derive(Deserialize)]
struct EventLine {
    t: u64,
    by: String,
    at: Option<At>,
    thread: Option<String>,
    #[serde(flatten)]
    what: What,
}

#[derive(Deserialize)]
struct At {
    file: String,
    line: u32,
    column: u32,
}

/// The events, with their fields as the file has them.
#[derive(Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
enum What {
    TaskCreated {
        task: u64,
        name: String,
    },
    TaskNamed {
        task: u64,
        name: String,
    },
    Woken {
        task: u64,
    },
    StepBegin {
        task: u64,
    },
    Awaits {
        task: u64,
        on: String,
    },
    StepEnd {
        task: u64,
    },
    TaskDone {
        task: u64,
        outcome: String,
        error: Option<String>,
    },
    TaskDropped {
        task: u64,
    },
    CancelRequested {
        task: u64,
        message: Option<String>,
    },
    CancelDelivered {
        task: u64,
    },
    PromiseCreated {
        promise: u64,
        label: String,
        until: Option<u64>,
    },
    PromiseDone {
        promise: u64,
        outcome: String,
        error: Option<String>,
    },
    CallbackScheduled {
        callback: u64,
        name: String,
    },
    CallbackBegin {
        callback: u64,
    },
    CallbackEnd {
        callback: u64,
    },
    CallbackCancelled {
        callback: u64,
    },
    TimerSet {
        callback: u64,
        name: String,
        when: u64,
    },
    TimerFired {
        callback: u64,
    },
    TimerCancelled {
        callback: u64,
    },
    QueuePut {
        queue: u64,
        len: usize,
    },
    QueueGet {
        queue: u64,
        len: usize,
    },
    LoopWaits {
        until: Option<u64>,
    },
    PassEnd {
        pass: u64,
        ready: Vec<String>,
        timers: Vec<TimerLine>,
    },
    Reported {
        message: String,
    },
    Note {
        text: String,
    },
}

#[derive(Deserialize)]
struct TimerLine {
    callback: u64,
    when: u64,
}

impl EventLine {
    fn record(self) -> Option<Record> {
        // Lines of other crates say nothing to the reader of the program.
        let at = self.at.filter(|at| at.file == SOURCE);
        Some(Record {
            event: Event {
                time: Duration::from_nanos(self.t),
                by: actor(&self.by)?,
                kind: self.what.kind()?,
                at: at.map(|at| Position::new(SOURCE, at.line, at.column)),
            },
            thread: self.thread.map(Into::into),
        })
    }
}

/// Reads words such as `task 3`.
fn numbered(text: &str) -> Option<(&str, u64)> {
    let (kind, number) = text.split_once(' ')?;
    Some((kind, number.parse().ok()?))
}

fn actor(text: &str) -> Option<Actor> {
    Some(match (text, numbered(text)) {
        ("outside", _) => Actor::Outside,
        ("loop", _) => Actor::Loop,
        ("thread", _) => Actor::Thread,
        (_, Some(("task", number))) => Actor::Task(number),
        (_, Some(("callback", number))) => Actor::Callback(number),
        _ => return None,
    })
}

fn awaited(text: &str) -> Option<Awaited> {
    Some(match (text, numbered(text)) {
        ("turn", _) => Awaited::Turn,
        ("foreign", _) => Awaited::Foreign,
        (_, Some(("task", number))) => Awaited::Task(number),
        (_, Some(("promise", number))) => Awaited::Promise(number),
        _ => return None,
    })
}

fn queued(text: &str) -> Option<Queued> {
    match numbered(text)? {
        ("task", number) => Some(Queued::Task(number)),
        ("callback", number) => Some(Queued::Callback(number)),
        _ => None,
    }
}

fn outcome(outcome: &str, error: Option<String>) -> Option<Outcome> {
    Some(match outcome {
        "result" => Outcome::Result,
        "cancelled" => Outcome::Cancelled,
        "exception" => Outcome::Exception(error?),
        _ => return None,
    })
}

impl What {
    fn kind(self) -> Option<Kind> {
        let time = Duration::from_nanos;
        Some(match self {
            What::TaskCreated { task, name } => Kind::TaskCreated { task, name },
            What::TaskNamed { task, name } => Kind::TaskNamed { task, name },
            What::Woken { task } => Kind::Woken { task },
            What::StepBegin { task } => Kind::StepBegin { task },
            What::Awaits { task, on } => Kind::Awaits {
                task,
                on: awaited(&on)?,
            },
            What::StepEnd { task } => Kind::StepEnd { task },
            What::TaskDone {
                task,
                outcome: how,
                error,
            } => Kind::TaskDone {
                task,
                outcome: outcome(&how, error)?,
            },
            What::TaskDropped { task } => Kind::TaskDropped { task },
            What::CancelRequested { task, message } => Kind::CancelRequested { task, message },
            What::CancelDelivered { task } => Kind::CancelDelivered { task },
            What::PromiseCreated {
                promise,
                label,
                until,
            } => Kind::PromiseCreated {
                promise,
                label: label.into(),
                until: until.map(time),
            },
            What::PromiseDone {
                promise,
                outcome: how,
                error,
            } => Kind::PromiseDone {
                promise,
                outcome: outcome(&how, error)?,
            },
            What::CallbackScheduled { callback, name } => Kind::CallbackScheduled {
                callback,
                name: name.into(),
            },
            What::CallbackBegin { callback } => Kind::CallbackBegin { callback },
            What::CallbackEnd { callback } => Kind::CallbackEnd { callback },
            What::CallbackCancelled { callback } => Kind::CallbackCancelled { callback },
            What::TimerSet {
                callback,
                name,
                when,
            } => Kind::TimerSet {
                callback,
                name: name.into(),
                when: time(when),
            },
            What::TimerFired { callback } => Kind::TimerFired { callback },
            What::TimerCancelled { callback } => Kind::TimerCancelled { callback },
            What::QueuePut { queue, len } => Kind::QueuePut { queue, len },
            What::QueueGet { queue, len } => Kind::QueueGet { queue, len },
            What::LoopWaits { until } => Kind::LoopWaits {
                until: until.map(time),
            },
            What::PassEnd {
                pass,
                ready,
                timers,
            } => Kind::PassEnd {
                pass,
                ready: ready
                    .iter()
                    .map(|item| queued(item))
                    .collect::<Option<_>>()?,
                timers: timers
                    .iter()
                    .map(|timer| (timer.callback, time(timer.when)))
                    .collect(),
            },
            What::Reported { message } => Kind::Reported { message },
            What::Note { text } => Kind::Note { text },
        })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use asyncio_trace::Trace;
    use serde_json::{Value, json};

    use super::*;
    use crate::programs::cargo::workspace;

    /// Every recorded program of the book, as its trace would have been spilled.
    fn traces() -> Vec<Value> {
        let folder = workspace().join("book/traces");
        let files = fs::read_dir(folder).expect("the book has traces");
        let read = |path: &Path| serde_json::from_slice(&fs::read(path).expect("a file"));
        files
            .map(|file| read(&file.expect("a file").path()).expect("JSON"))
            .collect()
    }

    #[test]
    fn what_is_read_is_what_was_written() {
        let traces = traces();
        assert!(traces.len() > 10);
        for trace in traces {
            let mut text = String::new();
            let own = |place: &Value| place["file"].as_str().map(str::to_owned);
            for (number, run) in trace["runs"].as_array().expect("runs").iter().enumerate() {
                let begin =
                    json!({"run": number, "clock": run["clock"], "library": run["library"]});
                text += &format!("{begin}\n");
                for event in run["events"].as_array().expect("events") {
                    let line = json!({"run": number, "event": event}).to_string();
                    let file = own(&event["at"]).unwrap_or_default();
                    text += &format!(
                        "{}\n",
                        line.replace(&format!("\"{file}\""), &format!("{SOURCE:?}"))
                    );
                }
            }
            let runs = read(&text).expect("a record");
            let mut written: Value = serde_json::from_str(&Trace { runs }.to_json()).expect("JSON");
            let mut wanted = trace.clone();
            for runs in [&mut written, &mut wanted] {
                for run in runs["runs"].as_array_mut().expect("runs") {
                    run["title"].take();
                    run["source"].take();
                    for event in run["events"].as_array_mut().expect("events") {
                        if event["at"].is_object() {
                            event["at"]["file"].take();
                        }
                    }
                }
            }
            assert_eq!(written, wanted);
        }
    }

    const BEGIN: &str = "{\"run\":1,\"clock\":\"real\",\"library\":\"tokio\"}\n";

    #[test]
    fn a_line_that_was_cut_off_is_left_out() {
        let woken = "{\"run\":1,\"event\":{\"t\":5,\"by\":\"loop\",\"what\":\"woken\",\"task\":1}}";
        let events = |text: &str| read(text).expect("a record")[0].records.len();
        assert_eq!(events(&format!("{BEGIN}{woken}\n{woken}\n")), 2);
        assert_eq!(events(&format!("{BEGIN}{woken}\n{woken}")), 1);
        assert!(read("").expect("an empty record").is_empty());
    }

    #[test]
    fn what_is_no_record_is_refused() {
        for line in [
            "",
            "null",
            "{\"run\":2,\"event\":{\"t\":5,\"by\":\"loop\",\"what\":\"woken\",\"task\":1}}",
            "{\"run\":1,\"event\":{\"t\":5,\"by\":\"me\",\"what\":\"woken\",\"task\":1}}",
            "{\"run\":1,\"event\":{\"t\":-5,\"by\":\"loop\",\"what\":\"woken\",\"task\":1}}",
            "{\"run\":1,\"event\":{\"t\":5,\"by\":\"loop\",\"what\":\"explodes\"}}",
        ] {
            let text = format!("{BEGIN}{line}\n");
            assert_eq!(read(&text).err(), Some(Unreadable::Broken), "{line}");
        }
        let text = format!("{BEGIN}{{\"more_than\":7}}\n");
        assert_eq!(read(&text).err(), Some(Unreadable::TooLong(7)));
    }
}

//! The lines that tell of events.

use std::time::Duration;

use asyncio::observe::{Actor, Awaited, Event, Kind, Outcome, Position, Queued};
use asyncio_trace::Record;
use serde::Deserialize;

use crate::programs::compile::SOURCE;

#[derive(Deserialize)]
pub struct EventLine {
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
    /// Gives what it says, if it says anything.
    pub fn record(self) -> Option<Record> {
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

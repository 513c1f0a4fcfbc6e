//! The events that an observer is told of.

use std::borrow::Cow;
use std::fmt;
use std::panic::Location;
use std::time::Duration;

/// A line of the program, as the compiler knows it.
pub type Place = &'static Location<'static>;

/// A line of the program, as an event keeps it. Whoever reads events from a file can make one; nobody can make a [`Place`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    file: &'static str,
    line: u32,
    column: u32,
}

impl Position {
    /// Makes a position; lines and columns are counted from 1.
    pub const fn new(file: &'static str, line: u32, column: u32) -> Self {
        Position { file, line, column }
    }

    /// Gives the file, as the compiler was told to call it.
    pub fn file(&self) -> &'static str {
        self.file
    }

    /// Gives the line, counted from 1.
    pub fn line(&self) -> u32 {
        self.line
    }

    /// Gives the column, counted from 1.
    pub fn column(&self) -> u32 {
        self.column
    }
}

impl From<Place> for Position {
    fn from(place: Place) -> Self {
        Position::new(place.file(), place.line(), place.column())
    }
}

/// Who did something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// The code around the loop, before a run or between two.
    Outside,
    /// The step of the task of this number.
    Task(u64),
    /// The callback of this number, which may have been a timer's.
    Callback(u64),
    /// The loop itself: it expires timers, and passes on what the operating system says.
    Loop,
    /// Another thread, whose message the loop has found in its inbox.
    Thread,
}

/// What a task waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Awaited {
    /// The end of a task.
    Task(u64),
    /// A promise; its [`Kind::PromiseCreated`] says what for.
    Promise(u64),
    /// The task's next turn, as `yield_now` and a sleep of zero do.
    Turn,
    /// A future of another library.
    Foreign,
}

/// What is in the ready queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queued {
    /// A step of the task of this number.
    Task(u64),
    /// The callback of this number.
    Callback(u64),
}

/// How a task or a promise ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// With a value.
    Result,
    /// With an error, whose text this is.
    Exception(String),
    /// It was cancelled.
    Cancelled,
}

/// What happened. Tasks have the numbers of their names; callbacks, promises and queues are numbered from 1 in the order in which
/// the observer first hears of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A task was made.
    TaskCreated { task: u64, name: String },
    /// A task was given another name.
    TaskNamed { task: u64, name: String },
    /// A step of a task was put into the ready queue: it was made just now, or woken.
    Woken { task: u64 },
    /// A step of a task begins.
    StepBegin { task: u64 },
    /// The running task waits for something; a task that polls several leaves waits for each.
    Awaits { task: u64, on: Awaited },
    /// The step is over: the task has ended, or waits.
    StepEnd { task: u64 },
    /// A task has ended.
    TaskDone { task: u64, outcome: Outcome },
    /// A task that had not ended was dropped with its loop.
    TaskDropped { task: u64 },
    /// Somebody asked a task to end, and it was not done.
    CancelRequested { task: u64, message: Option<String> },
    /// The body of the task sees the cancellation, at the await where it was suspended.
    CancelDelivered { task: u64 },
    /// A promise was made: for a program, or for a wait that `label` names; a sleep says until when.
    PromiseCreated {
        promise: u64,
        label: Cow<'static, str>,
        until: Option<Duration>,
    },
    /// A promise was filled or cancelled.
    PromiseDone { promise: u64, outcome: Outcome },
    /// A callback was put into the ready queue. `name` is the function that it was written in.
    CallbackScheduled {
        callback: u64,
        name: Cow<'static, str>,
    },
    /// A callback begins.
    CallbackBegin { callback: u64 },
    /// A callback is over.
    CallbackEnd { callback: u64 },
    /// A callback that waits for its turn was cancelled.
    CallbackCancelled { callback: u64 },
    /// A callback was set for a time.
    TimerSet {
        callback: u64,
        name: Cow<'static, str>,
        when: Duration,
    },
    /// The time has come: the callback was put into the ready queue.
    TimerFired { callback: u64 },
    /// A callback that waits for its time was cancelled.
    TimerCancelled { callback: u64 },
    /// An item was put into a queue, which now has `len` of them.
    QueuePut { queue: u64, len: usize },
    /// An item was taken from a queue, which now has `len` of them.
    QueueGet { queue: u64, len: usize },
    /// Nothing is ready: the loop waits, and a virtual clock jumps.
    LoopWaits { until: Option<Duration> },
    /// A pass of the loop is over; what is ready now, first to run first, and which timers are set, soonest first.
    PassEnd {
        pass: u64,
        ready: Vec<Queued>,
        timers: Vec<(u64, Duration)>,
    },
    /// An error or a warning went to the exception handler.
    Reported { message: String },
    /// The program says something: see [`note`](crate::observe::note).
    Note { text: String },
}

/// Something that happened on a loop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When, on the loop's clock.
    pub time: Duration,
    /// Who did it.
    pub by: Actor,
    /// What it was.
    pub kind: Kind,
    /// The line of the program, where it is known.
    pub at: Option<Position>,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Actor::Outside => f.write_str("outside"),
            Actor::Task(task) => write!(f, "Task-{task}"),
            Actor::Callback(callback) => write!(f, "callback {callback}"),
            Actor::Loop => f.write_str("loop"),
            Actor::Thread => f.write_str("another thread"),
        }
    }
}

impl fmt::Display for Awaited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Awaited::Task(task) => write!(f, "Task-{task}"),
            Awaited::Promise(promise) => write!(f, "promise {promise}"),
            Awaited::Turn => f.write_str("its next turn"),
            Awaited::Foreign => f.write_str("a future of another library"),
        }
    }
}

impl fmt::Display for Queued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Queued::Task(task) => write!(f, "Task-{task}"),
            Queued::Callback(callback) => write!(f, "callback {callback}"),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Result => f.write_str("a result"),
            Outcome::Exception(error) => write!(f, "the exception \"{error}\""),
            Outcome::Cancelled => f.write_str("a cancellation"),
        }
    }
}

/// Writes a sentence without its full stop; tasks have their numbers, not their names.
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Kind::TaskCreated { name, .. } => write!(f, "{name} is created"),
            Kind::TaskNamed { task, name } => write!(f, "Task-{task} is named {name}"),
            Kind::Woken { task } => write!(f, "Task-{task} is ready"),
            Kind::StepBegin { task } => write!(f, "a step of Task-{task} begins"),
            Kind::Awaits { task, on } => write!(f, "Task-{task} awaits {on}"),
            Kind::StepEnd { task } => write!(f, "the step of Task-{task} ends"),
            Kind::TaskDone { task, outcome } => write!(f, "Task-{task} ends with {outcome}"),
            Kind::TaskDropped { task } => write!(f, "Task-{task} is dropped"),
            Kind::CancelRequested { task, message } => {
                write!(f, "Task-{task} is asked to end")?;
                message.iter().try_for_each(|m| write!(f, ": {m}"))
            }
            Kind::CancelDelivered { task } => write!(f, "Task-{task} sees its cancellation"),
            Kind::PromiseCreated {
                promise,
                label,
                until,
            } => {
                write!(f, "promise {promise} is made: {label}")?;
                until
                    .iter()
                    .try_for_each(|t| write!(f, " until {}", Seconds(*t)))
            }
            Kind::PromiseDone { promise, outcome } => {
                write!(f, "promise {promise} is done with {outcome}")
            }
            Kind::CallbackScheduled { callback, name } => {
                write!(f, "callback {callback} ({name}) is ready")
            }
            Kind::CallbackBegin { callback } => write!(f, "callback {callback} begins"),
            Kind::CallbackEnd { callback } => write!(f, "callback {callback} ends"),
            Kind::CallbackCancelled { callback } => write!(f, "callback {callback} is cancelled"),
            Kind::TimerSet {
                callback,
                name,
                when,
            } => write!(
                f,
                "callback {callback} ({name}) is set for {}",
                Seconds(*when)
            ),
            Kind::TimerFired { callback } => write!(f, "the time of callback {callback} has come"),
            Kind::TimerCancelled { callback } => {
                write!(f, "the timer of callback {callback} is cancelled")
            }
            Kind::QueuePut { queue, len } => write!(f, "queue {queue} is given an item: {len}"),
            Kind::QueueGet { queue, len } => write!(f, "queue {queue} gives an item: {len}"),
            Kind::LoopWaits { until: Some(until) } => {
                write!(f, "nothing is ready until {}", Seconds(*until))
            }
            Kind::LoopWaits { until: None } => f.write_str("nothing is ready"),
            Kind::PassEnd {
                pass,
                ready,
                timers,
            } => {
                write!(f, "pass {pass} ends; ready: ")?;
                list(f, ready, |f, item| write!(f, "{item}"))?;
                f.write_str("; timers: ")?;
                list(f, timers, |f, (callback, when)| {
                    write!(f, "callback {callback} at {}", Seconds(*when))
                })
            }
            Kind::Reported { message } => write!(f, "reported: {message}"),
            Kind::Note { text } => write!(f, "note: {text}"),
        }
    }
}

struct Seconds(Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} s", self.0.as_secs_f64())
    }
}

fn list<T>(
    f: &mut fmt::Formatter<'_>,
    items: &[T],
    mut write: impl FnMut(&mut fmt::Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    if items.is_empty() {
        return f.write_str("none");
    }
    for (n, item) in items.iter().enumerate() {
        if n > 0 {
            f.write_str(", ")?;
        }
        write(f, item)?;
    }
    Ok(())
}

/// Writes one line: when, who, what.
impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", Seconds(self.time), self.by, self.kind)
    }
}

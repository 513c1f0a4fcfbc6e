//! What happened, said in words: for tests and for whoever looks at a run.

use std::time::Duration;

use asyncio::observe::{Actor, Awaited, Event, Kind, Outcome, Queued};

/// Says when something happened, who did it, and what it was.
pub fn line(event: &Event) -> String {
    let by = match event.by {
        Actor::Outside => "outside".to_owned(),
        Actor::Task(task) => format!("Task-{task}"),
        Actor::Callback(callback) => format!("callback {callback}"),
        Actor::Loop => "loop".to_owned(),
        Actor::Thread => "another thread".to_owned(),
    };
    format!("{} {by}: {}", seconds(event.time.0), sentence(&event.kind))
}

/// Says what happened, without a full stop; tasks have their numbers, not their names.
///
/// ```
/// use asyncio::observe::{Awaited, Kind};
/// use asyncio_trace::sentence;
///
/// let on = Awaited::Turn;
/// assert_eq!(sentence(&Kind::Awaits { task: 1, on }), "Task-1 awaits its next turn");
/// ```
pub fn sentence(kind: &Kind) -> String {
    match kind {
        Kind::TaskCreated { name, .. } => format!("{name} is created"),
        Kind::TaskNamed { task, name } => format!("Task-{task} is named {name}"),
        Kind::Woken { task } => format!("Task-{task} is ready"),
        Kind::StepBegin { task } => format!("a step of Task-{task} begins"),
        Kind::Awaits { task, on } => format!("Task-{task} awaits {}", awaited(on)),
        Kind::StepEnd { task } => format!("the step of Task-{task} ends"),
        Kind::TaskDone { task, outcome } => format!("Task-{task} ends with {}", ending(outcome)),
        Kind::TaskDropped { task } => format!("Task-{task} is dropped"),
        Kind::CancelRequested { task, message } => match message {
            Some(message) => format!("Task-{task} is asked to end: {message}"),
            None => format!("Task-{task} is asked to end"),
        },
        Kind::CancelDelivered { task } => format!("Task-{task} sees its cancellation"),
        Kind::PromiseCreated { promise, label, until } => match until {
            Some(until) => format!("promise {promise} is made: {label} until {}", seconds(until.0)),
            None => format!("promise {promise} is made: {label}"),
        },
        Kind::PromiseDone { promise, outcome } => {
            format!("promise {promise} is done with {}", ending(outcome))
        }
        Kind::CallbackScheduled { callback, name } => {
            format!("callback {callback} ({name}) is ready")
        }
        Kind::CallbackBegin { callback } => format!("callback {callback} begins"),
        Kind::CallbackEnd { callback } => format!("callback {callback} ends"),
        Kind::CallbackCancelled { callback } => format!("callback {callback} is cancelled"),
        Kind::TimerSet { callback, name, when } => {
            format!("callback {callback} ({name}) is set for {}", seconds(when.0))
        }
        Kind::TimerFired { callback } => format!("the time of callback {callback} has come"),
        Kind::TimerCancelled { callback } => {
            format!("the timer of callback {callback} is cancelled")
        }
        Kind::QueuePut { queue, len } => format!("queue {queue} is given an item: {len}"),
        Kind::QueueGet { queue, len } => format!("queue {queue} gives an item: {len}"),
        Kind::LoopWaits { until: Some(until) } => {
            format!("nothing is ready until {}", seconds(until.0))
        }
        Kind::LoopWaits { until: None } => "nothing is ready".to_owned(),
        Kind::PassEnd { pass, ready, timers } => {
            let ready = list(ready.iter().map(|queued| match queued {
                Queued::Task(task) => format!("Task-{task}"),
                Queued::Callback(callback) => format!("callback {callback}"),
            }));
            let timers = timers.iter();
            let timers = list(timers.map(|t| format!("callback {} at {}", t.callback, seconds(t.when.0))));
            format!("pass {pass} ends; ready: {ready}; timers: {timers}")
        }
        Kind::Reported { message } => format!("reported: {message}"),
        Kind::Note { text } => format!("note: {text}"),
    }
}

fn awaited(on: &Awaited) -> String {
    match on {
        Awaited::Task(task) => format!("Task-{task}"),
        Awaited::Promise(promise) => format!("promise {promise}"),
        Awaited::Turn => "its next turn".to_owned(),
        Awaited::Foreign => "a future of another library".to_owned(),
    }
}

fn ending(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Result => "a result".to_owned(),
        Outcome::Exception(error) => format!("the exception \"{error}\""),
        Outcome::Cancelled => "a cancellation".to_owned(),
    }
}

fn seconds(time: Duration) -> String {
    format!("{} s", time.as_secs_f64())
}

fn list(items: impl Iterator<Item = String>) -> String {
    let items: Vec<String> = items.collect();
    match items.is_empty() {
        true => "none".to_owned(),
        false => items.join(", "),
    }
}

//! The JSON that `SCHEMA.md` describes, written by hand: one event on a line.

use std::collections::HashMap;
use std::fmt::Write;
use std::time::Duration;

use asyncio::observe::{Actor, Awaited, Event, Kind, Outcome, Queued};

use crate::recording::{Record, Run, Source, Trace};

/// Writes a string in JSON, quotes included.
pub(crate) fn quoted(text: &str) -> String {
    let mut json = String::with_capacity(text.len() + 2);
    json.push('"');
    for c in text.chars() {
        match c {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\n' => json.push_str("\\n"),
            '\t' => json.push_str("\\t"),
            '\r' => json.push_str("\\r"),
            // The two line separators end a line in a script, and `<` could end the script itself.
            c if c < ' ' || matches!(c, '\u{7f}' | '\u{2028}' | '\u{2029}' | '<') => {
                let _ = write!(json, "\\u{:04x}", u32::from(c));
            }
            c => json.push(c),
        }
    }
    json.push('"');
    json
}

/// Gives the path of a source file as it is written here on every system; on Windows the compiler puts `\` between folders.
pub(crate) fn with_slashes(file: &str) -> String {
    file.replace('\\', "/")
}

impl Trace {
    /// Gives the JSON that `SCHEMA.md` describes.
    pub fn to_json(&self) -> String {
        of(self)
    }
}

fn of(trace: &Trace) -> String {
    let version = crate::VERSION;
    let runs: Vec<String> = trace.runs.iter().map(run).collect();
    format!(
        "{{\"schema\":\"asyncio-trace\",\"version\":{version},\"runs\":[\n{}\n]}}\n",
        runs.join(",\n")
    )
}

fn run(run: &Run) -> String {
    let (clock, library) = (run.clock.name(), run.library.name());
    let mut lines = Lines::default();
    let events: Vec<String> = run
        .records
        .iter()
        .map(|record| event(record, lines.follow(&record.event)))
        .collect();
    format!(
        "{{\"title\":{},\"clock\":\"{clock}\",\"library\":\"{library}\",\"source\":{},\"events\":[\n{}\n]}}",
        quoted(&run.title),
        run.source.as_ref().map_or("null".to_owned(), source),
        events.join(",\n")
    )
}

fn source(source: &Source) -> String {
    let lines: Vec<String> = source.lines.iter().map(|line| quoted(line)).collect();
    format!(
        "{{\"file\":{},\"first_line\":{},\"lines\":[\n{}\n]}}",
        quoted(&source.file),
        source.first_line,
        lines.join(",\n")
    )
}

/// Remembers where each task and each callback is in the program: an event without a place happens where its actor was last.
#[derive(Default)]
pub(crate) struct Lines {
    of: HashMap<String, u32>,
}

impl Lines {
    pub(crate) fn follow(&mut self, event: &Event) -> Option<u32> {
        let actor = actor(event.by);
        if let Some(at) = event.at {
            self.of.insert(actor.clone(), at.line());
            if let Kind::CallbackScheduled { callback, .. } | Kind::TimerSet { callback, .. } =
                event.kind
            {
                self.of
                    .insert(self::actor(Actor::Callback(callback)), at.line());
            }
        }
        match event.by {
            Actor::Task(_) | Actor::Callback(_) | Actor::Outside => self.of.get(&actor).copied(),
            Actor::Loop | Actor::Thread => None,
        }
    }
}

fn actor(actor: Actor) -> String {
    match actor {
        Actor::Outside => "outside".to_owned(),
        Actor::Task(task) => format!("task {task}"),
        Actor::Callback(callback) => format!("callback {callback}"),
        Actor::Loop => "loop".to_owned(),
        Actor::Thread => "thread".to_owned(),
    }
}

pub(crate) fn event(record: &Record, line: Option<u32>) -> String {
    let Event { time, by, kind, at } = &record.event;
    let mut json = format!(
        "{{\"t\":{},\"by\":{},\"what\":{}",
        nanoseconds(*time),
        quoted(&actor(*by)),
        what(kind)
    );
    if let Some(line) = line {
        let _ = write!(json, ",\"line\":{line}");
    }
    if let Some(at) = at {
        let file = quoted(&with_slashes(at.file()));
        let (line, column) = (at.line(), at.column());
        let _ = write!(
            json,
            ",\"at\":{{\"file\":{file},\"line\":{line},\"column\":{column}}}"
        );
    }
    if let Some(thread) = &record.thread {
        let _ = write!(json, ",\"thread\":{}", quoted(thread));
    }
    json.push('}');
    json
}

fn nanoseconds(time: Duration) -> u128 {
    time.as_nanos()
}

fn outcome(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Result => "\"outcome\":\"result\"".to_owned(),
        Outcome::Exception(error) => {
            format!("\"outcome\":\"exception\",\"error\":{}", quoted(error))
        }
        Outcome::Cancelled => "\"outcome\":\"cancelled\"".to_owned(),
    }
}

fn awaited(on: &Awaited) -> String {
    match on {
        Awaited::Task(task) => format!("\"task {task}\""),
        Awaited::Promise(promise) => format!("\"promise {promise}\""),
        Awaited::Turn => "\"turn\"".to_owned(),
        Awaited::Foreign => "\"foreign\"".to_owned(),
    }
}

fn or_null(time: &Option<Duration>) -> String {
    time.map_or("null".to_owned(), |time| nanoseconds(time).to_string())
}

/// Writes the name of an event and its own fields.
fn what(kind: &Kind) -> String {
    match kind {
        Kind::TaskCreated { task, name } => {
            format!("\"task_created\",\"task\":{task},\"name\":{}", quoted(name))
        }
        Kind::TaskNamed { task, name } => {
            format!("\"task_named\",\"task\":{task},\"name\":{}", quoted(name))
        }
        Kind::Woken { task } => format!("\"woken\",\"task\":{task}"),
        Kind::StepBegin { task } => format!("\"step_begin\",\"task\":{task}"),
        Kind::Awaits { task, on } => {
            format!("\"awaits\",\"task\":{task},\"on\":{}", awaited(on))
        }
        Kind::StepEnd { task } => format!("\"step_end\",\"task\":{task}"),
        Kind::TaskDone { task, outcome: o } => {
            format!("\"task_done\",\"task\":{task},{}", outcome(o))
        }
        Kind::TaskDropped { task } => format!("\"task_dropped\",\"task\":{task}"),
        Kind::CancelRequested { task, message } => format!(
            "\"cancel_requested\",\"task\":{task},\"message\":{}",
            message.as_deref().map_or("null".to_owned(), quoted)
        ),
        Kind::CancelDelivered { task } => format!("\"cancel_delivered\",\"task\":{task}"),
        Kind::PromiseCreated {
            promise,
            label,
            until,
        } => format!(
            "\"promise_created\",\"promise\":{promise},\"label\":{},\"until\":{}",
            quoted(label),
            or_null(until)
        ),
        Kind::PromiseDone {
            promise,
            outcome: o,
        } => {
            format!("\"promise_done\",\"promise\":{promise},{}", outcome(o))
        }
        Kind::CallbackScheduled { callback, name } => format!(
            "\"callback_scheduled\",\"callback\":{callback},\"name\":{}",
            quoted(name)
        ),
        Kind::CallbackBegin { callback } => {
            format!("\"callback_begin\",\"callback\":{callback}")
        }
        Kind::CallbackEnd { callback } => format!("\"callback_end\",\"callback\":{callback}"),
        Kind::CallbackCancelled { callback } => {
            format!("\"callback_cancelled\",\"callback\":{callback}")
        }
        Kind::TimerSet {
            callback,
            name,
            when,
        } => format!(
            "\"timer_set\",\"callback\":{callback},\"name\":{},\"when\":{}",
            quoted(name),
            nanoseconds(*when)
        ),
        Kind::TimerFired { callback } => format!("\"timer_fired\",\"callback\":{callback}"),
        Kind::TimerCancelled { callback } => {
            format!("\"timer_cancelled\",\"callback\":{callback}")
        }
        Kind::QueuePut { queue, len } => {
            format!("\"queue_put\",\"queue\":{queue},\"len\":{len}")
        }
        Kind::QueueGet { queue, len } => {
            format!("\"queue_get\",\"queue\":{queue},\"len\":{len}")
        }
        Kind::LoopWaits { until } => format!("\"loop_waits\",\"until\":{}", or_null(until)),
        Kind::PassEnd {
            pass,
            ready,
            timers,
        } => {
            let ready: Vec<String> = ready
                .iter()
                .map(|item| match item {
                    Queued::Task(task) => format!("\"task {task}\""),
                    Queued::Callback(callback) => format!("\"callback {callback}\""),
                })
                .collect();
            let timers: Vec<String> = timers
                .iter()
                .map(|(callback, when)| {
                    format!(
                        "{{\"callback\":{callback},\"when\":{}}}",
                        nanoseconds(*when)
                    )
                })
                .collect();
            format!(
                "\"pass_end\",\"pass\":{pass},\"ready\":[{}],\"timers\":[{}]",
                ready.join(","),
                timers.join(",")
            )
        }
        Kind::Reported { message } => format!("\"reported\",\"message\":{}", quoted(message)),
        Kind::Note { text } => format!("\"note\",\"text\":{}", quoted(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::{quoted, with_slashes};

    #[test]
    fn a_file_has_the_same_name_on_every_system() {
        for file in ["trace/src/json.rs", "trace\\src\\json.rs"] {
            assert_eq!(with_slashes(file), "trace/src/json.rs");
        }
    }

    #[test]
    fn every_character_survives_the_quotes() {
        let all: String = (0..0x3000)
            .filter_map(char::from_u32)
            .chain(['😀'])
            .collect();
        let json = quoted(&all);
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), all);
        assert_eq!(
            quoted("a\"\\\n\u{1}</script>"),
            r#""a\"\\\n\u0001\u003c/script>""#
        );
    }
}

//! The JSON that `SCHEMA.md` describes: one event on a line.

use std::collections::HashMap;

use asyncio::observe::{Actor, Event, Kind};
use serde::Serialize;

use crate::recording::{Record, Run, Source, Trace};

/// Writes a value in JSON, fit for a script in a page: the two line separators would end a line there, and `<` the script itself.
pub(crate) fn text(value: &impl Serialize) -> String {
    let json = serde_json::to_string(value).expect("nothing in a trace is refused");
    let mut fit = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '\u{7f}' | '\u{2028}' | '\u{2029}' | '<' => {
                fit.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => fit.push(c),
        }
    }
    fit
}

impl Trace {
    /// Gives the JSON that `SCHEMA.md` describes.
    pub fn to_json(&self) -> String {
        let version = crate::VERSION;
        let runs: Vec<String> = self.runs.iter().map(run).collect();
        format!("{{\"schema\":\"asyncio-trace\",\"version\":{version},\"runs\":[\n{}\n]}}\n", runs.join(",\n"))
    }
}

fn run(run: &Run) -> String {
    let mut lines = Lines::default();
    let events: Vec<String> = run.records.iter().map(|record| event(record, lines.follow(&record.event))).collect();
    let python = run.python.as_ref().map_or(String::new(), |python| format!(",\"python\":{}", text(python)));
    format!(
        "{{\"title\":{},\"clock\":{},\"library\":{}{python},\"source\":{},\"events\":[\n{}\n]}}",
        text(&run.title),
        text(&run.clock),
        text(&run.library),
        run.source.as_ref().map_or("null".to_owned(), source),
        events.join(",\n")
    )
}

fn source(source: &Source) -> String {
    let lines: Vec<String> = source.lines.iter().map(text).collect();
    format!(
        "{{\"file\":{},\"first_line\":{},\"lines\":[\n{}\n]}}",
        text(&source.file),
        source.first_line,
        lines.join(",\n")
    )
}

/// Writes an event, and the line of the program where its actor is.
fn event(record: &Record, line: Option<u32>) -> String {
    #[derive(Serialize)]
    struct Placed<'a> {
        #[serde(flatten)]
        record: &'a Record,
        #[serde(skip_serializing_if = "Option::is_none")]
        line: Option<u32>,
    }
    text(&Placed { record, line })
}

/// Remembers where each task and each callback is in the program: an event without a place happens where its actor was last.
#[derive(Default)]
pub(crate) struct Lines {
    of: HashMap<Actor, u32>,
}

impl Lines {
    pub(crate) fn follow(&mut self, event: &Event) -> Option<u32> {
        if let Some(at) = &event.at {
            self.of.insert(event.by, at.line);
            if let Kind::CallbackScheduled { callback, .. } | Kind::TimerSet { callback, .. } = event.kind {
                self.of.insert(Actor::Callback(callback), at.line);
            }
        }
        match event.by {
            Actor::Task(_) | Actor::Callback(_) | Actor::Outside => self.of.get(&event.by).copied(),
            Actor::Loop | Actor::Thread => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn every_character_survives_the_quotes() {
        let all: String = (0..0x3000).filter_map(char::from_u32).chain(['😀']).collect();
        let json = text(&all);
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), all);
        assert_eq!(text(&"a\"\\\n\u{1}</script>"), r#""a\"\\\n\u0001\u003c/script>""#);
    }
}

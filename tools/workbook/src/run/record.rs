//! Reading what a program wrote of its run; `tools/trace/src/spill.rs` describes the file, and `tools/trace/SCHEMA.md` the events.
//!
//! The program may have been stopped at any moment, and may have written there whatever it liked.

use std::collections::BTreeMap;

use asyncio_trace::{Clock, Library, Record, Run};
use serde::Deserialize;

use crate::programs::compile::SOURCE;

/// Why there are no runs.
#[derive(Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// There are more than so many events.
    TooMany(u64),
    /// The record has more than so many bytes.
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
                let new = Run {
                    title: String::new(),
                    clock,
                    library,
                    source: None,
                    records: Vec::new(),
                };
                runs.insert(run, new);
            }
            Line::Event { run, event } => {
                let run: &mut Run = runs.get_mut(&run).ok_or(Unreadable::Broken)?;
                let mut record = *event;
                // Lines of other crates say nothing to the reader of the program.
                record.event.at = record.event.at.filter(|at| at.file == SOURCE);
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

#[derive(Deserialize)]
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
    },
    TooMany {
        more_than: u64,
    },
    TooLong {
        more_bytes_than: u64,
    },
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use asyncio_trace::Trace;
    use serde_json::{Value, json};

    use super::*;
    use crate::programs::cargo::workspace;
    use crate::programs::compile::SOURCE;

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
    fn time_never_goes_back() {
        let line = |t: u64| {
            format!(
                "{{\"run\":1,\"event\":{{\"t\":{t},\"by\":\"loop\",\"what\":\"woken\",\"task\":1}}}}\n"
            )
        };
        let text = [BEGIN, &line(5), &line(3), &line(7)].concat();
        let runs = read(&text).expect("a record");
        let times = runs[0].records.iter();
        let times: Vec<u128> = times.map(|record| record.event.time.0.as_nanos()).collect();
        assert_eq!(times, [5, 5, 7]);
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
        for (line, why) in [
            ("{\"more_than\":7}", Unreadable::TooMany(7)),
            ("{\"more_bytes_than\":7}", Unreadable::TooLong(7)),
        ] {
            assert_eq!(read(&format!("{BEGIN}{line}\n")).err(), Some(why));
        }
    }
}

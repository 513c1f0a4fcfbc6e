//! Records that are written while the program runs.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use asyncio::observe::note;
use asyncio::{EventLoop, create_task, sleep};
use asyncio_trace::spill::{self, Spill, Unreadable};
use asyncio_trace::{Recording, Run, Source, Trace};
use serde_json::{Value, json};
use tempfile::TempDir;

mod book;

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn spill(folder: &TempDir, most: u64) -> Arc<Spill> {
    Arc::new(Spill::create(&folder.path().join("record"), most, 1 << 20).unwrap())
}

fn lines(folder: &TempDir) -> Vec<Value> {
    let text = fs::read_to_string(folder.path().join("record")).unwrap();
    assert!(text.is_empty() || text.ends_with('\n'));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn program(event_loop: &EventLoop) {
    let main = async {
        sleep(Duration::from_secs(1)).await?;
        note("</script> & \"quotes\"");
        Ok(())
    };
    event_loop.run_until_complete(main).unwrap();
}

/// A source whose lines are those of this file.
fn source(file: &str) -> Source {
    Source { file: file.to_owned(), first_line: 1, lines: Vec::new() }
}

fn read(text: &str) -> Result<Vec<Run>, Unreadable> {
    spill::read(text, &source(""))
}

#[test]
fn the_file_has_the_events_that_a_recording_has() {
    let folder = folder();
    let [spilled, kept] = [(); 2].map(|()| EventLoop::with_virtual_clock());
    spill(&folder, 1000).follow(&spilled);
    let recording = Recording::start(&kept);
    program(&spilled);
    program(&kept);
    let text = fs::read_to_string(folder.path().join("record")).unwrap();
    let source = source(&file!().replace('\\', "/"));
    let wanted = Run { source: Some(source.clone()), ..recording.finish("").unwrap() };
    assert_eq!(spill::read(&text, &source), Ok(vec![wanted]));
}

#[test]
fn what_is_read_is_what_was_written() {
    for (name, json) in book::files("traces") {
        let trace: Trace = serde_json::from_str(&json).unwrap();
        for wanted in trace.runs {
            let folder = folder();
            let spill = spill(&folder, 1000);
            let run = spill.begin(wanted.clock, wanted.library);
            for record in &wanted.records {
                spill.write(run, record.clone());
            }
            let text = fs::read_to_string(folder.path().join("record")).unwrap();
            // What Python writes itself is tested with it.
            let (title, python) = (String::new(), None);
            let wanted = Run { title, python, ..wanted };
            let source = wanted.source.clone().unwrap();
            assert!(spill::read(&text, &source) == Ok(vec![wanted]), "{name}");
        }
    }
}

#[test]
fn the_file_is_there_before_the_program_ends() {
    let folder = folder();
    let event_loop = EventLoop::with_virtual_clock();
    let spill = spill(&folder, 1000);
    spill.follow(&event_loop);
    assert_eq!(lines(&folder), Vec::<Value>::new());
    event_loop
        .run_until_complete(async move {
            note("half way");
            let last = lines(&folder).pop().unwrap();
            assert_eq!(last["event"]["text"], "half way");
            Ok(())
        })
        .unwrap();
}

#[test]
fn each_loop_is_a_run_of_its_own_once_something_happens_on_it() {
    let folder = folder();
    let spill = spill(&folder, 1000);
    let [unused, real, second] = [EventLoop::new(), EventLoop::new(), EventLoop::with_virtual_clock()];
    for event_loop in [&unused, &real, &second] {
        spill.follow(event_loop);
    }
    for event_loop in [&real, &second, &real] {
        event_loop.run_until_complete(async { Ok(()) }).unwrap();
    }
    let clocks: Vec<Value> = lines(&folder).into_iter().filter(|line| line["clock"].is_string()).collect();
    assert_eq!(
        clocks,
        [
            json!({"run": 1, "clock": "real", "library": "asyncio"}),
            json!({"run": 2, "clock": "virtual", "library": "asyncio"}),
        ]
    );
}

#[test]
fn what_is_too_long_is_cut_off_and_says_so() {
    let folder = folder();
    let event_loop = EventLoop::with_virtual_clock();
    spill(&folder, 3).follow(&event_loop);
    program(&event_loop);
    let lines = lines(&folder);
    assert_eq!(lines.len(), 5, "the run, three events, the end");
    assert_eq!(lines[4], json!({"more_than": 3}));
}

#[test]
fn long_texts_and_long_lists_are_cut() {
    let folder = folder();
    let event_loop = EventLoop::with_virtual_clock();
    spill(&folder, 10_000).follow(&event_loop);
    event_loop
        .run_until_complete(async {
            note("ä".repeat(1 << 20));
            for _ in 0..200 {
                create_task::<()>(async { Ok(sleep(Duration::from_secs(9)).await?) });
            }
            Ok(sleep(Duration::from_secs(1)).await?)
        })
        .unwrap();
    let lines = lines(&folder);
    let notes = lines.iter().filter_map(|line| line["event"]["text"].as_str());
    assert_eq!(notes.map(|text| text.chars().count()).collect::<Vec<_>>(), [501]);
    let timers = lines.iter().filter_map(|line| line["event"]["timers"].as_array());
    assert_eq!(timers.map(Vec::len).max(), Some(20));
}

#[test]
fn many_long_events_are_cut_off_and_say_so() {
    let folder = folder();
    let event_loop = EventLoop::with_virtual_clock();
    spill(&folder, 10_000).follow(&event_loop);
    event_loop
        .run_until_complete(async {
            for _ in 0..5_000 {
                note("x".repeat(400));
            }
            Ok(())
        })
        .unwrap();
    let size = folder.path().join("record").metadata().unwrap().len();
    assert!(size < (1 << 20) + 100, "{size}");
    assert_eq!(lines(&folder).pop(), Some(json!({"more_bytes_than": 1 << 20})));
}

#[test]
fn a_second_process_does_not_write_into_the_record() {
    let folder = folder();
    let _first = spill(&folder, 1);
    assert!(Spill::create(&folder.path().join("record"), 1, 1).is_err());
}

const BEGIN: &str = "{\"run\":1,\"clock\":\"real\",\"library\":\"tokio\"}\n";

#[test]
fn a_line_that_was_cut_off_is_left_out() {
    let woken = "{\"run\":1,\"event\":{\"t\":5,\"by\":\"loop\",\"what\":\"woken\",\"task\":1}}";
    let events = |text: &str| read(text).unwrap()[0].records.len();
    assert_eq!(events(&format!("{BEGIN}{woken}\n{woken}\n")), 2);
    assert_eq!(events(&format!("{BEGIN}{woken}\n{woken}")), 1);
    assert!(read("").unwrap().is_empty());
}

#[test]
fn time_never_goes_back() {
    let line =
        |t: u64| format!("{{\"run\":1,\"event\":{{\"t\":{t},\"by\":\"loop\",\"what\":\"woken\",\"task\":1}}}}\n");
    let text = [BEGIN, &line(5), &line(3), &line(7)].concat();
    let runs = read(&text).unwrap();
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
        assert_eq!(read(&text), Err(Unreadable::Broken), "{line}");
    }
    for (line, why) in
        [("{\"more_than\":7}", Unreadable::TooMany(7)), ("{\"more_bytes_than\":7}", Unreadable::TooLong(7))]
    {
        assert_eq!(read(&format!("{BEGIN}{line}\n")), Err(why));
    }
}

//! What becomes of recordings: the JSON, Chrome's format, the timeline, and the traces of the book.

use std::collections::HashMap;
use std::time::Duration;

use asyncio::observe::note;
use asyncio::{Error, EventLoop, Queue, Result, create_task, gather, sleep, yield_now};
use asyncio_trace::{Recording, Run, TooManyEvents, Trace, VERSION};
use serde_json::Value;

mod book;

fn run_of(title: &str, main: impl Future<Output = Result<()>> + 'static) -> Run {
    let event_loop = EventLoop::with_virtual_clock();
    event_loop.set_exception_handler(|_| ());
    let recording = Recording::start(&event_loop);
    let _ = event_loop.run(main);
    recording.finish(title).expect("a short run")
}

async fn seconds(count: u64) -> Result<()> {
    Ok(sleep(Duration::from_secs(count)).await?)
}

/// A program in which a task ends in each way and waits for each kind of thing.
async fn everything() -> Result<()> {
    let queue = Queue::bounded(1);
    let items = queue.clone();
    let getter = create_task(async move {
        items.get().await?;
        Ok(())
    });
    let getter = getter.named("getter \"of\" items");
    let failing = create_task(async {
        seconds(1).await?;
        Err::<(), _>(Error::msg("spilled"))
    });
    let cancelled = create_task(seconds(9)).named("cancelled");
    seconds(2).await?;
    queue.put(1).await?;
    cancelled.cancel();
    note("half\ttime");
    getter.await?;
    let _ = gather([failing, cancelled]).await;
    yield_now().await?;
    Ok(())
}

#[test]
fn the_json_has_the_schema_and_one_event_on_a_line() {
    let trace = Trace::of(run_of("everything", everything()));
    let json = trace.to_json();
    let value: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(value["schema"], "asyncio-trace");
    assert_eq!(value["version"], VERSION);
    let run = &value["runs"][0];
    assert_eq!((&run["title"], &run["clock"]), (&"everything".into(), &"virtual".into()));
    let events = run["events"].as_array().unwrap();
    assert_eq!(events.len(), trace.runs[0].records.len());
    assert_eq!(json.lines().count(), events.len() + 4);
    let half_time = events.iter().find(|event| event["what"] == "note").unwrap();
    assert_eq!(half_time["text"], "half\ttime");
    assert_eq!((&half_time["t"], &half_time["by"]), (&2_000_000_000_u64.into(), &serde_json::json!({"task": 1})));
    assert_eq!(half_time["line"], half_time["at"]["line"]);
}

#[test]
fn every_event_of_the_book_knows_its_line() {
    for (name, json) in book::files("traces") {
        let value: Value = serde_json::from_str(&json).unwrap();
        let run = &value["runs"][0];
        let lines = run["source"]["lines"].as_array().unwrap().len() as u64;
        for event in run["events"].as_array().unwrap() {
            let what = event["what"].as_str().unwrap();
            if let Some(line) = event["line"].as_u64() {
                assert!((1..=lines).contains(&line), "{}: {event}", name);
            }
            // Where a task goes on after an await, the line is known before anything else happens.
            if what == "task_done" && event["by"]["task"] == 1 {
                assert!(event["line"].is_u64(), "{}: {event}", name);
            }
        }
    }
}

#[test]
fn a_trace_can_be_read_back() {
    for (name, json) in book::files("traces") {
        let trace: Trace = serde_json::from_str(&json).unwrap();
        assert!(trace.to_json() == json, "{name}");
    }
}

#[test]
fn a_run_on_a_virtual_clock_is_the_same_every_time() {
    let [one, two] = [(); 2].map(|()| Trace::of(run_of("everything", everything())));
    assert_eq!(one.to_json(), two.to_json());
    assert_eq!(one.to_chrome(), two.to_chrome());
}

/// Checks what Chrome's format asks for: required fields, slices that nest, and arrows that begin and end in a slice.
fn check_chrome(json: &str) -> usize {
    let value: Value = serde_json::from_str(json).unwrap();
    let mut open: HashMap<(u64, u64), Vec<f64>> = HashMap::new();
    let mut arrows: HashMap<u64, f64> = HashMap::new();
    let mut bound = 0;
    for event in value["traceEvents"].as_array().unwrap() {
        let phase = event["ph"].as_str().unwrap();
        let lane = (event["pid"].as_u64().unwrap(), event["tid"].as_u64().unwrap());
        let time = event["ts"].as_f64().unwrap();
        let slices = open.entry(lane).or_default();
        match phase {
            "B" => {
                assert!(event["name"].is_string() && event["cat"].is_string(), "{event}");
                assert!(slices.last().is_none_or(|begin| *begin <= time), "{event}");
                slices.push(time);
            }
            "E" => {
                let begin = slices.pop().unwrap_or_else(|| panic!("nothing to end: {event}"));
                assert!(begin <= time, "{event}");
            }
            "s" => {
                assert!(!slices.is_empty(), "an arrow from nowhere: {event}");
                arrows.insert(event["id"].as_u64().unwrap(), time);
            }
            "f" => {
                assert!(!slices.is_empty(), "an arrow to nowhere: {event}");
                assert_eq!(event["bp"], "e");
                let begin = arrows.remove(&event["id"].as_u64().unwrap()).expect("its beginning");
                assert!(begin <= time, "{event}");
                bound += 1;
            }
            "M" => assert!(event["args"]["name"].is_string(), "{event}"),
            "i" => assert!(event["name"].is_string() && event["s"] == "t", "{event}"),
            "C" => assert!(event["args"]["items"].is_u64(), "{event}"),
            other => panic!("an unknown phase {other}"),
        }
    }
    assert!(arrows.is_empty(), "arrows without an end: {arrows:?}");
    assert!(open.values().all(Vec::is_empty), "slices without an end: {open:?}");
    bound
}

#[test]
fn chromes_format_is_valid() {
    let trace = Trace::of(run_of("everything", everything()));
    let steps = trace.to_json().matches("\"step_begin\"").count();
    // Each step follows a wake-up.
    assert_eq!(check_chrome(&trace.to_chrome()), steps);
    let mut runs = Vec::new();
    for (_, json) in book::files("traces") {
        let trace: Trace = serde_json::from_str(&json).unwrap();
        assert!(check_chrome(&trace.to_chrome()) > 0);
        runs.extend(trace.runs);
    }
    check_chrome(&Trace { runs }.to_chrome());
}

#[test]
fn the_timeline_tells_states_and_ends_apart() {
    let drawing = run_of("everything", everything()).timeline(72);
    assert_eq!(
        drawing,
        [
            "everything",
            "                  0 s                     1 s                   2 s",
            "Task-1            █~sleep until 2 s~~~~~~~~~~~~~~~~~~~~~~~~~~~~~░█░░█✓",
            "getter \"of\" items ░█:queue get:::::::::::::::::::::::::::::::::::░✓",
            "Task-3            ░░█~sleep until 1 s~~~~~░!",
            "cancelled         ░░░█~sleep until 9 s~~~~~~~~~~~~~~~~~~~~~~~~~~~░░✗",
            "callbacks                                 █                     █     █",
            "█ runs  ░ is ready  ~ sleeps  : awaits a queue  ✓ runs and is done",
            "! fails  ✗ is cancelled",
            "",
        ]
        .join("\n")
    );
}

#[test]
fn a_long_run_is_drawn_within_the_width() {
    let run = run_of("long", async {
        for _ in 0..500 {
            yield_now().await?;
        }
        seconds(1).await
    });
    for width in [40, 41, 63, 100, 250] {
        let drawing = run.timeline(width);
        let widest = drawing.lines().map(|line| line.chars().count()).max();
        assert!(widest.unwrap() <= width, "{width}:\n{drawing}");
        assert!(drawing.contains('✓'), "{drawing}");
    }
}

#[test]
fn a_run_with_too_many_events_is_refused() {
    let event_loop = EventLoop::with_virtual_clock();
    let recording = Recording::start(&event_loop);
    let notes = async {
        for _ in 0..100_000 {
            note("");
        }
        Ok(())
    };
    event_loop.run(notes).unwrap();
    let error = recording.finish("too long").unwrap_err();
    assert_eq!(error, TooManyEvents);
    assert_eq!(
        error.to_string(),
        "the run has more than 100000 events, which is more than a recording holds; record a shorter run"
    );
}

#[test]
fn nothing_is_drawn_of_nothing() {
    let event_loop = EventLoop::with_virtual_clock();
    let recording = Recording::start(&event_loop);
    let trace = Trace::of(recording.finish("nothing").unwrap());
    assert_eq!(trace.timeline(80), "nothing\nnothing ran on this loop\n");
    assert_eq!(check_chrome(&trace.to_chrome()), 0);
}

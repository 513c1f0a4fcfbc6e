//! Records that are written while the program runs.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use asyncio::observe::note;
use asyncio::{EventLoop, create_task, sleep};
use asyncio_trace::{Clock, Recording, Spill, Tracer};
use serde_json::{Value, json};
use tempfile::TempDir;

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn spill(folder: &TempDir, most: usize) -> Arc<Spill> {
    Arc::new(Spill::create(&folder.path().join("record"), most, 1 << 20).unwrap())
}

fn lines(folder: &TempDir) -> Vec<Value> {
    let text = fs::read_to_string(folder.path().join("record")).unwrap();
    assert!(text.is_empty() || text.ends_with('\n'));
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn program(event_loop: &EventLoop) {
    let main = async {
        sleep(Duration::from_secs(1)).await?;
        note("</script> & \"quotes\"");
        Ok(())
    };
    event_loop.run_until_complete(main).unwrap();
}

/// The events as a trace has them, without the line that a trace adds.
fn recorded() -> Vec<Value> {
    let event_loop = EventLoop::with_virtual_clock();
    let recording = Recording::start(&event_loop);
    program(&event_loop);
    let trace = asyncio_trace::Trace::of(recording.finish("").unwrap());
    let mut trace: Value = serde_json::from_str(&trace.to_json()).unwrap();
    let mut events: Vec<Value> = serde_json::from_value(trace["runs"][0]["events"].take()).unwrap();
    for event in &mut events {
        event.as_object_mut().unwrap().remove("line");
    }
    events
}

#[test]
fn the_file_has_the_events_that_a_recording_has() {
    let folder = folder();
    let event_loop = EventLoop::with_virtual_clock();
    spill(&folder, 1000).follow(&event_loop);
    program(&event_loop);
    let mut wanted = vec![json!({"run": 1, "clock": "virtual", "library": "asyncio"})];
    wanted.extend(
        recorded()
            .iter()
            .map(|event| json!({"run": 1, "event": event})),
    );
    assert_eq!(lines(&folder), wanted);
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
    let [unused, real, second] = [
        EventLoop::new(),
        EventLoop::new(),
        EventLoop::with_virtual_clock(),
    ];
    for event_loop in [&unused, &real, &second] {
        spill.follow(event_loop);
    }
    for event_loop in [&real, &second, &real] {
        event_loop.run_until_complete(async { Ok(()) }).unwrap();
    }
    let clocks: Vec<Value> = lines(&folder)
        .into_iter()
        .filter(|line| line["clock"].is_string())
        .collect();
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
    let notes = lines
        .iter()
        .filter_map(|line| line["event"]["text"].as_str());
    assert_eq!(
        notes.map(|text| text.chars().count()).collect::<Vec<_>>(),
        [501]
    );
    let timers = lines
        .iter()
        .filter_map(|line| line["event"]["timers"].as_array());
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
    assert_eq!(
        lines(&folder).pop(),
        Some(json!({"more_bytes_than": 1 << 20}))
    );
}

#[test]
fn a_second_process_does_not_write_into_the_record() {
    let folder = folder();
    let _first = spill(&folder, 1);
    assert!(Spill::create(&folder.path().join("record"), 1, 1).is_err());
}

#[test]
fn a_tracer_writes_as_a_loop_does() {
    let folder = folder();
    let tracer = Tracer::spilling(Clock::Real, spill(&folder, 1000));
    tracer.set_clock(Clock::Virtual);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let tea = tracer.clone();
    runtime.block_on(tracer.traced("main", async move {
        let steeping = tokio::time::sleep(Duration::from_secs(2));
        tokio::spawn(tea.spawned("tea", steeping)).await.unwrap();
        tea.note("ready");
    }));
    let lines = lines(&folder);
    assert_eq!(
        lines[0],
        json!({"run": 1, "clock": "virtual", "library": "tokio"})
    );
    let told: Vec<String> = lines[1..]
        .iter()
        .map(|line| {
            let event = &line["event"];
            let seconds = event["t"].as_u64().unwrap() / 1_000_000_000;
            format!(
                "{seconds} {} {}",
                by(&event["by"]),
                event["what"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "0 outside task_created",
            "0 task 1 step_begin",
            "0 task 1 task_created",
            "0 task 1 woken",
            "0 task 1 awaits",
            "0 task 1 step_end",
            "0 task 2 step_begin",
            "0 task 2 awaits",
            "0 task 2 step_end",
            "2 loop woken",
            "2 task 2 step_begin",
            "2 task 2 task_done",
            "2 task 2 step_end",
            "2 loop woken",
            "2 task 1 step_begin",
            "2 task 1 note",
            "2 task 1 task_done",
            "2 task 1 step_end",
        ]
    );
}

/// Writes an actor: its name, or its kind and number.
fn by(actor: &Value) -> String {
    match actor.as_object() {
        None => actor.as_str().unwrap().to_owned(),
        Some(numbered) => {
            let (kind, number) = numbered.iter().next().unwrap();
            format!("{kind} {number}")
        }
    }
}

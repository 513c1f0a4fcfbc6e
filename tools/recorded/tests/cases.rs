//! The cases of `tests/cases`, compared with CPython not only in what they say, but event for event.
//!
//! The modules are those of `tests/cases`; only `prepare` and `is_over` differ.

#[allow(dead_code, reason = "the tests of the cases themselves are not run again")]
#[rustfmt::skip]
#[path = "../../../tests/cases/harness.rs"]
mod harness;

#[allow(dead_code, reason = "only Pyodide is needed")]
#[rustfmt::skip]
#[path = "../../../tests/python/mod.rs"]
mod python;

mod order;

#[rustfmt::skip]
#[path = "../../../tests/cases/as_completed.rs"]
mod as_completed;
#[rustfmt::skip]
#[path = "../../../tests/cases/future.rs"]
mod future;
#[rustfmt::skip]
#[path = "../../../tests/cases/gather.rs"]
mod gather;
#[rustfmt::skip]
#[path = "../../../tests/cases/loop_.rs"]
mod loop_;
#[rustfmt::skip]
#[path = "../../../tests/cases/queue.rs"]
mod queue;
#[rustfmt::skip]
#[path = "../../../tests/cases/shield.rs"]
mod shield;
#[rustfmt::skip]
#[path = "../../../tests/cases/sync.rs"]
mod sync;
#[rustfmt::skip]
#[path = "../../../tests/cases/task.rs"]
mod task;
#[rustfmt::skip]
#[path = "../../../tests/cases/task_group.rs"]
mod task_group;
#[rustfmt::skip]
#[path = "../../../tests/cases/timeout.rs"]
mod timeout;
#[rustfmt::skip]
#[path = "../../../tests/cases/wait.rs"]
mod wait;
#[rustfmt::skip]
#[path = "../../../tests/cases/wait_for.rs"]
mod wait_for;

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::OnceLock;

use asyncio::EventLoop;
use asyncio::observe::Event;
use asyncio_trace::spill;
use asyncio_trace::{Run, Source};

type Events = Rc<RefCell<Vec<Event>>>;

thread_local! {
    /// What happened on the loops of the case that this thread runs.
    static LOOPS: RefCell<Vec<Events>> = const { RefCell::new(Vec::new()) };
}

/// Keeps what happens on every loop of the cases.
fn prepare(event_loop: EventLoop) -> EventLoop {
    let events = Events::default();
    LOOPS.with_borrow_mut(|loops| loops.push(events.clone()));
    event_loop.set_observer(move |event| events.borrow_mut().push(event.clone()));
    event_loop
}

/// What the events of a case do not agree in, and why.
const OTHERWISE: [(&str, &str); 15] = [
    ("F07", "the program in Rust makes a second promise"),
    ("G10", "asyncio watches a task that gather is given three times once, this library three times"),
    ("G11", "asyncio's gather can be called before the loop runs"),
    ("L06", "a duration is not negative, so the program in Rust begins later"),
    ("L24", "what waits for the last tasks is made before they are asked to end, and a gather of asyncio's after"),
    ("L26", "the program in Rust also runs with nothing to wait for"),
    ("L27", "as L24"),
    ("L28", "as L24"),
    ("P11", "the program in Rust makes its tasks in another order"),
    ("Q11", "the program in Rust ends the task that is left"),
    ("S03", "asyncio's shield can be called before the loop runs"),
    ("S04", "as S03"),
    ("S05", "as S03"),
    ("T25", "asyncio tells a task in its next step that it awaits itself, this library at once"),
    (
        "X05",
        "without time, asyncio makes the promise that it waits for before it asks the task to end, this library after",
    ),
];

/// The cases of `as_completed`, whose tasks asyncio makes in the order of a set of coroutines, which is that of chance.
const BY_CHANCE: char = 'A';

/// Compares the case with what CPython does.
#[track_caller]
fn is_over(code: &str) {
    static CPYTHON: OnceLock<Option<HashMap<String, Vec<Run>>>> = OnceLock::new();
    let Some(cpython) = CPYTHON.get_or_init(|| python::pyodide().map(record).map_err(|why| python::skip(&why)).ok())
    else {
        return;
    };
    let ours: Vec<Vec<Event>> = LOOPS.with_borrow(|loops| loops.iter().map(|events| events.borrow().clone()).collect());
    let ours: Vec<String> =
        ours.iter().filter(|events| !events.is_empty()).flat_map(|events| order::order(events)).collect();
    let events = |run: &Run| run.records.iter().map(|record| record.event.clone()).collect::<Vec<_>>();
    // Those that need real time are not recorded.
    let Some(runs) = cpython.get(code).filter(|_| !code.starts_with(BY_CHANCE)) else { return };
    let theirs: Vec<String> = runs.iter().flat_map(|run| order::order(&events(run))).collect();
    let difference = order::difference(&ours, &theirs);
    match OTHERWISE.iter().find(|(other, _)| *other == code) {
        None => assert!(difference.is_none(), "case {code}: {}", difference.unwrap_or_default()),
        Some((_, why)) => assert!(difference.is_some(), "case {code} does not differ any more: {why}"),
    }
}

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Records all cases on CPython; gives the runs of each.
fn record(python: python::Python) -> HashMap<String, Vec<Run>> {
    let text = |path: &Path| fs::read_to_string(path).unwrap();
    let mut modules =
        HashMap::from([("virtual_loop.py".to_owned(), text(&project().join("tests/python/virtual_loop.py")))]);
    for file in fs::read_dir(project().join("tests/cases/cases_py")).unwrap() {
        let file = file.unwrap();
        let name = file.file_name().into_string().unwrap();
        if name.ends_with(".py") {
            modules.insert(name, text(&file.path()));
        }
    }
    let program = text(&project().join("tools/recorded/python/cases.py"));
    let job = serde_json::json!({ "programs": [["cases.py", program]], "modules": modules });
    let python = python.within(project().join("tools/recorded/python"));
    let records: Vec<(String, String)> =
        serde_json::from_str(&python.run("scenarios.py", &[], &job.to_string())).unwrap();
    let [(record, printed)] = &records[..] else { panic!("{records:?}") };
    let source = Source { file: "cases.py".to_owned(), first_line: 1, lines: Vec::new() };
    let runs = spill::read(record, &source).unwrap();
    let numbers: HashMap<String, Vec<usize>> = serde_json::from_str(printed.lines().last().unwrap()).unwrap();
    let of_case = |numbers: Vec<usize>| numbers.into_iter().map(|number| runs[number - 1].clone()).collect();
    numbers.into_iter().map(|(code, numbers)| (code, of_case(numbers))).collect()
}

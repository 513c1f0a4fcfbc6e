//! What `python/record.py` promises of programs on asyncio: they run as without it, and all that their loops do is in the record.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use asyncio::observe::{Actor, Awaited, Event, Kind, Outcome};
use asyncio_trace::spill::{self, Unreadable};
use asyncio_trace::{Clock, Library, Run, Source};

// The lines there are shorter than here.
#[rustfmt::skip]
#[path = "../../../tests/python/mod.rs"]
mod python;

/// How the page starts Python, too.
const SETTINGS: [(&str, &str); 2] = [("PYTHONUTF8", "1"), ("PYTHONDONTWRITEBYTECODE", "1")];

/// What became of a program that was recorded.
struct Recorded {
    output: Output,
    runs: Result<Vec<Run>, Unreadable>,
}

fn at_hand() -> Option<python::Python> {
    python::cpython().map_err(|why| python::skip(&why)).ok()
}

fn recorder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("python/record.py")
}

/// Runs a program with Python alone, and then recorded: nothing else may differ. `None` if there is no Python.
#[track_caller]
fn recorded(text: &str, wish: (u64, u64)) -> Option<Recorded> {
    let python = at_hand()?;
    let folder = tempfile::tempdir().unwrap();
    let record = folder.path().join("record of a run");
    fs::write(folder.path().join("main.py"), text).unwrap();
    fs::write(folder.path().join("virtual_clock.py"), include_str!("../../../examples/virtual_clock.py")).unwrap();
    let run = |command: &mut Command| {
        let command = command.args(["main.py", "argument"]).current_dir(folder.path());
        command.envs(SETTINGS).output().unwrap()
    };
    let plain = run(&mut python.command());
    let (events, bytes) = wish;
    let wish = format!("{events} {bytes} {}", record.display());
    let output = run(python.command().arg(recorder()).env("WORKBOOK_RECORD", wish));
    let said = |output: &Output| {
        let streams = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
        (output.status.code(), streams)
    };
    let (told, wanted) = (said(&output), said(&plain));
    // A long chain of tasks may say a lot.
    assert!(told == wanted, "{:.2000}\nwithout a record: {:.2000}", format!("{told:?}"), format!("{wanted:?}"));
    let lines = text.lines().map(str::to_owned).collect();
    let source = Source { file: "main.py".to_owned(), first_line: 1, lines };
    let record = fs::read_to_string(record).unwrap();
    Some(Recorded { output, runs: spill::read(&record, &source) })
}

#[track_caller]
fn runs(text: &str) -> Option<Vec<Run>> {
    Some(recorded(text, (10_000, 4 << 20))?.runs.unwrap())
}

/// The events of the only run of a program.
#[track_caller]
fn events(text: &str) -> Option<Vec<Event>> {
    let [run] = <[Run; 1]>::try_from(runs(text)?).unwrap();
    Some(run.records.into_iter().map(|record| record.event).collect())
}

/// The labels of what is waited for.
fn labels(events: &[Event]) -> BTreeSet<&str> {
    let label = |event: &'_ Event| match &event.kind {
        Kind::PromiseCreated { label, .. } => Some(label.to_string()),
        _ => None,
    };
    let labels: BTreeSet<String> = events.iter().filter_map(label).collect();
    labels.into_iter().map(|label| &*label.leak()).collect()
}

const TEAS: &str = r#"import asyncio, virtual_clock

async def tea(name, seconds):
    await asyncio.sleep(seconds)
    print(name, "is ready")

async def main():
    green = asyncio.create_task(tea("green", 2), name="green tea")
    await asyncio.gather(green, tea("black", 1))

virtual_clock.run(main())
"#;

#[test]
fn a_record_has_tasks_waits_wakes_timers_prints_and_ends_with_their_lines() {
    let Some(runs) = runs(TEAS) else { return };
    let [run] = &runs[..] else { panic!("{runs:?}") };
    assert_eq!((run.clock, run.library), (Clock::Virtual, Library::Cpython));
    assert!(run.python.as_deref().is_some_and(|version| version.starts_with("3.")), "{:?}", run.python);
    let told: Vec<String> = run
        .records
        .iter()
        .map(|record| {
            let event = &record.event;
            let line = event.at.as_ref().map_or(0, |at| at.line);
            let by = match event.by {
                Actor::Task(task) => format!("task {task}"),
                Actor::Callback(callback) => format!("callback {callback}"),
                other => format!("{other:?}").to_lowercase(),
            };
            let what = match &event.kind {
                Kind::TaskCreated { task, .. } => format!("makes {task}"),
                Kind::Woken { task } => format!("wakes {task}"),
                Kind::StepBegin { .. } => "begins".to_owned(),
                Kind::StepEnd { .. } => "ends its step".to_owned(),
                Kind::Awaits { on: Awaited::Promise(promise), .. } => format!("awaits promise {promise}"),
                Kind::PromiseCreated { promise, label, .. } => format!("makes {label} {promise}"),
                Kind::PromiseDone { promise, .. } => format!("fills {promise}"),
                Kind::TimerSet { callback, .. } => format!("sets {callback}"),
                Kind::TimerFired { callback } => format!("fires {callback}"),
                Kind::CallbackBegin { .. } | Kind::CallbackEnd { .. } | Kind::TaskNamed { .. } => return String::new(),
                Kind::CallbackScheduled { callback, .. } => format!("schedules {callback}"),
                Kind::TaskDone { outcome: Outcome::Result, .. } => "is done".to_owned(),
                Kind::Note { text } => format!("prints {text}"),
                Kind::PassEnd { .. } | Kind::LoopWaits { .. } => return String::new(),
                other => panic!("{other:?}"),
            };
            format!("{by} {what} {line}")
        })
        .filter(|told| !told.is_empty())
        .collect();
    let expected = "outside makes 1 11
outside wakes 1 0
task 1 begins 0
task 1 makes 2 8
task 1 wakes 2 0
task 1 makes 3 9
task 1 wakes 3 0
task 1 makes gather 1 9
task 1 awaits promise 1 9
task 1 ends its step 0
task 2 begins 0
task 2 makes sleep 2 4
task 2 sets 1 4
task 2 awaits promise 2 4
task 2 ends its step 0
task 3 begins 0
task 3 makes sleep 3 4
task 3 sets 2 4
task 3 awaits promise 3 4
task 3 ends its step 0
loop fires 2 0
callback 2 fills 3 0
callback 2 wakes 3 0
task 3 begins 0
task 3 prints black is ready 5
task 3 is done 0
task 3 schedules 3 0
task 3 ends its step 0
loop fires 1 0
callback 1 fills 2 0
callback 1 wakes 2 0
task 2 begins 0
task 2 prints green is ready 5
task 2 is done 0
task 2 schedules 4 0
task 2 ends its step 0
callback 4 fills 1 0
callback 4 wakes 1 0
task 1 begins 0
task 1 is done 0
task 1 schedules 5 0
task 1 ends its step 0";
    assert_eq!(told.join("\n"), expected);
    let named = |name: &str| {
        run.records.iter().any(|record| match &record.event.kind {
            Kind::TaskCreated { task, name: now } | Kind::TaskNamed { task, name: now } => (*task, &**now) == (2, name),
            _ => false,
        })
    };
    assert!(named("green tea"));
    let named = |name: &str| {
        run.records
            .iter()
            .any(|record| matches!(&record.event.kind, Kind::TaskCreated { name: now, .. } if now == name))
    };
    assert!(named("Task-1") && (named("Task-2 (tea)") || named("Task-3 (tea)")), "{:?}", run.records);
}

#[test]
fn a_cancellation_is_asked_for_and_delivered_and_its_message_is_kept() {
    let program = r#"import asyncio

async def main():
    tea = asyncio.create_task(asyncio.sleep(60))
    await asyncio.sleep(0)
    tea.cancel("no water")
    try:
        await tea
    except asyncio.CancelledError:
        print("cancelled")

asyncio.run(main())
"#;
    let Some(events) = events(program) else { return };
    let told = |kind: &Kind| events.iter().position(|event| event.kind == *kind).unwrap_or_else(|| panic!("{kind:?}"));
    let asked = told(&Kind::CancelRequested { task: 2, message: Some("no water".to_owned()) });
    let delivered = told(&Kind::CancelDelivered { task: 2 });
    let done = told(&Kind::TaskDone { task: 2, outcome: Outcome::Cancelled });
    assert!(asked < delivered && delivered < done);
    assert_eq!(events[asked].at.as_ref().map(|at| at.line), Some(6));
    assert!(events.iter().any(|event| matches!(event.kind, Kind::TimerCancelled { .. })));
}

#[test]
fn every_wait_of_asyncio_says_what_for() {
    let program = r#"import asyncio, sys, threading

async def serve(reader, writer):
    writer.write(await reader.readline())
    await writer.drain()
    writer.close()
    await writer.wait_closed()

async def holder(lock):
    async with lock:
        await asyncio.sleep(0.01)

async def main():
    queue, lock, event, semaphore = asyncio.Queue(1), asyncio.Lock(), asyncio.Event(), asyncio.Semaphore(1)
    async def feed():
        for n in range(3):
            await queue.put(n)
    async with asyncio.TaskGroup() as group:
        group.create_task(feed())
        for _ in range(3):
            await asyncio.sleep(0)
            await queue.get()
            queue.task_done()
        for _ in range(2):
            group.create_task(holder(lock))
            group.create_task(holder(semaphore))
        group.create_task(event.wait())
        await asyncio.sleep(0)
        event.set()
    waiter = asyncio.create_task(queue.get())
    await asyncio.sleep(0)
    await queue.put(1)
    await waiter
    joins = asyncio.create_task(queue.join())
    await asyncio.sleep(0)
    queue.task_done()
    await joins
    barrier = asyncio.Barrier(2)
    await asyncio.gather(barrier.wait(), barrier.wait())
    await asyncio.wait([asyncio.create_task(asyncio.sleep(0))], timeout=60)
    await asyncio.shield(asyncio.sleep(0))
    own = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(own.set_result, 5)
    print(await own)
    gate = threading.Event()
    asyncio.get_running_loop().call_soon(gate.set)
    print(await asyncio.to_thread(gate.wait))
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b"a line\n")
        print(await reader.read())
        writer.close()
        await writer.wait_closed()
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", "print(9)", stdout=asyncio.subprocess.PIPE)
    print((await child.communicate())[0].strip())

asyncio.run(main())
"#;
    let Some(events) = events(program) else { return };
    let labels = labels(&events);
    let wanted = [
        "sleep",
        "queue get",
        "queue put",
        "queue join",
        "lock",
        "event",
        "semaphore",
        "barrier",
        "gather",
        "wait",
        "shield",
        "task group",
        "future",
        "thread",
        "socket",
        "process",
    ];
    for label in wanted {
        assert!(labels.contains(label), "{label} is not among {labels:?}");
    }
    assert!(events.iter().any(|event| event.by == Actor::Thread), "the thread wakes the loop");
    assert!(events.iter().any(|event| matches!(event.kind, Kind::QueuePut { len: 1, .. })));
    // What the program itself schedules has a lane of its own; what asyncio does so is known by its module.
    let names: BTreeSet<&str> = events
        .iter()
        .filter_map(|event| match &event.kind {
            Kind::CallbackScheduled { name, .. } => Some(&**name),
            _ => None,
        })
        .collect();
    let own: Vec<&str> = names.into_iter().filter(|name| !name.starts_with("asyncio.")).collect();
    assert_eq!(own, ["set", "set_result"]);
}

#[test]
fn a_program_fails_and_exits_as_it_would_without_a_record() {
    let fails = r#"import asyncio

async def bad(text):
    await asyncio.sleep(0)
    raise ValueError(text)

async def main():
    forgotten = asyncio.create_task(bad("forgotten"))
    await asyncio.wait([forgotten])
    del forgotten
    try:
        await asyncio.wait_for(asyncio.sleep(60), 0.01)
    except TimeoutError:
        async with asyncio.TaskGroup() as group:
            group.create_task(bad("no tea"))
            group.create_task(bad("no water"))

asyncio.run(main())
"#;
    if let Some(recorded) = recorded(fails, (10_000, 4 << 20)) {
        assert_eq!(recorded.output.status.code(), Some(1));
        let runs = recorded.runs.unwrap();
        let failed = |record: &asyncio_trace::Record| matches!(&record.event.kind, Kind::TaskDone { outcome: Outcome::Exception(error), .. } if error == "ValueError: no tea");
        assert!(runs[0].records.iter().any(failed));
    }
    for (end, status) in [("raise SystemExit(3)", 3), ("1 / 0", 1), ("import sys; print(sys.argv, __name__)", 0)] {
        let program = format!("import asyncio\nasyncio.run(asyncio.sleep(0))\n{end}\n");
        if let Some(recorded) = recorded(&program, (10_000, 4 << 20)) {
            assert_eq!(recorded.output.status.code(), Some(status));
            assert_eq!(recorded.runs.unwrap().len(), 1);
        }
    }
}

#[test]
fn every_loop_is_a_run_and_a_program_without_one_has_none() {
    let two = "import asyncio\nfor _ in range(2):\n    asyncio.run(asyncio.sleep(0))\n";
    if let Some(runs) = runs(two) {
        assert_eq!(runs.iter().map(|run| run.clock).collect::<Vec<_>>(), [Clock::Real; 2]);
    }
    assert_eq!(runs("print('no loop')\n").map_or(0, |runs| runs.len()), 0);
    assert_eq!(runs("x = = 1\n").map_or(0, |runs| runs.len()), 0);
}

#[test]
fn a_record_that_is_too_long_says_so_and_the_program_goes_on() {
    let turns = "import asyncio\nasync def main():\n    for _ in range(500):\n        await asyncio.sleep(0)\n    print('end')\nasyncio.run(main())\n";
    for (wish, why) in [((1000, 4 << 20), Unreadable::TooMany(1000)), ((10_000, 5000), Unreadable::TooLong(5000))] {
        if let Some(recorded) = recorded(turns, wish) {
            assert_eq!(recorded.runs.unwrap_err(), why);
            assert_eq!(recorded.output.stdout, b"end\n");
        }
    }
}

#[test]
fn a_long_chain_of_tasks_is_cancelled_as_without_a_record() {
    let program = r#"import asyncio

async def link(n):
    await (asyncio.create_task(link(n - 1)) if n else asyncio.sleep(60))

async def main():
    first = asyncio.create_task(link(600))
    for _ in range(603):
        await asyncio.sleep(0)
    first.cancel()
    try:
        await first
    except asyncio.CancelledError:
        print("cancelled")

asyncio.run(main())
"#;
    let Some(recorded) = recorded(program, (100_000, 100 << 20)) else { return };
    assert_eq!(recorded.output.stdout, b"cancelled\n");
    let runs = recorded.runs.unwrap();
    let asked = runs[0].records.iter().filter(|record| matches!(record.event.kind, Kind::CancelRequested { .. }));
    assert_eq!(asked.count(), 601);
}

/// Their loops have a virtual clock, and need nothing but themselves.
const TWINS: [&str; 12] = [
    "callbacks",
    "channels",
    "clocks",
    "coroutine",
    "event_loop",
    "gather_wait",
    "queues",
    "selecting",
    "state_machine",
    "task",
    "task_groups",
    "timeouts",
];

#[test]
fn the_twins_of_the_examples_print_what_they_print_without_a_record() {
    let Some(python) = at_hand() else { return };
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let folder = tempfile::tempdir().unwrap();
    let record = folder.path().join("record");
    for name in TWINS {
        let run = |command: &mut Command| {
            let command = command.arg(examples.join(name).with_extension("py"));
            let output = command.envs(SETTINGS).output().unwrap();
            (output.status.code(), String::from_utf8(output.stdout).unwrap())
        };
        let plain = run(&mut python.command());
        let wish = format!("10000 {} {}", 4 << 20, record.display());
        let recorded = run(python.command().arg(recorder()).env("WORKBOOK_RECORD", wish));
        assert_eq!(recorded, plain, "{name}");
        let source = Source { file: String::new(), first_line: 1, lines: Vec::new() };
        let runs = spill::read(&fs::read_to_string(&record).unwrap(), &source).unwrap();
        assert!(runs.iter().any(|run| !run.records.is_empty()), "{name}");
        fs::remove_file(&record).unwrap();
    }
}

#[test]
fn what_is_there_already_is_not_written_into() {
    let Some(python) = at_hand() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    fs::write(file("main.py"), "import asyncio\nasyncio.run(asyncio.sleep(0))\n").unwrap();
    fs::write(file("record"), "kept").unwrap();
    let mut command = python.command();
    command.arg(recorder()).arg(file("main.py")).env("WORKBOOK_RECORD", format!("9 9 {}", file("record").display()));
    assert!(command.status().unwrap().success());
    assert_eq!(fs::read_to_string(file("record")).unwrap(), "kept");
}

#[test]
fn other_processes_of_the_program_write_nothing() {
    let program = r#"import asyncio, concurrent.futures, multiprocessing, os, sys

def work(n):
    asyncio.run(asyncio.sleep(0))
    return n + 1

async def main():
    context = multiprocessing.get_context(method)
    with concurrent.futures.ProcessPoolExecutor(1, context) as pool:
        print(await asyncio.get_running_loop().run_in_executor(pool, work, 1))

if __name__ == "__main__":
    # That which copies the recorder is the last, so that no later run takes the place of what it might write.
    for method in sorted(multiprocessing.get_all_start_methods(), reverse=True):
        asyncio.run(main())
"#;
    let Some(runs) = runs(program) else { return };
    for run in &runs {
        let events: Vec<Event> = run.records.iter().map(|record| record.event.clone()).collect();
        assert!(labels(&events).contains("process"), "{events:?}");
        let turn = |event: &&Event| matches!(event.kind, Kind::Awaits { on: Awaited::Turn, .. });
        assert_eq!(events.iter().find(turn), None, "only the other process sleeps for no time");
    }
}

#[test]
fn eager_tasks_begin_within_the_step_that_makes_them() {
    let program = r#"import asyncio, sys

async def tea():
    await asyncio.sleep(0)
    print("ready")

async def main():
    if sys.version_info >= (3, 12):
        asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
    await asyncio.create_task(tea())

asyncio.run(main())
"#;
    let Some(runs) = runs(program) else { return };
    let kinds: Vec<&Kind> = runs[0].records.iter().map(|record| &record.event.kind).collect();
    let made = kinds.iter().position(|kind| matches!(kind, Kind::TaskCreated { task: 2, .. })).unwrap();
    let is_eager = !runs[0].python.as_ref().unwrap().starts_with("3.11.");
    assert_eq!(matches!(kinds[made + 1], Kind::StepBegin { task: 2 }), is_eager, "{:?}", runs[0].python);
    let step = |kind: &&Kind| match kind {
        Kind::StepBegin { task } => Some(i64::from(*task as u32)),
        Kind::StepEnd { task } => Some(-i64::from(*task as u32)),
        _ => None,
    };
    let steps: Vec<i64> = kinds.iter().filter_map(step).collect();
    let expected = if is_eager { [1, 2, -2, -1, 2, -2, 1, -1] } else { [1, -1, 2, -2, 2, -2, 1, -1] };
    assert_eq!(steps, expected);
}

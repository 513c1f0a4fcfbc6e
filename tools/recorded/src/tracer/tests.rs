//! Programs on Tokio, and what is written of them.

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Barrier;

use ::tokio::runtime::{Builder, Runtime};
use ::tokio::sync::mpsc;
use ::tokio::task::JoinHandle;
use ::tokio::time::sleep;
use asyncio_trace::{Run, Source, Trace, line, sentence, spill};

use super::*;

/// Gives what is written of a program.
fn written(clock: Clock, program: impl FnOnce(&'static Tracer)) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("record");
    let spill = Arc::new(Spill::create(&file, u64::MAX, u64::MAX).unwrap());
    let tracer: &'static Tracer = Box::leak(Box::new(Tracer::new(spill)));
    tracer.set_clock(clock);
    program(tracer);
    fs::read_to_string(file).unwrap()
}

fn recorded(clock: Clock, program: impl FnOnce(&'static Tracer)) -> Run {
    let source = Source { file: file!().replace('\\', "/"), first_line: 1, lines: Vec::new() };
    let runs = spill::read(&written(clock, program), &source).unwrap();
    let [run] = <[Run; 1]>::try_from(runs).unwrap();
    run
}

fn with_paused_time() -> Runtime {
    Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
}

fn on_paused_time<F: Future>(make: impl FnOnce(&'static Tracer) -> F) -> Run {
    recorded(Clock::Virtual, |tracer| {
        let main = tracer.traced("main", make(tracer), None);
        with_paused_time().block_on(main);
    })
}

impl Tracer {
    #[track_caller]
    fn spawn<F>(&'static self, name: &str, future: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        ::tokio::spawn(self.spawned(name, future))
    }
}

fn lines(run: &Run) -> Vec<String> {
    run.records.iter().map(|record| line(&record.event)).collect()
}

#[test]
fn a_sleeping_task_is_polled_woken_and_done() {
    let run = on_paused_time(|tracer| async move {
        let tea = tracer.spawn("tea", sleep(Duration::from_secs(2)));
        tea.await.unwrap();
    });
    assert_eq!(
        lines(&run),
        [
            "0 s outside: main is created",
            "0 s Task-1: a step of Task-1 begins",
            "0 s Task-1: tea is created",
            "0 s Task-1: Task-2 is ready",
            "0 s Task-1: Task-1 awaits a future of another library",
            "0 s Task-1: the step of Task-1 ends",
            "0 s Task-2: a step of Task-2 begins",
            "0 s Task-2: Task-2 awaits a future of another library",
            "0 s Task-2: the step of Task-2 ends",
            "2 s loop: Task-2 is ready",
            "2 s Task-2: a step of Task-2 begins",
            "2 s Task-2: Task-2 ends with a result",
            "2 s Task-2: the step of Task-2 ends",
            "2 s loop: Task-1 is ready",
            "2 s Task-1: a step of Task-1 begins",
            "2 s Task-1: Task-1 ends with a result",
            "2 s Task-1: the step of Task-1 ends"
        ]
    );
    let drawing = run.timeline(60);
    assert_eq!(
        drawing,
        [
            "",
            "          0 s                                            2 s",
            "main      █????????????????????????????????????????????????✓",
            "tea       ░█??????????????????????????????????????????????✓",
            "█ runs  ░ is ready  ? awaits a future of another library",
            "✓ runs and is done",
            "",
        ]
        .join("\n")
    );
    assert!(Trace::of(run).to_json().contains("\"library\":\"tokio\""));
}

#[test]
fn a_channel_wakes_by_the_task_that_sends() {
    let run = on_paused_time(|tracer| async move {
        let (sender, mut receiver) = mpsc::channel(1);
        let consumer = tracer.spawn("consumer", async move { receiver.recv().await });
        ::tokio::task::yield_now().await;
        sender.send(1).await.unwrap();
        assert_eq!(consumer.await.unwrap(), Some(1));
    });
    let woken = lines(&run).into_iter().filter(|line| line.ends_with("is ready"));
    assert_eq!(
        woken.collect::<Vec<_>>(),
        [
            "0 s Task-1: Task-2 is ready",
            "0 s loop: Task-1 is ready",
            "0 s Task-1: Task-2 is ready",
            "0 s loop: Task-1 is ready"
        ]
    );
}

#[test]
fn a_future_that_is_dropped_is_told_apart() {
    let run = on_paused_time(|tracer| async move {
        let slow = tracer.traced("slow", sleep(Duration::from_secs(9)), None);
        let limited = ::tokio::time::timeout(Duration::from_secs(1), slow).await;
        assert!(limited.is_err());
    });
    let dropped = lines(&run).into_iter().filter(|line| line.contains("dropped"));
    assert_eq!(dropped.collect::<Vec<_>>(), ["1 s Task-1: Task-2 is dropped"]);
    assert!(run.timeline(60).contains("† is dropped"));
}

#[test]
fn a_task_ends_with_what_its_handle_says() {
    let run = on_paused_time(|tracer| async move {
        let done: Result<u32, String> = Ok(1);
        let done = tracer.spawn("done", async { done });
        let failed = tracer.spawn("failed", async { Err::<u32, _>("no tea") });
        let absent = tracer.spawn("absent", async { None::<u32> });
        let panicked = tracer.spawn("panicked", async { panic!("no {}", "water") });
        let aborted = tracer.spawned("aborted", sleep(Duration::from_secs(9)));
        let number = aborted.task().unwrap();
        let aborted = ::tokio::spawn(aborted);
        let _left = tracer.spawn("left", sleep(Duration::from_secs(9)));
        ::tokio::task::yield_now().await;
        tracer.cancels(number, Location::caller());
        aborted.abort();
        assert_eq!(done.await.unwrap(), Ok(1));
        assert_eq!(failed.await.unwrap(), Err("no tea"));
        assert_eq!(absent.await.unwrap(), None);
        assert!(aborted.await.unwrap_err().is_cancelled());
        assert!(panicked.await.unwrap_err().is_panic());
        // Who has ended cannot be asked to.
        tracer.cancels(number, Location::caller());
    });
    let is_end =
        |kind: &Kind| matches!(kind, Kind::TaskDone { .. } | Kind::TaskDropped { .. } | Kind::CancelRequested { .. });
    let ends = run.records.iter().filter(|it| is_end(&it.event.kind));
    let ends: Vec<String> = ends.map(|record| sentence(&record.event.kind)).collect();
    assert_eq!(
        ends,
        [
            "Task-2 ends with a result",
            "Task-3 ends with the exception \"Err(…)\"",
            "Task-4 ends with a result",
            "Task-5 ends with the exception \"panicked: no water\"",
            "Task-6 is asked to end",
            "Task-6 ends with a cancellation",
            "Task-1 ends with a result",
            "Task-7 is dropped",
        ]
    );
}

#[test]
fn a_panic_goes_through_and_ends_the_step() {
    let run = recorded(Clock::Virtual, |tracer| {
        let main = tracer.traced("main", async { panic!("no tea") }, None);
        let blocked = AssertUnwindSafe(|| with_paused_time().block_on(main));
        let payload = catch_unwind(blocked).unwrap_err();
        assert_eq!(payload.downcast_ref::<&str>(), Some(&"no tea"));
    });
    assert_eq!(
        lines(&run)[1..],
        [
            "0 s Task-1: a step of Task-1 begins",
            "0 s Task-1: Task-1 ends with the exception \"panicked: no tea\"",
            "0 s Task-1: the step of Task-1 ends",
        ]
    );
}

#[test]
fn paused_time_gives_the_same_trace_every_time() {
    let [one, two] = [(); 2].map(|()| {
        let run = on_paused_time(|tracer| async move {
            for n in 0..3 {
                tracer.spawn(&format!("task {n}"), sleep(Duration::from_secs(n)));
            }
            sleep(Duration::from_secs(5)).await;
        });
        Trace::of(run).to_json()
    });
    assert_eq!(one, two);
}

#[test]
fn workers_are_named() {
    let run = recorded(Clock::Real, |tracer| {
        let runtime = Builder::new_multi_thread().worker_threads(2).build().unwrap();
        // Each of the two tasks waits for the other, blocking its worker: so there must be two.
        let barrier = Arc::new(Barrier::new(2));
        let inside = runtime.enter();
        let tasks = ["a", "b"].map(|name| {
            let barrier = barrier.clone();
            tracer.spawn(name, async move {
                barrier.wait();
            })
        });
        drop(inside);
        runtime.block_on(async {
            for task in tasks {
                task.await.unwrap();
            }
        });
    });
    let threads = run.records.iter();
    let threads: BTreeSet<&str> = threads.filter_map(|record| record.thread.as_deref()).collect();
    let workers = threads.iter().filter(|name| name.starts_with("worker "));
    assert_eq!((workers.count(), threads.len()), (2, 3), "{threads:?}");
    let trace = Trace::of(run);
    assert!(trace.to_json().contains("\"thread\":\"worker "));
    assert!(trace.to_chrome().contains("\"runs on worker "));
}

#[test]
fn time_never_goes_back_on_several_threads() {
    let text = written(Clock::Real, |tracer| {
        let runtime = Builder::new_multi_thread().worker_threads(4).build().unwrap();
        runtime.block_on(async {
            let tasks = (0..20).map(|n| {
                tracer.spawn(&format!("task {n}"), async {
                    for _ in 0..200 {
                        ::tokio::task::yield_now().await;
                    }
                })
            });
            for task in tasks.collect::<Vec<_>>() {
                task.await.unwrap();
            }
        });
    });
    let time = |line| -> Option<u64> {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        line["event"]["t"].as_u64()
    };
    let times: Vec<u64> = text.lines().filter_map(time).collect();
    assert!(times.len() > 4000);
    assert!(times.is_sorted());
}

#[test]
fn what_a_task_waits_for_is_told_by_what_it_calls() {
    use crate::{sync, task, time};
    let run = on_paused_time(|tracer| async move {
        let (sender, mut receiver) = sync::mpsc::channel(1);
        let tea = tracer.spawn("tea", async move {
            time::sleep(Duration::from_secs(1)).await;
            task::yield_now().await;
            sender.send("green").await.unwrap();
        });
        let tea_is_ready = receiver.recv().await.unwrap();
        tracer.note(tea_is_ready.to_owned());
        tea.await.unwrap();
    });
    let told = run.records.iter().filter(|record| {
        let kind = &record.event.kind;
        !matches!(kind, Kind::StepBegin { .. } | Kind::StepEnd { .. })
    });
    let told = told.map(|record| {
        let at = if record.event.at.is_some() { ", here" } else { "" };
        line(&record.event) + at
    });
    assert_eq!(
        told.collect::<Vec<_>>(),
        [
            "0 s outside: main is created",
            "0 s Task-1: tea is created, here",
            "0 s Task-1: Task-2 is ready",
            "0 s Task-1: promise 1 is made: queue get, here",
            "0 s Task-1: Task-1 awaits promise 1, here",
            "0 s Task-2: promise 2 is made: sleep until 1 s, here",
            "0 s Task-2: Task-2 awaits promise 2, here",
            "1 s loop: Task-2 is ready",
            "1 s Task-2: Task-2 awaits its next turn, here",
            "1 s loop: Task-2 is ready",
            // Whoever sends wakes whoever receives, in the line of the call.
            "1 s Task-2: Task-1 is ready, here",
            "1 s Task-2: Task-2 ends with a result",
            "1 s Task-1: note: green, here",
            "1 s Task-1: Task-1 ends with a result",
        ]
    );
}

/// A limit that is over has polled what it limits in the same step, and drops it.
#[test]
fn what_is_dropped_within_a_step_is_not_waited_for() {
    use crate::time;
    let run = on_paused_time(|_| async move {
        let limited = time::timeout(Duration::from_secs(1), time::sleep(Duration::from_secs(8))).await;
        assert!(limited.is_err());
        time::sleep(Duration::from_secs(3)).await;
    });
    let awaits = lines(&run).into_iter().filter(|line| line.contains("awaits"));
    let [sleep, limit, last] = awaits.collect::<Vec<_>>().try_into().expect("three waits");
    assert_eq!(sleep, "0 s Task-1: Task-1 awaits promise 1");
    assert_eq!(limit, "0 s Task-1: Task-1 awaits promise 2");
    assert_eq!(last, "1 s Task-1: Task-1 awaits promise 3");
}

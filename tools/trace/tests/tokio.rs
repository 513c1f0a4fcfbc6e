//! Programs on Tokio, recorded in the same form.

use std::collections::BTreeSet;
use std::time::Duration;

use asyncio::observe::Kind;
use asyncio_trace::{Clock, Run, TooManyEvents, Trace, Tracer, line, on_tokio, sentence};
use tokio::runtime::Builder;
use tokio::sync::mpsc;
use tokio::time::sleep;

fn on_paused_time<F: Future>(make: impl FnOnce(Tracer) -> F) -> Run {
    let tracer = Tracer::new(Clock::Virtual);
    let runtime = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let main = tracer.traced("main", make(tracer.clone()));
    runtime.block_on(main);
    tracer.finish("on Tokio").unwrap()
}

fn lines(run: &Run) -> Vec<String> {
    run.records
        .iter()
        .map(|record| line(&record.event))
        .collect()
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
            "on Tokio",
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
        tokio::task::yield_now().await;
        sender.send(1).await.unwrap();
        assert_eq!(consumer.await.unwrap(), Some(1));
    });
    let woken = lines(&run)
        .into_iter()
        .filter(|line| line.ends_with("is ready"));
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
        let slow = tracer.traced("slow", sleep(Duration::from_secs(9)));
        let limited = tokio::time::timeout(Duration::from_secs(1), slow).await;
        assert!(limited.is_err());
    });
    let dropped = lines(&run)
        .into_iter()
        .filter(|line| line.contains("dropped"));
    assert_eq!(
        dropped.collect::<Vec<_>>(),
        ["1 s Task-1: Task-2 is dropped"]
    );
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
        let number = aborted.task();
        let aborted = tokio::spawn(aborted);
        let _left = tracer.spawn("left", sleep(Duration::from_secs(9)));
        tokio::task::yield_now().await;
        tracer.cancels(number, std::panic::Location::caller());
        aborted.abort();
        assert_eq!(done.await.unwrap(), Ok(1));
        assert_eq!(failed.await.unwrap(), Err("no tea"));
        assert_eq!(absent.await.unwrap(), None);
        assert!(aborted.await.unwrap_err().is_cancelled());
        assert!(panicked.await.unwrap_err().is_panic());
        // Who has ended cannot be asked to.
        tracer.cancels(number, std::panic::Location::caller());
    });
    let is_end = |kind: &Kind| {
        matches!(
            kind,
            Kind::TaskDone { .. } | Kind::TaskDropped { .. } | Kind::CancelRequested { .. }
        )
    };
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
        ]
    );
}

#[test]
fn a_panic_goes_through_and_ends_the_step() {
    let tracer = Tracer::new(Clock::Virtual);
    let runtime = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let main = tracer.traced("main", async { panic!("no tea") });
    let caught = std::panic::catch_unwind(|| runtime.block_on(main));
    let payload = caught.unwrap_err();
    assert_eq!(payload.downcast_ref::<&str>(), Some(&"no tea"));
    let run = tracer.finish("a panic").unwrap();
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
                tracer.spawn(format!("task {n}"), sleep(Duration::from_secs(n)));
            }
            sleep(Duration::from_secs(5)).await;
        });
        Trace::of(run).to_json()
    });
    assert_eq!(one, two);
}

#[test]
fn workers_are_named() {
    let tracer = Tracer::new(Clock::Real);
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    // Each of the two tasks waits for the other, blocking its worker: so there must be two.
    let barrier = std::sync::Arc::new(std::sync::Barrier::new(2));
    let tasks: Vec<_> = {
        let _inside = runtime.enter();
        ["a", "b"]
            .map(|name| {
                let barrier = barrier.clone();
                tracer.spawn(name, async move {
                    barrier.wait();
                })
            })
            .into()
    };
    runtime.block_on(async {
        for task in tasks {
            task.await.unwrap();
        }
    });
    let run = tracer.finish("workers").unwrap();
    let threads: BTreeSet<&str> = run
        .records
        .iter()
        .filter_map(|record| record.thread.as_deref())
        .collect();
    let workers = threads
        .iter()
        .filter(|name| name.starts_with("worker "))
        .count();
    assert_eq!((workers, threads.len()), (2, 3), "{threads:?}");
    let trace = Trace::of(run);
    assert!(trace.to_json().contains("\"thread\":\"worker "));
    assert!(trace.to_chrome().contains("\"runs on worker "));
}

#[test]
fn time_never_goes_back_on_several_threads() {
    let tracer = Tracer::new(Clock::Real);
    let runtime = Builder::new_multi_thread()
        .worker_threads(4)
        .build()
        .unwrap();
    runtime.block_on(async {
        let tasks: Vec<_> = (0..20)
            .map(|n| {
                tracer.spawn(format!("task {n}"), async {
                    for _ in 0..200 {
                        tokio::task::yield_now().await;
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
    let run = tracer.finish("yields").unwrap();
    assert!(run.records.len() > 4000);
    assert!(run.records.is_sorted_by_key(|record| record.event.time));
}

#[test]
fn too_many_events_are_refused() {
    let tracer = Tracer::with_most(Clock::Virtual, 3);
    let runtime = Builder::new_current_thread().build().unwrap();
    runtime.block_on(tracer.traced("main", tokio::task::yield_now()));
    assert_eq!(tracer.finish("long"), Err(TooManyEvents { most: 3 }));
}

#[test]
fn what_a_task_waits_for_is_told_by_whoever_calls_these_functions() {
    let run = on_paused_time(|_| async {
        let (sender, mut receiver) = mpsc::channel(1);
        let tea = on_tokio::spawn("tea", async move {
            on_tokio::sleep(Duration::from_secs(1)).await;
            on_tokio::yield_now().await;
            sender.send("green").await.unwrap();
            on_tokio::sleep(Duration::from_secs(9)).await;
        });
        on_tokio::note(
            on_tokio::awaiting("queue get", receiver.recv())
                .await
                .unwrap(),
        );
        tea.abort();
        assert!(tea.await.is_err());
    });
    let told = run.records.iter().filter(|record| {
        let kind = &record.event.kind;
        !matches!(
            kind,
            Kind::StepBegin { .. } | Kind::StepEnd { .. } | Kind::Woken { .. }
        )
    });
    let told = told.map(|record| line(&record.event));
    assert_eq!(
        told.collect::<Vec<_>>(),
        [
            "0 s outside: main is created",
            "0 s Task-1: tea is created",
            "0 s Task-1: promise 1 is made: queue get",
            "0 s Task-1: Task-1 awaits promise 1",
            "0 s Task-2: promise 2 is made: sleep until 1 s",
            "0 s Task-2: Task-2 awaits promise 2",
            "1 s Task-2: Task-2 awaits its next turn",
            "1 s Task-2: promise 3 is made: sleep until 10 s",
            "1 s Task-2: Task-2 awaits promise 3",
            "1 s Task-1: note: green",
            "1 s Task-1: Task-2 is asked to end",
            "1 s Task-1: Task-1 awaits Task-2",
            "1 s loop: Task-2 ends with a cancellation",
            "1 s Task-1: Task-1 ends with a result",
        ]
    );
    assert!(run.records.iter().all(|record| {
        let waits = matches!(record.event.kind, Kind::Awaits { .. } | Kind::Note { .. });
        !waits
            || record
                .event
                .at
                .as_ref()
                .is_some_and(|at| at.file.ends_with("tokio.rs"))
    }));
}

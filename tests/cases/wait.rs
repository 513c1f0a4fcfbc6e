//! `wait`: some of many.

use asyncio::{
    EventLoop, NothingToWaitFor, Promise, Result, ReturnWhen, Task, create_task, get_running_loop,
    sleep, wait,
};

use crate::harness::{
    Raised, Trace, after, fail_after, report_to, repr, s, t, truth, virtual_loop,
};

fn setup() -> (EventLoop, Trace) {
    (virtual_loop(), Trace::new())
}

/// Names tasks, sorted.
fn names<T: 'static>(tasks: &[Task<T>]) -> String {
    let mut names: Vec<_> = tasks.iter().map(Task::name).collect();
    names.sort();
    repr(&names)
}

fn now() -> String {
    t(get_running_loop().unwrap().time())
}

#[test]
fn w02_the_first_completed_ends_the_wait_and_nothing_is_cancelled() {
    let (event_loop, trace) = setup();
    let log = trace.clone();
    let main = async move {
        let a = create_task(after(10.0, "A")).named("a");
        let b = create_task(after(0.1, "B")).named("b");
        let waited = wait([a.clone(), b], None, ReturnWhen::FirstCompleted).await?;
        let (done, pending) = (names(&waited.done), names(&waited.pending));
        log.say(format!("{done} {pending} {} {}", truth(a.is_done()), now()));
        log.say(format!("{} {}", a.await?, now()));
        Ok(())
    };
    event_loop.run_until_complete(main).unwrap();
    trace.expect("W02");
}

#[test]
fn w03_more_than_one_may_be_done_when_the_first_ends_the_wait() {
    async fn steps(count: u32) -> Result<()> {
        for _ in 0..count {
            sleep(s(0.0)).await?;
        }
        Ok(())
    }
    let (event_loop, trace) = setup();
    let log = trace.clone();
    let main = async move {
        for counts in [(1, 2), (1, 3), (1, 1)] {
            let a = create_task(steps(counts.0)).named("a");
            let b = create_task(steps(counts.1)).named("b");
            let both = [b.clone(), a.clone()];
            let waited = wait(both, None, ReturnWhen::FirstCompleted).await?;
            let (done, pending) = (names(&waited.done), names(&waited.pending));
            log.say(format!("{counts:?} {done} {pending}"));
            wait([a, b], None, ReturnWhen::AllCompleted).await?;
        }
        Ok(())
    };
    event_loop.run_until_complete(main).unwrap();
    trace.expect("W03");
}

#[test]
fn w04_the_first_exception_ends_the_wait() {
    let (event_loop, trace) = setup();
    let log = trace.clone();
    let main = async move {
        let a = create_task(after(10.0, ())).named("a");
        let b = create_task(fail_after(0.01, Raised("ZeroDivisionError", "err"))).named("b");
        let waited = wait([a, b], None, ReturnWhen::FirstException).await?;
        let (done, pending) = (names(&waited.done), names(&waited.pending));
        log.say(format!("{done} {pending} {}", now()));
        Ok(())
    };
    event_loop.run_until_complete(main).unwrap();
    trace.expect("W04");
}

#[test]
fn w06_a_cancellation_is_no_exception() {
    let (event_loop, trace) = setup();
    let log = trace.clone();
    let main = async move {
        let a = create_task(after(0.5, ())).named("a");
        let b = create_task(after(9.0, ())).named("b");
        let cancelled = b.clone();
        get_running_loop()?.call_later(s(0.1), move || {
            cancelled.cancel();
        });
        let waited = wait([a, b.clone()], None, ReturnWhen::FirstException).await?;
        let (done, pending) = (names(&waited.done), names(&waited.pending));
        let cancelled = truth(b.is_cancelled());
        log.say(format!("{done} {pending} {} {cancelled}", now()));
        Ok(())
    };
    event_loop.run_until_complete(main).unwrap();
    trace.expect("W06");
}

#[test]
fn w07_a_timeout_is_no_error_and_cancels_nothing() {
    let (event_loop, trace) = setup();
    let log = trace.clone();
    let main = async move {
        let a = create_task(after(0.1, "A")).named("a");
        let b = create_task(after(0.15, "B")).named("b");
        let waited = wait([a, b.clone()], s(0.11), ReturnWhen::AllCompleted).await?;
        let (done, pending) = (names(&waited.done), names(&waited.pending));
        log.say(format!("{done} {pending} {}", now()));
        log.say(format!("{} {}", (&b).await?, truth(b.is_cancelled())));
        Ok(())
    };
    event_loop.run_until_complete(main).unwrap();
    trace.expect("W07");
}

#[test]
fn w08_a_task_that_ends_at_the_timeout_is_done() {
    let (event_loop, trace) = setup();
    let log = trace.clone();
    let main = async move {
        let a = create_task(after(0.1, ())).named("a");
        let b = create_task(after(0.15, ())).named("b");
        sleep(s(0.0)).await?;
        let waited = wait([a, b], s(0.1), ReturnWhen::AllCompleted).await?;
        let (done, pending) = (names(&waited.done), names(&waited.pending));
        log.say(format!("{done} {pending} {}", now()));
        Ok(())
    };
    event_loop.run_until_complete(main).unwrap();
    trace.expect("W08");
}

#[test]
fn w09_waiting_for_nothing_is_an_error() {
    let (event_loop, trace) = setup();
    let error = event_loop
        .run_until_complete(async {
            wait(Vec::<Promise<()>>::new(), None, ReturnWhen::AllCompleted).await
        })
        .unwrap_err();
    if error.is::<NothingToWaitFor>() {
        trace.say("ValueError: Set of Tasks/Futures is empty.");
    }
    trace.expect_instead(
        "W09",
        "a single promise, a future that is no task, and an unknown ReturnWhen do not compile",
        &["ValueError: Set of Tasks/Futures is empty."],
    );
}

#[test]
fn w11_a_wait_for_what_is_done_still_lets_others_run() {
    let (event_loop, trace) = setup();
    let log = trace.clone();
    let main = async move {
        let event_loop = get_running_loop()?;
        let a = create_task(after(0.0, ())).named("a");
        (&a).await?;
        let callback = log.clone();
        event_loop.call_soon(move || callback.say("cb"));
        let waited = wait([a], None, ReturnWhen::AllCompleted).await?;
        log.say(format!(
            "{} {}",
            names(&waited.done),
            names(&waited.pending)
        ));

        let b = create_task(after(1.0, ())).named("b");
        let callback = log.clone();
        event_loop.call_soon(move || callback.say("cb2"));
        let waited = wait([b], s(0.0), ReturnWhen::AllCompleted).await?;
        let (done, pending) = (names(&waited.done), names(&waited.pending));
        log.say(format!("{done} {pending} {}", now()));
        Ok(())
    };
    event_loop.run_until_complete(main).unwrap();
    trace.expect("W11");
}

#[test]
fn w12_the_same_task_twice_counts_once() {
    let (event_loop, trace) = setup();
    let log = trace.clone();
    let main = async move {
        let a = create_task(after(0.0, ())).named("a");
        let waited = wait([&a, &a], None, ReturnWhen::AllCompleted).await?;
        log.say(format!("{} {}", waited.done.len(), waited.pending.len()));
        Ok(())
    };
    event_loop.run_until_complete(main).unwrap();
    trace.expect("W12");
}

#[test]
fn w13_who_waits_for_the_first_exception_has_seen_it() {
    let (event_loop, trace) = setup();
    report_to(&event_loop, &trace);
    let log = trace.clone();
    let main = async move {
        let slow = create_task(after(9.0, ()));
        for (when, name) in [
            (ReturnWhen::FirstException, "FIRST_EXCEPTION"),
            (ReturnWhen::FirstCompleted, "FIRST_COMPLETED"),
        ] {
            let failing = create_task(fail_after(1.0, Raised("ValueError", name)));
            wait([failing, slow.clone()], None, when).await?;
            sleep(s(0.0)).await?;
            log.say("dropped");
        }
        Ok(())
    };
    event_loop.run_until_complete(main).unwrap();
    trace.say("end");
    trace.expect("W13");
}

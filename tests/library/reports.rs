//! Errors that nobody looks at are reported, once.

use std::time::Duration;

use asyncio::{
    Error, EventLoop, Promise, Result, ReturnWhen, Task, create_task, gather,
    gather_return_exceptions, shield, sleep, task_group, wait, wait_for, yield_now,
};

use crate::{Trace, boom, seconds};

async fn fails() -> Result<()> {
    yield_now().await?;
    Err(boom())
}

/// Runs a failing task to its end, gives its handle to `then`, and tells what was reported.
fn reported(then: impl FnOnce(Task<()>, &EventLoop)) -> Vec<String> {
    let event_loop = EventLoop::with_virtual_clock();
    let trace = Trace::listen_to(&event_loop);
    let task = event_loop.create_task(fails());
    event_loop.run_forever().expect_err("the loop stalls");
    assert_eq!(trace.take(), [""; 0], "somebody may still look");
    then(task, &event_loop);
    event_loop.run_forever().expect_err("the loop stalls");
    event_loop.close().unwrap();
    trace.take()
}

const TASK_REPORT: [&str; 1] = ["Task exception was never retrieved: boom"];
const PROMISE_REPORT: [&str; 1] = ["Promise exception was never retrieved: boom"];
const NO_REPORT: [&str; 0] = [];

#[test]
fn a_task_that_nobody_holds_is_reported_when_it_ends() {
    let event_loop = EventLoop::with_virtual_clock();
    let trace = Trace::listen_to(&event_loop);
    drop(event_loop.create_task(fails()));
    event_loop.run_forever().expect_err("the loop stalls");
    assert_eq!(trace.take(), TASK_REPORT);
}

#[test]
fn the_last_handle_reports_once() {
    assert_eq!(reported(|task, _| drop(task)), TASK_REPORT);
    let clones = reported(|task, _| {
        let promise = task.promise();
        let any = task.any().clone();
        drop((task, promise, any));
    });
    assert_eq!(clones, TASK_REPORT);
}

#[test]
fn who_looks_at_the_error_keeps_it_from_being_reported() {
    let looks: [fn(Task<()>, &EventLoop); 6] = [
        |task, _| assert!(task.result().is_err()),
        |task, _| assert!(task.exception().unwrap().is_some()),
        |task, _| assert!(task.any().exception().is_some()),
        |task, _| assert!(!task.cancel()),
        |task, event_loop| assert!(event_loop.run_until_complete(task).is_err()),
        |task, event_loop| {
            let all = async { gather_return_exceptions([task]).await };
            assert!(event_loop.run_until_complete(all).unwrap()[0].is_err());
        },
    ];
    for (n, look) in looks.into_iter().enumerate() {
        assert_eq!(reported(look), NO_REPORT, "look {n}");
    }
}

#[test]
fn asking_whether_it_failed_or_waiting_for_it_is_no_look() {
    assert_eq!(reported(|task, _| assert!(task.failed())), TASK_REPORT);
    let waited = reported(|task, event_loop| {
        let waiting = async move {
            wait([task], None, ReturnWhen::FirstException).await?;
            Ok(())
        };
        event_loop.run_until_complete(waiting).unwrap();
    });
    assert_eq!(waited, TASK_REPORT);
}

#[test]
fn a_wait_that_is_over_looks_at_no_error_that_comes_later() {
    let event_loop = EventLoop::with_virtual_clock();
    let trace = Trace::listen_to(&event_loop);
    let main = async {
        let fails_at = |time| {
            create_task(async move {
                sleep(seconds(time)).await?;
                Err::<(), Error>(boom())
            })
        };
        let tasks = [fails_at(2), fails_at(4)];
        let waited = wait(&tasks, seconds(1), ReturnWhen::FirstException).await?;
        assert_eq!(waited.pending.len(), 2);
        let given_up = wait_for(
            async move {
                let tasks = [fails_at(2), fails_at(4)];
                wait(&tasks, None, ReturnWhen::FirstException).await?;
                Ok(())
            },
            Duration::from_millis(500),
        );
        assert!(given_up.await.is_err());
        sleep(seconds(9)).await?;
        Ok(())
    };
    event_loop.run_until_complete(main).unwrap();
    assert_eq!(trace.take(), [TASK_REPORT; 4].concat());
}

#[test]
fn a_shield_that_was_cancelled_reports_the_failure_inside() {
    let event_loop = EventLoop::with_virtual_clock();
    let trace = Trace::listen_to(&event_loop);
    let shielded = |outcome: Result<()>, cancels_inside: bool| {
        event_loop.run_until_complete(async move {
            let inner = create_task(async move {
                sleep(seconds(1)).await?;
                outcome
            });
            let outer = shield(&inner);
            assert!(outer.cancel());
            yield_now().await?;
            if cancels_inside {
                inner.cancel();
            }
            drop(inner);
            sleep(seconds(2)).await?;
            assert!(outer.is_cancelled());
            Ok(())
        })
    };
    shielded(Err(boom()), false).unwrap();
    // It is seen then, and not reported as one that nobody has retrieved.
    assert_eq!(trace.take(), ["Exception in shielded promise: boom"]);
    shielded(Ok(()), false).unwrap();
    shielded(Ok(()), true).unwrap();
    assert_eq!(trace.take(), NO_REPORT);
}

#[test]
fn a_shield_reports_to_the_loop_of_what_is_inside() {
    let (here, there) = (
        EventLoop::with_virtual_clock(),
        EventLoop::with_virtual_clock(),
    );
    let (trace_here, trace_there) = (Trace::listen_to(&here), Trace::listen_to(&there));
    let inner = there.create_promise::<()>();
    let protected = inner.clone();
    let main = async move {
        assert!(shield(protected).cancel());
        Ok(yield_now().await?)
    };
    here.run_until_complete(main).unwrap();
    inner.set_exception(boom()).unwrap();
    there.run_forever().expect_err("the loop stalls");
    assert_eq!(trace_there.take(), ["Exception in shielded promise: boom"]);
    assert_eq!(trace_here.take(), NO_REPORT);
}

#[test]
fn a_shield_that_lives_passes_the_failure_on_and_reports_nothing() {
    let event_loop = EventLoop::with_virtual_clock();
    let trace = Trace::listen_to(&event_loop);
    let main = async { shield(create_task(fails())).await };
    let error = event_loop.run_until_complete(main).unwrap_err();
    assert_eq!(error.to_string(), "boom");
    assert_eq!(trace.take(), NO_REPORT);
}

#[test]
fn a_promise_reports_like_a_task_unless_it_is_closed_with_its_loop() {
    let event_loop = EventLoop::with_virtual_clock();
    let trace = Trace::listen_to(&event_loop);
    let fail = || {
        let promise = event_loop.create_promise::<()>();
        promise.set_exception(boom()).unwrap();
        promise
    };
    drop(fail());
    assert_eq!(trace.take(), PROMISE_REPORT);
    let later = fail();
    drop(event_loop);
    drop(later);
    assert_eq!(trace.take(), NO_REPORT);
}

#[test]
fn a_gathering_that_nobody_awaits_reports_its_first_error_only() {
    let event_loop = EventLoop::with_virtual_clock();
    let trace = Trace::listen_to(&event_loop);
    let all = event_loop.run_until_complete(async { Ok(gather([fails(), fails()])) });
    drop(all);
    event_loop.run_forever().expect_err("the loop stalls");
    assert_eq!(trace.take(), PROMISE_REPORT);
}

#[test]
fn a_callback_reports_the_error_that_it_returns() {
    let event_loop = EventLoop::with_virtual_clock();
    let trace = Trace::listen_to(&event_loop);
    let promise: Promise<()> = event_loop.create_promise();
    promise.add_done_callback(|_| Err::<(), Error>(boom()));
    promise.cancel();
    event_loop.run_forever().expect_err("the loop stalls");
    assert_eq!(trace.take(), ["Exception in callback: boom"]);
}

#[test]
fn a_group_that_is_dropped_hands_on_the_errors_that_it_has() {
    let event_loop = EventLoop::with_virtual_clock();
    let trace = Trace::listen_to(&event_loop);
    let main = event_loop.create_task(async {
        let mut block = Box::pin(task_group(async |group| {
            group.create_task(async { Err::<(), Error>(boom()) })?;
            std::future::pending::<Result<()>>().await
        }));
        let mut polls = 0;
        std::future::poll_fn(|cx| {
            polls += 1;
            cx.waker().wake_by_ref();
            match polls {
                1 => block.as_mut().poll(cx).map(|_| ()),
                4 => std::task::Poll::Ready(()),
                _ => std::task::Poll::Pending,
            }
        })
        .await;
        drop(block);
        Ok(())
    });
    event_loop.run_until_complete(main).unwrap();
    assert_eq!(trace.take(), TASK_REPORT);
}

#[test]
fn a_group_that_was_dropped_leaves_its_errors_to_the_handler() {
    let event_loop = EventLoop::with_virtual_clock();
    let trace = Trace::listen_to(&event_loop);
    let main = event_loop.create_task(async {
        let mut block = Box::pin(task_group(async |group| {
            group.create_task(async {
                let _ = yield_now().await;
                let _ = yield_now().await;
                Err::<(), Error>(boom())
            })?;
            std::future::pending::<Result<()>>().await
        }));
        let mut polls = 0;
        std::future::poll_fn(|cx| {
            polls += 1;
            let _ = block.as_mut().poll(cx);
            cx.waker().wake_by_ref();
            match polls {
                2 => std::task::Poll::Ready(()),
                _ => std::task::Poll::Pending,
            }
        })
        .await;
        drop(block);
        Ok(())
    });
    event_loop.run_until_complete(main).unwrap();
    event_loop.run_forever().expect_err("the loop stalls");
    assert_eq!(trace.take(), TASK_REPORT);
}

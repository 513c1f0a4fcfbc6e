//! Cancellations that come late, come twice, or come with a message.

use asyncio::{
    Cancelled, EventLoop, Promise, Result, TimedOut, create_task, current_task, gather,
    get_running_loop, shield, sleep, timeout, wait_for, yield_now,
};

use crate::{Trace, boom, seconds};

#[test]
fn a_cancellation_that_comes_after_the_last_await_takes_the_place_of_the_value() {
    let event_loop = EventLoop::with_virtual_clock();
    let main = async {
        let ends_with = |outcome: Result<u32>| {
            create_task(async move {
                yield_now().await?;
                let me = current_task().expect("this is one");
                assert!(me.cancel());
                outcome
            })
        };
        let (value, error) = (ends_with(Ok(1)), ends_with(Err(boom())));
        assert!(value.await.unwrap_err().is_cancelled());
        // An error is not replaced.
        assert_eq!(error.await.unwrap_err().to_string(), "boom");
        // Nor is a value whose cancellation was taken back.
        let taken_back = create_task(async {
            let me = current_task().expect("this is one");
            assert!(me.cancel());
            me.uncancel();
            Ok(2)
        });
        assert_eq!(taken_back.await?, 2);
        Ok(())
    };
    event_loop.run(main).unwrap();
}

/// Runs a task that was cancelled `before` times, and lives on, under a limit; meanwhile it is cancelled or takes back as
/// `meanwhile` says. Tells how the limit ends and how many cancellations it leaves.
fn limited(before: u32, meanwhile: i32) -> (&'static str, u32) {
    let main = async move {
        let task = create_task(async move {
            let me = current_task().expect("this is one");
            for _ in 0..before {
                me.cancel();
                let _ = yield_now().await;
            }
            let limited = timeout(seconds(1), async {
                let slept = sleep(seconds(9)).await;
                if meanwhile < 0 {
                    me.uncancel();
                }
                Ok(slept?)
            });
            let ended = match limited.await {
                Err(error) if error.is::<TimedOut>() => "timed out",
                Err(error) if error.is_cancelled() => "cancelled",
                _ => "otherwise",
            };
            Ok((ended, me.cancelling()))
        });
        if meanwhile > 0 {
            let task = task.clone();
            get_running_loop()?.call_later(seconds(1), move || {
                task.cancel();
            });
        }
        task.await
    };
    EventLoop::with_virtual_clock().run(main).unwrap()
}

#[test]
fn a_limit_takes_only_its_own_cancellation_for_a_timeout() {
    assert_eq!(limited(0, 0), ("timed out", 0));
    // Cancellations from before the block do not count,
    assert_eq!(limited(1, 0), ("timed out", 1));
    assert_eq!(limited(2, 0), ("timed out", 2));
    // those from outside that come meanwhile do,
    assert_eq!(limited(0, 1), ("cancelled", 1));
    assert_eq!(limited(1, 1), ("cancelled", 2));
    // and the body may have taken back one from before.
    assert_eq!(limited(1, -1), ("timed out", 0));
}

#[test]
fn a_second_cancellation_arrives_although_the_first_was_swallowed_on_its_way() {
    let event_loop = EventLoop::with_virtual_clock();
    let trace = Trace::default();
    let said = trace.clone();
    let main = async move {
        let stubborn = create_task(async {
            let _ = sleep(seconds(9)).await;
            Ok(3)
        });
        let awaiting = create_task(async move {
            match stubborn.await {
                Ok(value) => said.say(format!("value {value}")),
                Err(error) => said.say(format!("cancelled: {error}")),
            }
            Ok(())
        });
        yield_now().await?;
        yield_now().await?;
        awaiting.cancel_with_message("first");
        yield_now().await?;
        // The inner task has ended with its value, and the outer one has not gone on yet.
        awaiting.cancel_with_message("second");
        awaiting.await
    };
    event_loop.run(main).unwrap();
    assert_eq!(trace.take(), ["cancelled: second"]);
}

#[test]
fn a_cancelled_gather_passes_on_what_its_last_child_was_told() {
    let event_loop = EventLoop::with_virtual_clock();
    let outcome = event_loop.run_until_complete(async {
        let stubborn = create_task(async {
            let _ = sleep(seconds(1)).await;
            Ok(4)
        });
        let whole = gather([stubborn.clone()]);
        yield_now().await?;
        whole.cancel_with_message("why");
        whole.await
    });
    let error = outcome.unwrap_err();
    assert_eq!(
        error.downcast_ref::<Cancelled>().unwrap().message(),
        Some("why")
    );
}

#[test]
fn a_cancellation_that_meets_one_at_the_same_await_leaves_that_one_its_message() {
    let event_loop = EventLoop::with_virtual_clock();
    let outcome = event_loop.run_until_complete(async {
        let child = create_task(async {
            let _ = sleep(seconds(1)).await;
            Ok(4)
        });
        let inner = child.clone();
        let waiter = create_task(async move { gather([inner]).await });
        yield_now().await?;
        yield_now().await?;
        waiter.cancel();
        let late = waiter.clone();
        child.add_done_callback(move |_| {
            late.cancel_with_message("late");
        });
        waiter.await
    });
    let error = outcome.unwrap_err();
    assert_eq!(error.downcast_ref::<Cancelled>().unwrap().message(), None);
}

/// CPython gives the message to the first who asks; the library's page says that here everybody sees it.
#[test]
fn everybody_who_awaits_a_cancelled_task_sees_the_message() {
    let event_loop = EventLoop::with_virtual_clock();
    let outcome = event_loop.run_until_complete(async {
        let task = create_task(async { Ok(sleep(seconds(1)).await?) });
        yield_now().await?;
        task.cancel_with_message("why");
        let asked = [(&task).await, (&task).await];
        Ok(asked.map(|ended| ended.unwrap_err().to_string()))
    });
    assert_eq!(outcome.unwrap(), ["why", "why"]);
}

/// CPython reports once; the library's page says that here each shield reports.
#[test]
fn each_shield_that_was_cancelled_reports_a_late_failure() {
    let event_loop = EventLoop::with_virtual_clock();
    let reports = Trace::listen_to(&event_loop);
    let outcome = event_loop.run_until_complete(async {
        let inner: Promise<u32> = get_running_loop()?.create_promise();
        let shields = [shield(&inner), shield(&inner)];
        for outer in &shields {
            outer.cancel();
        }
        yield_now().await?;
        inner.set_exception(boom())?;
        yield_now().await?;
        Ok(yield_now().await?)
    });
    outcome.unwrap();
    assert_eq!(reports.take().len(), 2);
}

/// A limit around a promise cancels it for everybody who waits for it; `shield` prevents that.
#[test]
fn a_limit_around_a_promise_cancels_it_for_all() {
    for shielded in [false, true] {
        let event_loop = EventLoop::with_virtual_clock();
        let other = event_loop.run(async move {
            let promise = get_running_loop()?.create_promise::<u32>();
            let waits = promise.clone();
            let other = create_task(async move { waits.await });
            let limit = seconds(1);
            let limited = match shielded {
                true => wait_for(shield(&promise), limit).await,
                false => wait_for(&promise, limit).await,
            };
            assert!(limited.is_err_and(|error| error.is::<TimedOut>()));
            let filled = promise.set_result(21);
            assert_eq!(filled.is_ok(), shielded);
            Ok(other.await.ok())
        });
        assert_eq!(other.unwrap(), shielded.then_some(21));
    }
}

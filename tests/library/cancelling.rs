//! Cancellations that are taken back, come twice, or come with a message.

use std::cell::RefCell;
use std::rc::Rc;

use asyncio::{
    Cancelled, Error, EventLoop, Promise, Result, Task, TimedOut, create_task, current_task,
    gather, gather_return_exceptions, get_running_loop, shield, sleep, task_group, timeout,
    yield_now,
};

use crate::{Trace, boom, seconds};

/// Runs a task up to a point, cancels it, takes that back, and says how it ends.
fn cancelled_and_taken_back(passes_before: usize) -> &'static str {
    let event_loop = EventLoop::with_virtual_clock();
    let main = async move {
        let promise: Promise<u32> = get_running_loop()?.create_promise();
        let awaited = promise.clone();
        let task = create_task(async move {
            yield_now().await?;
            awaited.await
        });
        for _ in 0..passes_before {
            yield_now().await?;
        }
        if passes_before == 2 {
            promise.set_result(1)?;
        }
        assert!(task.cancel());
        assert_eq!((task.cancelling(), task.uncancel()), (1, 0));
        if passes_before < 2 {
            yield_now().await?;
            yield_now().await?;
            promise.set_result(1)?;
        }
        Ok(match task.await {
            Ok(_) => "goes on",
            Err(_) => "cancelled",
        })
    };
    event_loop.run(main).unwrap()
}

#[test]
fn a_cancellation_that_is_taken_back_before_it_arrives_does_not_arrive() {
    // Before its first step, in a yield, and woken by a value.
    assert_eq!(cancelled_and_taken_back(0), "goes on");
    assert_eq!(cancelled_and_taken_back(1), "goes on");
    assert_eq!(cancelled_and_taken_back(2), "goes on");
}

#[test]
fn a_task_may_take_back_the_cancellation_of_itself() {
    let event_loop = EventLoop::with_virtual_clock();
    let main = async {
        let me = current_task().expect("this is one");
        assert!(me.cancel());
        assert_eq!(me.uncancel(), 0);
        yield_now().await?;
        sleep(seconds(1)).await?;
        Ok("goes on")
    };
    assert_eq!(event_loop.run(main).unwrap(), "goes on");
}

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
fn the_first_of_two_messages_arrives() {
    let event_loop = EventLoop::with_virtual_clock();
    let main = async {
        let task: Task<()> = create_task(async { Ok(sleep(seconds(9)).await?) });
        yield_now().await?;
        assert!(task.cancel_with_message("a"));
        assert!(task.cancel_with_message("b"));
        Ok(task.await.unwrap_err().to_string())
    };
    assert_eq!(event_loop.run(main).unwrap(), "a");
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
fn gather_gives_the_cancellation_of_a_task_without_its_message() {
    let event_loop = EventLoop::with_virtual_clock();
    let main = async {
        let promise: Promise<()> = get_running_loop()?.create_promise();
        let task: Task<()> = create_task(async { Ok(sleep(seconds(9)).await?) });
        yield_now().await?;
        task.cancel_with_message("lost");
        promise.cancel_with_message("kept");
        let both = gather_return_exceptions([task.promise(), promise]).await?;
        let texts = both
            .into_iter()
            .map(|outcome| outcome.unwrap_err().to_string());
        Ok(texts.collect::<Vec<_>>())
    };
    assert_eq!(event_loop.run(main).unwrap(), ["cancelled", "kept"]);
}

#[test]
fn nested_groups_do_not_swallow_the_cancellation_of_the_outer_one() {
    let event_loop = EventLoop::with_virtual_clock();
    let trace = Trace::default();
    let (said, clock) = (trace.clone(), event_loop.clone());
    async fn fails() -> Result<()> {
        sleep(seconds(1)).await?;
        Err(boom())
    }
    let main = async move {
        let outer = task_group(async |outer| {
            outer.create_task(fails())?;
            let inner = task_group(async |inner| -> Result<()> {
                inner.create_task(fails())?;
                Ok(())
            });
            if inner.await.is_err() {
                said.say("the inner group failed");
            }
            sleep(seconds(5)).await?;
            said.say("slept");
            Ok(())
        });
        let error: Error = outer.await.unwrap_err();
        said.say(format!("{error} at {} s", clock.time().as_secs()));
        Ok(())
    };
    event_loop.run(main).unwrap();
    assert_eq!(
        trace.take(),
        [
            "the inner group failed",
            "unhandled errors in a task group (1 sub-error: boom) at 1 s"
        ]
    );
}

#[test]
fn run_has_no_helper_that_a_clean_up_could_see_or_cancel() {
    let event_loop = EventLoop::with_virtual_clock();
    let trace = Trace::listen_to(&event_loop);
    let (bossy_says, slow_says, main_says) = (trace.clone(), trace.clone(), trace.clone());
    let main = async move {
        create_task::<()>(async move {
            let ended = sleep(seconds(9)).await;
            bossy_says.say("bossy");
            for task in get_running_loop()?.all_tasks() {
                if &*task.name() != "slow" && Some(&task) != current_task().as_ref() {
                    task.cancel();
                }
            }
            Ok(ended?)
        });
        create_task::<()>(async move {
            let ended = sleep(seconds(9)).await;
            sleep(seconds(1)).await?;
            slow_says.say("slow cleaned up");
            Ok(ended?)
        })
        .named("slow");
        yield_now().await?;
        Ok(())
    };
    event_loop.run(main).unwrap();
    main_says.say("main");
    assert_eq!(trace.take(), ["bossy", "slow cleaned up", "main"]);
}

#[test]
fn a_task_that_a_clean_up_spawns_gets_the_turns_that_asyncio_gives_it() {
    let steps = Rc::new(RefCell::new(0));
    let counted = steps.clone();
    let event_loop = EventLoop::with_virtual_clock();
    event_loop.set_exception_handler(|_| ());
    let main = async move {
        create_task::<()>(async move {
            let ended = sleep(seconds(9)).await;
            create_task::<()>(async move {
                loop {
                    *counted.borrow_mut() += 1;
                    yield_now().await?;
                }
            });
            Ok(ended?)
        });
        yield_now().await?;
        Ok(())
    };
    event_loop.run(main).unwrap();
    // The pass in which the gathered tasks are known to have ended, and those of two runs more.
    assert_eq!(*steps.borrow(), STEPS_ON_CPYTHON);
}

/// How many steps the same program makes on CPython 3.13.0 and 3.14.2.
const STEPS_ON_CPYTHON: i32 = 6;

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

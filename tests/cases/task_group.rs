//! Task groups: tasks that end together.

use std::cell::RefCell;
use std::rc::Rc;

use asyncio::{
    Error, ErrorGroup, EventLoop, GroupClosed, Result, create_task, current_task, get_running_loop,
    sleep, task_group,
};

use crate::harness::{Raised, Trace, after, exception, fail_after, repr, s, t, virtual_loop};

fn setup() -> (EventLoop, Trace) {
    (virtual_loop(), Trace::new())
}

/// Writes an error with the errors inside it.
fn nested(error: &Error) -> String {
    match error.downcast_ref::<ErrorGroup>() {
        Some(group) => {
            let inner: Vec<_> = group.errors().iter().map(nested).collect();
            format!("ExceptionGroup[{}]", inner.join(", "))
        }
        None => exception(error),
    }
}

fn show(log: &Trace, result: &Result<()>) {
    match result {
        Ok(()) => log.say("result None"),
        Err(error) => log.say(nested(error)),
    }
}

#[test]
fn p02_the_first_failure_cancels_the_others_and_the_body() {
    let (event_loop, trace) = setup();
    let log = trace.clone();
    let main = async move {
        let (seen, in_body) = (log.clone(), log.clone());
        let ended = task_group(async |group| {
            group.create_task(fail_after::<()>(0.1, Raised("ValueError", "c1")))?;
            group.create_task(async move {
                let slept = sleep(s(9.0)).await;
                if slept.is_err() {
                    seen.say("c2 cancelled");
                }
                Ok(slept?)
            })?;
            let slept = sleep(s(9.0)).await;
            if slept.is_err() {
                in_body.say("body cancelled");
            }
            Ok(slept?)
        });
        let error = ended.await.unwrap_err();
        let summary = error.to_string();
        let (summary, _) = summary.split_once(": ").unwrap();
        assert_eq!(summary, "unhandled errors in a task group (1 sub-error");
        log.say(format!(
            "{} unhandled errors in a TaskGroup (1 sub-exception) {} cancelling() {}",
            nested(&error),
            t(get_running_loop()?.time()),
            current_task().unwrap().cancelling()
        ));
        Ok(())
    };
    event_loop.run_until_complete(main).unwrap();
    trace.expect("P02");
}

#[test]
fn p03_a_cancellation_from_outside_cancels_the_tasks_and_leaves_the_block() {
    let (event_loop, trace) = setup();
    let log = trace.clone();
    let main = async move {
        let seen = Rc::<RefCell<Vec<&str>>>::default();
        let child = |name: &'static str| {
            let seen = seen.clone();
            async move {
                let slept = sleep(s(9.0)).await;
                if slept.is_err() {
                    seen.borrow_mut().push(name);
                }
                Ok(slept?)
            }
        };
        let children = [child("c1"), child("c2")];
        let parent = create_task(task_group(async |group| {
            for child in children {
                group.create_task(child)?;
            }
            Ok(())
        }));
        sleep(s(0.1)).await?;
        parent.cancel();
        show(&log, &parent.await);
        seen.borrow_mut().sort();
        log.say(format!("cancelled children {}", repr(&seen.take())));
        Ok(())
    };
    event_loop.run_until_complete(main).unwrap();
    trace.expect("P03");
}

#[test]
fn p04_an_error_of_the_body_is_in_the_group() {
    let (event_loop, trace) = setup();
    let log = trace.clone();
    let main = async move {
        let one = task_group(async |group| {
            group.create_task(after(9.0, ()))?;
            fail_after(0.1, Raised("KeyError", "'body'")).await
        });
        show(&log, &one.await);
        let two = task_group(async |group| {
            group.create_task(fail_after::<()>(0.1, Raised("ValueError", "child")))?;
            let _ = sleep(s(9.0)).await;
            Err(Raised("KeyError", "'body cleanup'").into())
        });
        show(&log, &two.await);
        Ok(())
    };
    event_loop.run_until_complete(main).unwrap();
    trace.expect("P04");
}

#[test]
fn p06_a_failing_clean_up_outranks_the_cancellation() {
    let (event_loop, trace) = setup();
    let log = trace.clone();
    let main = async move {
        let parent = create_task(task_group(async |group| {
            group.create_task(async {
                let _ = sleep(s(9.0)).await;
                Err::<(), Error>(Raised("ValueError", "cleanup").into())
            })?;
            group.create_task(after(9.0, ()))?;
            Ok(())
        }));
        sleep(s(0.1)).await?;
        parent.cancel();
        show(&log, &parent.await);
        Ok(())
    };
    event_loop.run_until_complete(main).unwrap();
    trace.expect("P06");
}

#[test]
fn p07_every_failure_is_in_the_group() {
    let (event_loop, trace) = setup();
    let log = trace.clone();
    let main = async move {
        let ended = task_group(async |group| {
            group.create_task(fail_after::<()>(0.1, Raised("ValueError", "one")))?;
            group.create_task(fail_after::<()>(0.1, Raised("KeyError", "'two'")))?;
            group.create_task(async {
                sleep(s(9.0))
                    .await
                    .map_err(|_| Error::from(Raised("RuntimeError", "third")))
            })?;
            Ok(())
        });
        show(&log, &ended.await);
        Ok(())
    };
    event_loop.run_until_complete(main).unwrap();
    trace.expect("P07");
}

#[test]
fn p08_a_group_that_ends_takes_no_more_tasks() {
    fn refusal(refused: Option<GroupClosed>) -> &'static str {
        match refused {
            None => "taken",
            Some(GroupClosed::ShuttingDown) => "TaskGroup <TG> is shutting down",
            Some(GroupClosed::Finished) => "TaskGroup <TG> is finished",
        }
    }
    let (event_loop, trace) = setup();
    let log = trace.clone();
    let main = async move {
        let escaped = task_group(async |group| Ok(group)).await?;
        log.say(refusal(escaped.create_task(after(0.0, ())).err()));
        let ended = task_group(async |group| {
            group.create_task(fail_after::<()>(0.0, Raised("ValueError", "x")))?;
            let slept = sleep(s(1.0)).await;
            if slept.is_err() {
                log.say(refusal(group.create_task(after(0.0, ())).err()));
            }
            Ok(slept?)
        });
        if ended.await.is_err_and(|error| error.is::<ErrorGroup>()) {
            log.say("group");
        }
        Ok(())
    };
    event_loop.run_until_complete(main).unwrap();
    trace.expect_instead(
        "P08",
        "a group exists inside its block only, and a block cannot be entered twice",
        &[
            "TaskGroup <TG> is finished",
            "TaskGroup <TG> is shutting down",
            "group",
        ],
    );
}

#[test]
fn p09_groups_nest_and_so_do_their_errors() {
    let (event_loop, trace) = setup();
    let log = trace.clone();
    let main = async move {
        let seen = log.clone();
        let ended = task_group(async |outer| {
            outer.create_task(async move {
                let slept = sleep(s(9.0)).await;
                if slept.is_err() {
                    seen.say("outer child cancelled");
                }
                Ok(slept?)
            })?;
            task_group(async |inner| {
                inner.create_task(fail_after::<()>(0.1, Raised("ValueError", "inner")))?;
                Ok(())
            })
            .await
        });
        show(&log, &ended.await);
        Ok(())
    };
    event_loop.run_until_complete(main).unwrap();
    trace.expect("P09");
}

#[test]
fn p10_a_group_inside_a_group_does_not_swallow_the_cancellation_of_the_outer_one() {
    let (event_loop, trace) = setup();
    let log = trace.clone();
    let main = async move {
        let seen = log.clone();
        let ended = task_group(async |outer| {
            outer.create_task(fail_after::<()>(1.0, Raised("ValueError", "outer")))?;
            let inner = task_group(async |inner| {
                inner.create_task(fail_after::<()>(1.0, Raised("KeyError", "'inner'")))?;
                Result::Ok(())
            });
            if let Err(error) = inner.await {
                seen.say(format!("caught {}", nested(&error)));
            }
            sleep(s(5.0)).await?;
            seen.say("slept");
            Ok(())
        });
        show(&log, &ended.await);
        Ok(())
    };
    event_loop.run_until_complete(main).unwrap();
    trace.say(t(event_loop.time()));
    trace.expect("P10");
}

#[test]
fn p11_a_cancellation_from_outside_that_meets_a_failure_comes_at_the_next_await() {
    let (event_loop, trace) = setup();
    let log = trace.clone();
    let parent = event_loop.create_task(async move {
        let (event_loop, me) = (get_running_loop()?, current_task().unwrap());
        let cancelled = me.clone();
        event_loop.call_later(s(2.0), move || {
            cancelled.cancel();
        });
        let ended = task_group(async |group| {
            group.create_task(fail_after::<()>(1.0, Raised("ValueError", "child")))?;
            group.create_task(async {
                let slept = sleep(s(9.0)).await;
                sleep(s(2.0)).await?;
                Ok(slept?)
            })?;
            Ok(())
        });
        log.say(format!(
            "{} {} cancelling() {}",
            nested(&ended.await.unwrap_err()),
            t(event_loop.time()),
            me.cancelling()
        ));
        sleep(s(0.0)).await?;
        log.say("went on");
        Ok(())
    });
    show(&trace, &event_loop.run_until_complete(parent));
    trace.expect("P11");
}

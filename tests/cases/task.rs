//! Tasks: their turns, and how a cancellation reaches them.

use std::cell::RefCell;
use std::rc::Rc;

use asyncio::{
    AnyTask, AwaitError, EventLoop, Promise, Result, ReturnWhen, Task, create_task, current_task,
    get_running_loop, sleep, wait, yield_now,
};

use crate::harness::{Raised, Trace, exception, report_to, s, spin, t, truth, virtual_loop};

fn setup() -> (EventLoop, Trace) {
    (virtual_loop(), Trace::new())
}

/// Writes how a task or a run has ended.
fn outcome<T: std::fmt::Display>(result: Result<T>) -> String {
    match result {
        Ok(value) => value.to_string(),
        Err(error) => exception(&error),
    }
}

#[test]
fn t02_tasks_that_yield_take_turns() {
    let (event_loop, trace) = setup();
    let tasks = ["A", "B"].map(|name| {
        let say = trace.clone();
        event_loop.create_task(async move {
            for i in 0..3 {
                say.say(format!("{name} {i}"));
                yield_now().await?;
            }
            Ok(())
        })
    });
    let both = async move {
        wait(tasks, None, ReturnWhen::AllCompleted)
            .await
            .map(|_| ())
    };
    event_loop.run_until_complete(both).unwrap();
    trace.expect("T02");
}

#[test]
fn t03_a_sleep_of_zero_lets_what_is_queued_run_first() {
    let (event_loop, trace) = setup();
    let (this, say) = (event_loop.clone(), trace.clone());
    let body = async move {
        let queued = say.clone();
        this.call_soon(move || queued.say("cb"));
        sleep(s(0.0)).await?;
        say.say("result 10");
        Ok(())
    };
    event_loop.run_until_complete(body).unwrap();
    trace.expect("T03");
}

#[test]
fn t04_awaiting_a_future_directly_does_not_yield() {
    async fn inner(trace: Trace, name: &str, value: i32) -> Result<i32> {
        trace.say(name);
        Ok(value)
    }
    let (event_loop, trace) = setup();
    let (this, say) = (event_loop.clone(), trace.clone());
    let outer = async move {
        let queued = say.clone();
        this.call_soon(move || queued.say("cb"));
        let a = inner(say.clone(), "i1", 42).await?;
        let b = inner(say.clone(), "i2", 1000).await?;
        say.say(format!("sum {}", a + b));
        Ok(())
    };
    event_loop.run_until_complete(outer).unwrap();
    spin(&event_loop);
    trace.expect("T04");
}

#[test]
fn t06_awaiting_a_finished_task_does_not_yield() {
    let (event_loop, trace) = setup();
    let (this, say) = (event_loop.clone(), trace.clone());
    let main = async move {
        let in_child = say.clone();
        let child = create_task(async move {
            in_child.say("child");
            Ok(1)
        });
        yield_now().await?;
        let queued = say.clone();
        this.call_soon(move || queued.say("cb"));
        say.say(format!("done {}", truth(child.is_done())));
        say.say(format!("got {}", child.await?));
        yield_now().await?;
        say.say("end");
        Ok(())
    };
    event_loop.run_until_complete(main).unwrap();
    trace.expect("T06");
}

#[test]
fn t07_an_awaiter_resumes_one_pass_after_the_task_has_ended() {
    let (event_loop, trace) = setup();
    let (this, say) = (event_loop.clone(), trace.clone());
    let main = async move {
        let in_child = say.clone();
        let child = create_task(async move {
            let looped = this.clone();
            this.call_soon(move || {
                in_child.say("cb1");
                looped.call_soon(move || in_child.say("cb2"));
            });
            Ok(1)
        });
        say.say("await");
        child.await?;
        say.say("main resumed");
        Ok(())
    };
    event_loop.run_until_complete(main).unwrap();
    spin(&event_loop);
    trace.expect("T07");
}

#[test]
fn t08_a_task_cancelled_before_its_first_step_never_begins() {
    let (event_loop, trace) = setup();
    let say = trace.clone();
    let task = event_loop.create_task(async move {
        say.say("body");
        let slept = sleep(s(10.0)).await;
        say.say("finally");
        Ok(slept?)
    });
    let states =
        |task: &Task<()>| format!("{} {}", truth(task.is_cancelled()), truth(task.is_done()));
    trace.say(format!(
        "cancel -> {}",
        truth(task.cancel_with_message("early"))
    ));
    trace.say(states(&task));
    spin(&event_loop);
    trace.say(states(&task));
    trace.say(exception(&task.result().unwrap_err()));
    trace.expect("T08");
}

#[test]
fn t10_a_body_may_answer_a_cancellation_with_a_value() {
    let (event_loop, trace) = setup();
    let promise = event_loop.create_promise::<i32>();
    let task = event_loop.create_task(async move {
        match promise.await {
            Err(error) if error.is_cancelled() => Ok(42),
            result => result,
        }
    });
    spin(&event_loop);
    task.cancel();
    trace.say(format!(
        "{} cancelled {} cancelling() {}",
        outcome(event_loop.run_until_complete(&task)),
        truth(task.is_cancelled()),
        task.cancelling(),
    ));
    trace.expect("T10");
}

#[test]
fn t11_after_a_swallowed_cancellation_the_body_awaits_on() {
    let (event_loop, trace) = setup();
    let promises: [Promise<i32>; 3] = std::array::from_fn(|_| event_loop.create_promise());
    let ([f1, f2, f3], say) = (promises.clone(), trace.clone());
    let task = event_loop.create_task(async move {
        f1.await?;
        say.say("f1 done");
        if f2.await.is_err_and(|error| error.is_cancelled()) {
            say.say("swallowed");
        }
        f3.await
    });
    let [f1, f2, f3] = promises;
    spin(&event_loop);
    f1.set_result(0).unwrap();
    spin(&event_loop);
    task.cancel();
    trace.say(format!("f2 {}", truth(f2.is_cancelled())));
    spin(&event_loop);
    trace.say(format!("done {}", truth(task.is_done())));
    f3.set_result(42).unwrap();
    trace.say(format!(
        "{} f3 cancelled {}",
        outcome(event_loop.run_until_complete(&task)),
        truth(f3.is_cancelled()),
    ));
    trace.expect("T11");
}

#[test]
fn t12_a_task_that_cancels_itself_is_interrupted_at_its_next_await() {
    let (event_loop, trace) = setup();
    let (this, say) = (event_loop.clone(), trace.clone());
    let task = event_loop.create_task(async move {
        current_task().expect("inside a task").cancel();
        say.say("still running");
        let slept = sleep(s(100.0)).await;
        if slept.is_err() {
            say.say(format!("cancelled at the await, t = {}", t(this.time())));
        }
        slept?;
        Ok("slept")
    });
    trace.say(format!(
        "{} {}",
        outcome(event_loop.run_until_complete(&task)),
        truth(task.is_cancelled()),
    ));
    trace.expect("T12");
}

#[test]
fn t14_a_cancellation_wins_over_a_value_that_was_not_looked_at() {
    let (event_loop, trace) = setup();
    let promise = event_loop.create_promise();
    let (awaited, say) = (promise.clone(), trace.clone());
    let task = event_loop.create_task(async move {
        match (&awaited).await {
            Ok(value) => say.say(format!("got {value}")),
            Err(error) => {
                say.say(format!("cancelled although f holds {}", awaited.result()?));
                return Err(error);
            }
        }
        Ok(())
    });
    spin(&event_loop);
    promise.set_result("v").unwrap();
    trace.say(format!("cancel -> {}", truth(task.cancel())));
    spin(&event_loop);
    trace.say(format!(
        "{} f.cancelled {}",
        truth(task.is_cancelled()),
        truth(promise.is_cancelled()),
    ));
    trace.expect("T14");
}

#[test]
fn t15_cancelling_the_promise_and_the_task_cancels_once() {
    let (event_loop, trace) = setup();
    let promise = event_loop.create_promise::<i32>();
    let awaited = promise.clone();
    let task = event_loop.create_task(async move { awaited.await });
    spin(&event_loop);
    trace.say(format!(
        "{} {}",
        truth(promise.cancel()),
        truth(task.cancel())
    ));
    trace.say(format!(
        "{} {} {} {}",
        outcome(event_loop.run_until_complete(&task)),
        truth(promise.is_cancelled()),
        truth(task.is_cancelled()),
        task.cancelling(),
    ));
    trace.expect("T15");
}

#[test]
fn t16_a_cancellation_ends_the_innermost_task_first() {
    let (event_loop, trace) = setup();
    let inner_task: Rc<RefCell<Option<Task<()>>>> = Rc::default();
    let (shown, say) = (inner_task.clone(), trace.clone());
    let outer = event_loop.create_task(async move {
        let in_inner = say.clone();
        let inner = create_task(async move {
            let slept = sleep(s(9.0)).await;
            in_inner.say("inner finally");
            Ok(slept?)
        });
        *shown.borrow_mut() = Some(inner.clone());
        let result = (&inner).await;
        say.say(format!(
            "outer finally; inner cancelled {}",
            truth(inner.is_cancelled())
        ));
        result?;
        Ok("done")
    });
    spin(&event_loop);
    spin(&event_loop);
    outer.cancel();
    trace.say("requested");
    let inner = inner_task.take().expect("outer has begun");
    trace.say(format!(
        "{} {} {}",
        outcome(event_loop.run_until_complete(&outer)),
        truth(outer.is_cancelled()),
        truth(inner.is_cancelled()),
    ));
    trace.expect("T16");
}

#[test]
fn t18_who_awaits_a_cancelled_task_is_cancelled_and_was_not_asked() {
    let (event_loop, trace) = setup();
    let this = event_loop.clone();
    let main = event_loop.create_task(async move {
        let child = create_task(async { Ok(sleep(s(9.0)).await?) });
        let cancelled = child.clone();
        this.call_soon(move || {
            cancelled.cancel();
        });
        child.await?;
        Ok("done")
    });
    trace.say(format!(
        "{} main cancelled {} cancelling() {}",
        outcome(event_loop.run_until_complete(&main)),
        truth(main.is_cancelled()),
        main.cancelling(),
    ));
    trace.expect("T18");
}

#[test]
fn t19_cancellations_are_counted_and_can_be_taken_back() {
    let (event_loop, trace) = setup();
    let task = event_loop.create_task(async { Ok(sleep(s(10.0)).await?) });
    trace.say(format!(
        "{} {} {} {} {} {}",
        task.cancelling(),
        truth(task.cancel()),
        truth(task.cancel()),
        task.cancelling(),
        task.uncancel(),
        task.cancelling(),
    ));
    spin(&event_loop);
    trace.say(format!(
        "{} {} {} {} {}",
        truth(task.is_done()),
        truth(task.cancel()),
        task.cancelling(),
        task.uncancel(),
        task.uncancel(),
    ));
    trace.expect("T19");
}

#[test]
fn t20_a_second_cancellation_interrupts_the_cleanup() {
    let (event_loop, trace) = setup();
    let say = trace.clone();
    let task = event_loop.create_task(async move {
        let slept = sleep(s(9.0)).await;
        say.say("cleanup start");
        sleep(s(1.0)).await?;
        say.say("cleanup end");
        Ok(slept?)
    });
    spin(&event_loop);
    task.cancel();
    spin(&event_loop);
    task.cancel();
    spin(&event_loop);
    trace.say(format!(
        "{} t {}",
        truth(task.is_cancelled()),
        t(event_loop.time())
    ));
    trace.expect("T20");
}

#[test]
fn t22_a_body_may_answer_a_cancellation_with_an_error() {
    let (event_loop, trace) = setup();
    let task = event_loop.create_task(async {
        match sleep(s(9.0)).await {
            Ok(()) => Ok("slept"),
            Err(_) => Err(Raised("ValueError", "instead").into()),
        }
    });
    spin(&event_loop);
    task.cancel();
    trace.say(format!(
        "{} cancelled {}",
        outcome(event_loop.run_until_complete(&task)),
        truth(task.is_cancelled()),
    ));
    trace.expect("T22");
}

#[test]
fn t25_a_task_that_awaits_itself_is_refused() {
    let (event_loop, trace) = setup();
    let itself: Rc<RefCell<Option<Task<()>>>> = Rc::default();
    let awaited = itself.clone();
    let task = event_loop.create_task(async move {
        let itself = awaited.take().expect("set before the first step");
        itself.await
    });
    *itself.borrow_mut() = Some(task.clone());
    let run = event_loop.run_until_complete(&task).unwrap_err();
    let on_itself = |error: &asyncio::Error| error.downcast_ref() == Some(&AwaitError::OnItself);
    assert!(on_itself(&run), "{run}");
    let stored = task.result().unwrap_err();
    trace.say(format!("RuntimeError {}", truth(on_itself(&stored))));
    trace.expect("T25");
}

#[test]
fn t26_the_error_of_a_task_that_nobody_looked_at_is_reported_on_drop() {
    let (event_loop, trace) = setup();
    report_to(&event_loop, &trace);
    let [a, b, c] = ["1", "2", "3"].map(|n| {
        event_loop.create_task(async move { Err::<(), _>(Raised("ValueError", n).into()) })
    });
    spin(&event_loop);
    trace.say(exception(&b.result().unwrap_err()));
    trace.say(format!("cancel finished -> {}", truth(c.cancel())));
    drop(a);
    trace.say("a dropped");
    drop((b, c));
    trace.say("b, c dropped");
    trace.expect("T26");
}

#[test]
fn t29_a_done_callback_runs_behind_what_the_task_queued_itself() {
    let (event_loop, trace) = setup();
    let (this, say) = (event_loop.clone(), trace.clone());
    let task = event_loop.create_task(async move {
        let queued = say.clone();
        this.call_soon(move || queued.say("queued by task"));
        say.say("task ends");
        Ok(())
    });
    let say = trace.clone();
    task.add_done_callback(move |task| {
        say.say(format!("done-callback {}", truth(task.is_done())));
    });
    spin(&event_loop);
    trace.say(format!(
        "-- iteration 1 over, done {}",
        truth(task.is_done())
    ));
    spin(&event_loop);
    trace.expect("T29");
}

#[test]
fn t30_a_context_is_what_a_body_captures_at_its_creation() {
    let (event_loop, trace) = setup();
    // There is no ambient context: what a task shall see of its surroundings it is given, here as a copy of its own.
    let variable = RefCell::new("outer");
    let (own, say) = (variable.clone(), trace.clone());
    let task = event_loop.create_task(async move {
        say.say(format!("task sees {}", own.borrow()));
        own.replace("inner");
        yield_now().await?;
        say.say(format!("task sees {}", own.borrow()));
        Ok(())
    });
    variable.replace("changed");
    event_loop.run_until_complete(task).unwrap();
    trace.say(format!("outside {}", variable.borrow()));
    trace.expect("T30");
}

#[test]
fn t31_a_promise_that_a_body_returns_is_not_awaited() {
    let (event_loop, trace) = setup();
    let promise = event_loop.create_promise::<()>();
    let given = promise.clone();
    let returned = event_loop
        .run_until_complete(async move { Ok(given) })
        .unwrap();
    trace.say(format!(
        "{} {}",
        truth(returned == promise),
        truth(returned.is_done())
    ));
    trace.expect("T31");
}

#[test]
fn t32_a_cancellation_before_the_first_step_prevents_it_one_after_it_interrupts() {
    let (event_loop, trace) = setup();
    let create = |name: &'static str| {
        let say = trace.clone();
        event_loop.create_task(async move {
            say.say(format!("{name} body"));
            let slept = sleep(s(9.0)).await;
            if slept.is_err() {
                say.say(format!("{name} except"));
            }
            Ok(slept?)
        })
    };
    let p: Rc<RefCell<Option<Task<()>>>> = Rc::default();
    let of_p = p.clone();
    event_loop.call_soon(move || {
        of_p.borrow().as_ref().expect("created below").cancel();
    });
    *p.borrow_mut() = Some(create("P"));
    let q = create("Q");
    let of_q = q.clone();
    event_loop.call_soon(move || {
        of_q.cancel();
    });
    spin(&event_loop);
    spin(&event_loop);
    let p = p.take().expect("created above");
    trace.say(format!(
        "{} {}",
        truth(p.is_cancelled()),
        truth(q.is_cancelled())
    ));
    trace.expect("T32");
}

#[test]
fn t37_all_tasks_lists_those_that_have_not_ended_and_each_has_a_name() {
    let (event_loop, trace) = setup();
    let _finished = event_loop.create_task(async { Ok(()) }).named("fin");
    spin(&event_loop);
    let _pending = event_loop
        .create_task(async { Ok(sleep(s(1.0)).await?) })
        .named("pend");
    let default = event_loop.create_task(async { Ok(()) });
    let named: Vec<_> = event_loop
        .all_tasks()
        .iter()
        .map(|task| task.name())
        .filter(|name| !name.starts_with("Task-"))
        .map(|name| format!("'{name}'"))
        .collect();
    trace.say(format!(
        "[{}] {}",
        named.join(", "),
        truth(default.name().starts_with("Task-"))
    ));
    default.any().set_name("x");
    trace.say(default.name());
    trace.expect("T37");
}

#[test]
fn t38_a_cancellation_that_is_taken_back_before_it_arrives_does_not_arrive() {
    fn take_back(task: &AnyTask) {
        task.cancel();
        task.uncancel();
    }
    let (event_loop, trace) = setup();
    let log = trace.clone();
    let main = async move {
        for state in [
            "not started",
            "cancels itself",
            "in sleep(0)",
            "woken by a value",
        ] {
            let promise = get_running_loop()?.create_promise();
            let awaited = promise.clone();
            let task = create_task(async move {
                if state == "cancels itself" {
                    take_back(&current_task().expect("inside a task"));
                }
                sleep(s(0.0)).await?;
                awaited.await
            });
            match state {
                "in sleep(0)" => sleep(s(0.0)).await?,
                "woken by a value" => {
                    sleep(s(0.0)).await?;
                    sleep(s(0.0)).await?;
                    promise.set_result("goes on")?;
                }
                _ => {}
            }
            if state != "cancels itself" {
                take_back(&task.any());
            }
            sleep(s(0.0)).await?;
            sleep(s(0.0)).await?;
            if !promise.is_done() {
                promise.set_result("goes on")?;
            }
            log.say(match task.await {
                Ok(value) => format!("{state}: {value}"),
                Err(_) => format!("{state}: cancelled"),
            });
        }
        Ok(())
    };
    event_loop.run_until_complete(main).unwrap();
    trace.expect("T38");
}

#[test]
fn t39_of_two_messages_the_first_arrives() {
    let (event_loop, trace) = setup();
    let task = event_loop.create_task(async { Ok(sleep(s(9.0)).await?) });
    spin(&event_loop);
    trace.say(format!(
        "{} {}",
        truth(task.cancel_with_message("a")),
        truth(task.cancel_with_message("b"))
    ));
    let error = event_loop.run_until_complete(&task).unwrap_err();
    trace.say(exception(&error));
    trace.expect("T39");
}

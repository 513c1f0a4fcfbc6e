//! Promises: asyncio's `Future` under another name.

use std::cell::RefCell;
use std::rc::Rc;

use asyncio::{CallbackId, Error, EventLoop, Promise, ReturnWhen, Task, sleep, wait, yield_now};

use crate::harness::{
    Raised, Trace, exception, invalid_state, report_to, s, spin, t, truth, virtual_loop,
};

fn setup() -> (EventLoop, Trace) {
    (virtual_loop(), Trace::new())
}

/// Runs the loop until both tasks have ended.
fn run_both(event_loop: &EventLoop, first: &Task<()>, second: &Task<()>) {
    let tasks = [first.clone(), second.clone()];
    event_loop
        .run_until_complete(async move {
            wait(tasks, None, ReturnWhen::AllCompleted)
                .await
                .map(|_| ())
        })
        .unwrap();
}

#[test]
fn f01_a_fresh_promise_has_neither_result_nor_exception() {
    let (event_loop, trace) = setup();
    let promise = event_loop.create_promise::<()>();
    trace.say(format!(
        "{} {} {} {}",
        truth(promise.is_done()),
        truth(promise.is_cancelled()),
        exception(&promise.result().unwrap_err()),
        exception(&promise.exception().unwrap_err()),
    ));
    trace.expect("F01");
}

#[test]
fn f02_a_promise_is_filled_once() {
    let (event_loop, trace) = setup();
    let promise = event_loop.create_promise();
    promise.set_result(42).unwrap();
    trace.say(format!(
        "{} {} {:?} {}",
        truth(promise.is_done()),
        promise.result().unwrap(),
        promise.exception().unwrap(),
        truth(promise.is_cancelled()),
    ));
    trace.say(format!(
        "{} {} {}",
        invalid_state(promise.set_result(1).unwrap_err()),
        invalid_state(promise.set_exception(Raised("ValueError", "")).unwrap_err()),
        truth(promise.cancel()),
    ));
    trace.expect("F02");
}

#[test]
fn f03_a_failed_promise_gives_its_error_to_everybody_who_asks() {
    let (event_loop, trace) = setup();
    let promise = event_loop.create_promise::<()>();
    let error = Error::from(Raised("KeyError", "'k'"));
    promise.set_exception(error.clone()).unwrap();
    let given = promise.exception().unwrap().expect("it failed");
    trace.say(format!(
        "{} {} {}",
        truth(std::ptr::addr_eq(given.as_std(), error.as_std())),
        exception(&promise.result().unwrap_err()),
        truth(promise.is_cancelled()),
    ));
    trace.expect_instead(
        "F03",
        "an error is a value: there are no exception classes and no StopIteration",
        &["True KeyError: 'k' False"],
    );
}

#[test]
fn f04_a_cancelled_promise_keeps_the_message_of_the_first_cancel() {
    let (event_loop, trace) = setup();
    let promise = event_loop.create_promise::<()>();
    trace.say(format!(
        "{} {} {} {}",
        truth(promise.cancel_with_message("why")),
        truth(promise.cancel()),
        truth(promise.is_done()),
        truth(promise.is_cancelled()),
    ));
    trace.say(format!(
        "{} | {} | {}",
        exception(&promise.result().unwrap_err()),
        exception(&promise.exception().unwrap_err()),
        invalid_state(promise.set_result(()).unwrap_err()),
    ));
    trace.expect("F04");
}

#[test]
fn f06_a_callback_on_a_finished_promise_waits_for_its_turn_too() {
    let (event_loop, trace) = setup();
    let promise = event_loop.create_promise();
    promise.set_result(1).unwrap();
    let say = trace.clone();
    promise.add_done_callback(move |_| say.say("cb"));
    trace.say("registered");
    spin(&event_loop);
    trace.expect("F06");
}

#[test]
fn f07_a_callback_can_be_taken_back_once() {
    let (event_loop, trace) = setup();
    let promise = event_loop.create_promise();
    let mut first = Vec::new();
    for _ in 0..6 {
        let say = trace.clone();
        first.push(promise.add_done_callback(move |_: &Promise<i32>| say.say("cb1")));
    }
    let say = trace.clone();
    promise.add_done_callback(move |_| say.say("cb2"));
    let unknown = event_loop.create_promise::<i32>();
    let mut of_another = Vec::new();
    for _ in 0..8 {
        of_another.push(unknown.add_done_callback(|_| ()));
    }
    let removed = |ids: &[CallbackId]| {
        ids.iter()
            .filter(|id| promise.remove_done_callback(**id))
            .count()
    };
    trace.say(format!(
        "{} {} {}",
        removed(&first),
        removed(&first),
        removed(&of_another[7..])
    ));
    promise.set_result(0).unwrap();
    spin(&event_loop);
    trace.expect("F07");
}

#[test]
fn f08_a_finished_promise_has_no_callbacks_left_to_take_back() {
    let (event_loop, trace) = setup();
    let promise = event_loop.create_promise();
    let second: Rc<RefCell<Option<CallbackId>>> = Rc::default();
    let (of_second, say) = (second.clone(), trace.clone());
    promise.add_done_callback(move |promise: &Promise<i32>| {
        let id = of_second.borrow().expect("the second is there");
        let removed = usize::from(promise.remove_done_callback(id));
        say.say(format!("first; removed {removed}"));
    });
    let say = trace.clone();
    *second.borrow_mut() = Some(promise.add_done_callback(move |_| say.say("second")));
    promise.set_result(0).unwrap();
    spin(&event_loop);
    trace.expect("F08");
}

#[test]
fn f09_the_error_of_a_callback_goes_to_the_loop_and_the_next_one_runs() {
    let (event_loop, trace) = setup();
    report_to(&event_loop, &trace);
    let promise = event_loop.create_promise();
    promise.add_done_callback(|_| Err(Raised("ZeroDivisionError", "division by zero")));
    let say = trace.clone();
    promise.add_done_callback(move |_| say.say("second"));
    promise.set_result(0).unwrap();
    spin(&event_loop);
    trace.expect("F09");
}

#[test]
fn f11_set_result_schedules_the_awaiter_and_does_not_run_it() {
    let (event_loop, trace) = setup();
    let promise = event_loop.create_promise();
    let (awaited, say) = (promise.clone(), trace.clone());
    event_loop.create_task(async move {
        say.say("waiting");
        say.say(format!("got {}", awaited.await?));
        Ok(())
    });
    spin(&event_loop);
    trace.say("set");
    promise.set_result(5).unwrap();
    trace.say("after set");
    spin(&event_loop);
    trace.say("end");
    trace.expect("F11");
}

#[test]
fn f12_an_error_that_nobody_looked_at_is_reported_on_drop() {
    let (event_loop, trace) = setup();
    report_to(&event_loop, &trace);
    for case in ["1", "2", "3", "4", "5"] {
        trace.say(format!("case {case}"));
        let promise = event_loop.create_promise();
        if matches!(case, "1" | "2" | "3") {
            promise.set_exception(Raised("ValueError", case)).unwrap();
        }
        match case {
            "2" => drop(promise.exception()),
            "3" => assert!(!promise.cancel()),
            "5" => promise.set_result(1).unwrap(),
            _ => {}
        }
    }
    trace.expect("F12");
}

#[test]
fn f13_any_number_of_tasks_await_one_promise_any_number_of_times() {
    let (event_loop, trace) = setup();
    let promise = event_loop.create_promise();
    let [a, b] = ["A", "B"].map(|name| {
        let (promise, say) = (promise.clone(), trace.clone());
        event_loop.create_task(async move {
            say.say(format!("{name} waits"));
            say.say(format!("{name} got {}", (&promise).await?));
            say.say(format!("{name} again {}", promise.await?));
            Ok(())
        })
    });
    spin(&event_loop);
    promise.set_result(9).unwrap();
    run_both(&event_loop, &a, &b);
    trace.expect("F13");
}

#[test]
fn f15_to_set_a_result_wakes_and_does_not_switch() {
    let (event_loop, trace) = setup();
    let promise = event_loop.create_promise();
    let (awaited, say) = (promise.clone(), trace.clone());
    let b = event_loop.create_task(async move {
        say.say("B waits");
        awaited.await?;
        say.say("B resumed");
        Ok(())
    });
    let say = trace.clone();
    let a = event_loop.create_task(async move {
        say.say("A sets");
        promise.set_result(())?;
        say.say("A continues");
        yield_now().await?;
        say.say("A after sleep0");
        Ok(())
    });
    run_both(&event_loop, &b, &a);
    trace.expect("F15");
}

#[test]
fn f16_a_cancelled_sleep_ends_at_once_and_its_timer_does_nothing() {
    let (event_loop, trace) = setup();
    report_to(&event_loop, &trace);
    let say = trace.clone();
    let task = event_loop.create_task(async move {
        sleep(s(1.0)).await?;
        say.say("slept");
        Ok(())
    });
    spin(&event_loop);
    task.cancel();
    spin(&event_loop);
    trace.say(format!("cancelled {}", truth(task.is_cancelled())));
    let this = event_loop.clone();
    event_loop.call_later(s(3.0), move || this.stop());
    event_loop.run_forever().unwrap();
    trace.say(format!("t {}", t(event_loop.time())));
    trace.expect("F16");
}

#[test]
fn f17_who_awaits_a_cancelled_promise_is_cancelled() {
    let (event_loop, trace) = setup();
    let promise = event_loop.create_promise::<()>();
    let (awaited, say) = (promise.clone(), trace.clone());
    let task = event_loop.create_task(async move {
        let result = awaited.await;
        if let Err(error) = &result {
            say.say(format!("w caught {}", exception(error)));
        }
        result
    });
    spin(&event_loop);
    promise.cancel_with_message("m");
    spin(&event_loop);
    spin(&event_loop);
    trace.say(format!(
        "task cancelled {} cancelling() {}",
        truth(task.is_cancelled()),
        task.cancelling()
    ));
    trace.expect("F17");
}

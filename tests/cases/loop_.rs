//! The loop itself: callbacks, timers, running, stopping, closing.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use asyncio::{
    EventLoop, Handle, Result, RunError, create_task, current_task, get_running_loop, sleep,
    yield_now,
};

use crate::harness::{
    Raised, Trace, exception, real_loop, report_to, run_error, s, spin, t, truth, virtual_loop,
};

fn setup() -> (EventLoop, Trace) {
    (virtual_loop(), Trace::new())
}

/// Makes a callback that says `line`.
fn says(trace: &Trace, line: &'static str) -> impl FnOnce() + 'static {
    let trace = trace.clone();
    move || trace.say(line)
}

#[test]
fn l01_callbacks_run_in_order_and_none_inside_call_soon() {
    let (event_loop, trace) = setup();
    for name in ["a", "b", "c"] {
        event_loop.call_soon(says(&trace, name));
    }
    let this = event_loop.clone();
    event_loop.call_soon(move || this.stop());
    trace.say("scheduled");
    event_loop.run_forever().unwrap();
    trace.say("returned");
    trace.expect("L01");
}

#[test]
fn l02_what_a_callback_schedules_runs_in_the_next_pass() {
    let (event_loop, trace) = setup();
    let (this, say) = (event_loop.clone(), trace.clone());
    event_loop.call_soon(move || {
        say.say("a");
        this.call_soon(says(&say, "d"));
    });
    event_loop.call_soon(says(&trace, "b"));
    let (this, say) = (event_loop.clone(), trace.clone());
    event_loop.call_soon(move || {
        say.say("c");
        this.stop();
    });
    event_loop.run_forever().unwrap();
    trace.say("-- returned");
    event_loop.stop();
    event_loop.run_forever().unwrap();
    trace.say("-- returned");
    trace.expect("L02");
}

#[test]
fn l03_a_loop_that_was_stopped_before_the_run_makes_one_pass() {
    let (event_loop, trace) = setup();
    let (this, say) = (event_loop.clone(), trace.clone());
    event_loop.call_soon(move || {
        say.say("a");
        this.call_soon(says(&say, "late"));
    });
    event_loop.call_soon(says(&trace, "b"));
    event_loop.stop();
    event_loop.run_forever().unwrap();
    trace.say(format!(
        "-- returned, running = {}",
        truth(event_loop.is_running())
    ));
    spin(&event_loop);
    trace.expect("L03");
}

#[test]
fn l05_a_handle_can_be_cancelled_until_its_callback_runs() {
    let (event_loop, trace) = setup();
    let h1 = event_loop.call_soon(says(&trace, "h1"));
    h1.cancel();
    let victim: Rc<RefCell<Option<Handle>>> = Rc::default();
    let (of_h2, say) = (victim.clone(), trace.clone());
    event_loop.call_soon(move || {
        say.say("canceller");
        of_h2.borrow().as_ref().expect("h2 is there").cancel();
    });
    let h2 = event_loop.call_soon(says(&trace, "h2"));
    *victim.borrow_mut() = Some(h2.clone());
    let h3 = event_loop.call_soon(says(&trace, "h3"));
    spin(&event_loop);
    h3.cancel();
    h3.cancel();
    let cancelled = [&h1, &h2, &h3].map(|handle| truth(handle.is_cancelled()));
    trace.say(cancelled.join(" "));
    trace.expect("L05");
}

#[test]
fn l06_timers_fire_by_deadline_even_those_that_lie_in_the_past() {
    let (event_loop, trace) = setup();
    // A duration is never negative; a deadline before now is the same thing.
    event_loop.advance(s(2.0));
    let start = event_loop.time();
    for (after, name) in [
        (0.3, "c"),
        (0.1, "a"),
        (0.2, "b"),
        (-1.0, "n1"),
        (-2.0, "n2"),
    ] {
        let when = s(start.as_secs_f64() + after);
        let (this, say) = (event_loop.clone(), trace.clone());
        event_loop.call_at(when, move || {
            say.say(format!("{name} {}", t(this.time() - start)));
        });
    }
    let this = event_loop.clone();
    event_loop.call_later(s(0.4), move || this.stop());
    event_loop.run_forever().unwrap();
    trace.expect("L06");
}

#[test]
fn l07_call_at_takes_a_time_on_the_loops_clock() {
    let (event_loop, trace) = setup();
    let (this, say) = (event_loop.clone(), trace.clone());
    let handle = event_loop.call_at(s(1.5), move || say.say(format!("fired {}", t(this.time()))));
    trace.say(format!("when {}", t(handle.when())));
    let this = event_loop.clone();
    event_loop.call_at(s(2.0), move || this.stop());
    event_loop.run_forever().unwrap();
    trace.say(format!("t {}", t(event_loop.time())));
    trace.expect_instead(
        "L07",
        "a Duration is never None: what Python refuses at run time cannot be written",
        &["when 1.5", "fired 1.5", "t 2.0"],
    );
}

#[test]
fn l08_due_timers_come_behind_what_is_ready() {
    let (event_loop, trace) = setup();
    event_loop.call_later(Duration::ZERO, says(&trace, "timer0"));
    event_loop.call_soon(says(&trace, "soon"));
    let (this, say) = (event_loop.clone(), trace.clone());
    event_loop.call_soon(move || {
        this.call_later(Duration::ZERO, says(&say, "timer0b"));
        this.call_soon(says(&say, "soon-b"));
        say.say("more");
    });
    for _ in 0..3 {
        spin(&event_loop);
    }
    trace.expect("L08");
}

#[test]
fn l09_equal_deadlines_fire_in_the_order_in_which_they_were_set() {
    let (event_loop, trace) = setup();
    for name in ["a", "b", "c", "d"] {
        event_loop.call_at(s(1.0), says(&trace, name));
    }
    let this = event_loop.clone();
    event_loop.call_at(s(2.0), move || this.stop());
    event_loop.run_forever().unwrap();
    trace.expect_instead(
        "L09",
        "asyncio promises no order and shows its heap's; here ties are first in, first out, as `call_at` documents",
        &["a", "b", "c", "d"],
    );
}

#[test]
fn l11_an_exception_handler_that_fails_itself_does_not_stop_the_loop() {
    let (event_loop, trace) = setup();
    let say = trace.clone();
    event_loop.set_exception_handler(move |_| {
        say.say("handler called");
        Err(Raised("AttributeError", "broken handler"))
    });
    event_loop.call_soon(|| Err(Raised("ZeroDivisionError", "division by zero")));
    event_loop.call_soon(says(&trace, "next"));
    spin(&event_loop);
    trace.say("alive");
    trace.expect("L11");
}

#[test]
fn l12_a_panic_leaves_the_run_and_the_rest_of_the_batch_stays_queued() {
    let (event_loop, trace) = setup();
    let die = || -> () { std::panic::panic_any(Raised("SystemExit", "3")) };
    event_loop.call_soon(die);
    event_loop.call_soon(says(&trace, "leftover"));
    let run = catch_unwind(AssertUnwindSafe(|| event_loop.run_forever()));
    let payload = run.expect_err("the panic leaves the run");
    let raised = payload.downcast_ref::<Raised>().expect("our own panic");
    trace.say(exception(&raised.clone().into()));
    trace.say(format!(
        "running {} closed {}",
        truth(event_loop.is_running()),
        truth(event_loop.is_closed())
    ));
    spin(&event_loop);
    trace.expect("L12");
}

#[test]
fn l13_run_until_complete_gives_the_value_or_the_error() {
    let (event_loop, trace) = setup();
    trace.say(event_loop.run_until_complete(async { Ok(42) }).unwrap());
    let failed: Result<()> =
        event_loop.run_until_complete(async { Err(Raised("ValueError", "x").into()) });
    trace.say(exception(&failed.unwrap_err()));
    let promise = event_loop.create_promise();
    promise.set_result("done").unwrap();
    let done = event_loop.run_until_complete(promise).unwrap();
    trace.say(format!("'{done}'"));
    trace.expect("L13");
}

#[test]
fn l14_a_run_that_was_stopped_early_can_be_resumed() {
    let (event_loop, trace) = setup();
    let n = Rc::new(Cell::new(0));
    let (this, count) = (event_loop.clone(), n.clone());
    let task = event_loop.create_task(async move {
        while count.get() < 4 {
            sleep(s(0.1)).await?;
            count.set(count.get() + 1);
            if count.get() == 2 {
                this.stop();
            }
        }
        Ok("finished")
    });
    for _ in 0..2 {
        let outcome = match event_loop.run_until_complete(&task) {
            Ok(value) => format!("'{value}'"),
            Err(error) => exception(&error),
        };
        trace.say(format!(
            "{outcome} n = {} t = {}",
            n.get(),
            t(event_loop.time())
        ));
    }
    trace.expect("L14");
}

#[test]
fn l15_a_promise_of_another_loop_is_refused() {
    let (event_loop, trace) = setup();
    let other = virtual_loop();
    let promise = other.create_promise::<()>();
    let refused = event_loop.run_until_complete(promise);
    trace.say(exception(&refused.unwrap_err()));
    trace.expect_instead(
        "L15",
        "a string is no Awaitable: the compiler refuses it",
        &[
            "ValueError: The future belongs to a different loop than the one specified as the loop argument",
        ],
    );
}

#[test]
fn l16_no_loop_runs_inside_a_loop() {
    let (event_loop, trace) = setup();
    let other = virtual_loop();
    let (this, say) = (event_loop.clone(), trace.clone());
    event_loop.call_soon(move || {
        say.say(run_error(other.run_forever().unwrap_err()));
        say.say(run_error(this.run_forever().unwrap_err()));
    });
    spin(&event_loop);
    trace.expect("L16");
}

#[test]
fn l17_a_closed_loop_schedules_and_runs_nothing() {
    let (event_loop, trace) = setup();
    event_loop.call_soon(says(&trace, "never"));
    event_loop.call_later(s(1.0), says(&trace, "never2"));
    event_loop.close().unwrap();
    event_loop.close().unwrap();
    trace.say(format!("closed {}", truth(event_loop.is_closed())));

    // To schedule on a closed loop is a documented misuse and panics, with the text of the error that the others give.
    let misuse = |name: &str, call: &dyn Fn()| {
        let payload = catch_unwind(AssertUnwindSafe(call)).expect_err("it panics");
        let text = payload
            .downcast_ref::<String>()
            .expect("a panic with a text");
        assert_eq!(*text, RunError::Closed.to_string());
        trace.say(format!("{name} -> {}", run_error(RunError::Closed)));
    };
    let refused = |name: &str, error: RunError| {
        trace.say(format!("{name} -> {}", run_error(error)));
    };
    misuse("call_soon", &|| drop(event_loop.call_soon(|| ())));
    misuse("call_later", &|| drop(event_loop.call_later(s(1.0), || ())));
    misuse("call_at", &|| drop(event_loop.call_at(s(1.0), || ())));
    let threadsafe = event_loop.handle().call_soon_threadsafe(|| ());
    refused("call_soon_threadsafe", threadsafe.unwrap_err());
    refused("run_forever", event_loop.run_forever().unwrap_err());
    let complete = event_loop.run_until_complete(async { Ok(()) });
    trace.say(format!(
        "run_until_complete -> {}",
        exception(&complete.unwrap_err())
    ));
    misuse("create_task", &|| {
        drop(event_loop.create_task(async { Ok(()) }))
    });
    misuse("run_in_executor", &|| {
        drop(event_loop.run_in_executor(|| Ok(())))
    });
    event_loop.stop();
    trace.say("stop -> None");
    let promise = event_loop.create_promise::<()>();
    assert!(!promise.is_done());
    trace.say("create_future -> 'Future'");
    trace.say(format!("time -> {}", t(event_loop.time())));
    trace.expect("L17");
}

#[test]
fn l19_closing_the_loop_drops_unfinished_tasks_and_runs_their_destructors() {
    struct Finally(Trace);
    impl Drop for Finally {
        fn drop(&mut self) {
            self.0.say("finally");
        }
    }
    let (event_loop, trace) = setup();
    report_to(&event_loop, &trace);
    let finally = Finally(trace.clone());
    let task = event_loop.create_task(async move {
        let _finally = finally;
        get_running_loop()?.create_promise::<()>().await
    });
    spin(&event_loop);
    event_loop.close().unwrap();
    trace.say(format!("closed, task done = {}", truth(task.is_done())));
    drop(task);
    trace.say("collected");
    trace.expect_instead(
        "L19",
        "there is no garbage collector: `close` drops the tasks, and destructors run there and then, as it documents",
        &[
            "finally",
            "handler: Task Task-1 was destroyed but it is pending",
            "closed, task done = False",
            "collected",
        ],
    );
}

#[test]
fn l20_another_thread_wakes_a_loop_that_sleeps() {
    let (event_loop, trace) = (real_loop(), Trace::new());
    let me = thread::current().id();
    let handle = event_loop.handle();
    let (running, is_running) = mpsc::channel();
    let (lines, said) = mpsc::channel();
    event_loop.call_soon(move || running.send(()).unwrap());
    let other = thread::spawn(move || {
        is_running.recv().unwrap();
        let line = lines.clone();
        handle
            .call_soon_threadsafe(move || {
                let here = thread::current().id() == me;
                line.send(format!("one on loop thread: {}", truth(here)))
                    .unwrap();
            })
            .unwrap();
        let to_stop = handle.clone();
        handle
            .call_soon_threadsafe(move || {
                lines.send("two".to_owned()).unwrap();
                to_stop.stop()
            })
            .unwrap();
    });
    event_loop.run_forever().unwrap();
    other.join().unwrap();
    for line in said {
        trace.say(line);
    }
    trace.expect("L20");
}

#[test]
fn l23_run_until_complete_leaves_the_other_tasks_as_they_are() {
    let (event_loop, trace) = setup();
    let (this, say) = (event_loop.clone(), trace.clone());
    let background = event_loop.create_task(async move {
        say.say("bg start");
        sleep(s(1.0)).await?;
        say.say(format!("bg end {}", t(this.time())));
        Ok(())
    });
    let say = trace.clone();
    let main = event_loop.run_until_complete(async move {
        say.say("main");
        sleep(s(0.5)).await?;
        Ok("m")
    });
    trace.say(format!(
        "{} t {} bg done {}",
        main.unwrap(),
        t(event_loop.time()),
        truth(background.is_done())
    ));
    event_loop.run_until_complete(&background).unwrap();
    trace.say(format!("bg done {}", truth(background.is_done())));
    trace.expect("L23");
}

#[test]
fn l24_run_cancels_what_main_leaves_behind_and_waits_for_its_cleanup() {
    let (event_loop, trace) = setup();
    let say = trace.clone();
    let result = event_loop.run(async move {
        let in_background = say.clone();
        create_task(async move {
            let slept = sleep(s(100.0)).await;
            if slept.is_err() {
                in_background.say("bg: cancelled");
            }
            yield_now().await?;
            in_background.say("bg: cleanup awaited");
            Ok(slept?)
        });
        yield_now().await?;
        say.say("main returns");
        Ok(7)
    });
    trace.say(format!("run -> {}", result.unwrap()));
    trace.expect("L24");
}

#[test]
fn l25_run_until_complete_returns_behind_the_callbacks_that_were_there_before_it() {
    let (event_loop, trace) = setup();
    let task = event_loop.create_task(async { Ok(1) });
    let (this, say) = (event_loop.clone(), trace.clone());
    task.add_done_callback(move |task| {
        say.say("x");
        let y = says(&say, "y");
        task.add_done_callback(move |_| y());
        this.call_soon(says(&say, "z"));
    });
    let w = says(&trace, "w");
    task.add_done_callback(move |_| w());
    event_loop.run_until_complete(&task).unwrap();
    trace.say("-- returned");
    spin(&event_loop);
    trace.expect("L25");
}

#[test]
fn l26_cancelled_timers_neither_fire_nor_move_the_clock() {
    let (event_loop, trace) = setup();
    let jumps: Rc<RefCell<Vec<String>>> = Rc::default();
    let jumped = |jumps: &Rc<RefCell<Vec<String>>>| {
        let (this, jumps, before) = (event_loop.clone(), jumps.clone(), event_loop.time());
        move || jumps.borrow_mut().push(t(this.time() - before))
    };
    let far = event_loop.call_later(s(100.0), jumped(&jumps));
    let near = event_loop.call_later(s(0.5), jumped(&jumps));
    far.cancel();
    near.cancel();
    // With nothing but cancelled timers the loop has nothing to wait for, and the clock has not moved.
    assert_eq!(event_loop.run_forever(), Err(RunError::Stalled));
    assert_eq!(event_loop.time(), Duration::ZERO);

    let near = event_loop.call_later(s(0.5), jumped(&jumps));
    near.cancel();
    let (this, last) = (event_loop.clone(), jumped(&jumps));
    event_loop.call_later(s(1.0), move || {
        last();
        this.stop();
    });
    event_loop.run_forever().unwrap();
    trace.say(format!(
        "t {} jumps [{}]",
        t(event_loop.time()),
        jumps.borrow().join(", ")
    ));
    trace.expect("L26");
}

#[test]
fn l27_the_end_of_a_run_has_no_task_of_its_own_that_a_clean_up_could_cancel() {
    let (event_loop, trace) = setup();
    let say = trace.clone();
    let main = async move {
        let bossy = say.clone();
        create_task(async move {
            let slept = sleep(s(9.0)).await;
            bossy.say("bossy");
            for task in get_running_loop()?.all_tasks() {
                if &*task.name() != "slow" && Some(&task) != current_task().as_ref() {
                    task.cancel();
                }
            }
            Ok(slept?)
        });
        create_task(async move {
            let slept = sleep(s(9.0)).await;
            sleep(s(1.0)).await?;
            say.say("slow cleaned up");
            Ok(slept?)
        })
        .named("slow");
        Ok(yield_now().await?)
    };
    event_loop.run(main).unwrap();
    trace.say("ended");
    trace.expect("L27");
}

#[test]
fn l28_a_task_that_a_late_clean_up_makes_gets_a_few_steps_and_no_more() {
    let (event_loop, trace) = setup();
    let steps = Rc::new(Cell::new(0));
    let counted = steps.clone();
    let main = async move {
        create_task(async move {
            let slept = sleep(s(9.0)).await;
            create_task::<()>(async move {
                loop {
                    counted.set(counted.get() + 1);
                    yield_now().await?;
                }
            });
            Ok(slept?)
        });
        Ok(yield_now().await?)
    };
    event_loop.run(main).unwrap();
    trace.say(format!("{} steps", steps.get()));
    trace.expect("L28");
}

#[test]
fn l29_a_loop_that_cannot_run_makes_no_task() {
    let (event_loop, trace) = setup();
    let other = virtual_loop();
    let (inside, say) = (other.clone(), trace.clone());
    event_loop.call_soon(move || {
        let late = say.clone();
        let body = async move {
            late.say("the body runs");
            Ok(())
        };
        say.say(exception(&inside.run_until_complete(body).unwrap_err()));
    });
    spin(&event_loop);
    trace.say(format!("tasks {}", other.all_tasks().len()));
    spin(&other);
    trace.expect("L29");
}

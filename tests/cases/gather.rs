//! `gather`: many awaitables as one.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use asyncio::{
    EventLoop, Promise, Result, create_task, gather, gather_return_exceptions, get_running_loop,
    sleep,
};

use crate::harness::{
    Raised, Trace, after, exception, fail_after, report_to, repr, s, spin, t, truth, virtual_loop,
};

fn setup() -> (EventLoop, Trace) {
    (virtual_loop(), Trace::new())
}

#[test]
fn g01_results_come_in_the_order_of_the_arguments() {
    let (event_loop, trace) = setup();
    let all = event_loop.run_until_complete(async {
        gather([after(0.3, "a"), after(0.1, "b"), after(0.2, "c")]).await
    });
    trace.say(format!("{} {}", repr(&all.unwrap()), t(event_loop.time())));
    trace.expect("G01");
}

#[test]
fn g02_a_gathering_of_nothing_is_done_at_once() {
    let (event_loop, trace) = setup();
    let log = trace.clone();
    let main = async move {
        let all = gather(Vec::<Promise<u8>>::new());
        let callback = log.clone();
        get_running_loop()?.call_soon(move || callback.say("cb"));
        log.say(format!("{} {:?}", truth(all.is_done()), all.await?));
        Ok(sleep(s(0.0)).await?)
    };
    event_loop.run_until_complete(main).unwrap();
    trace.expect("G02");
}

#[test]
fn g03_siblings_of_a_failed_child_go_on() {
    let (event_loop, trace) = setup();
    report_to(&event_loop, &trace);
    let log = trace.clone();
    let main = async move {
        let event_loop = get_running_loop()?;
        let (finished, clock) = (log.clone(), event_loop.clone());
        let children = [
            create_task(async move {
                sleep(s(0.3)).await?;
                finished.say(format!("ok finished {}", t(clock.time())));
                Ok(())
            }),
            create_task(fail_after(0.1, Raised("ValueError", "first"))),
            create_task(fail_after(0.2, Raised("KeyError", "'second'"))),
        ];
        let error = gather(children).await.unwrap_err();
        let error = exception(&error);
        log.say(format!("caught {error} {}", t(event_loop.time())));
        Ok(sleep(s(1.0)).await?)
    };
    event_loop.run_until_complete(main).unwrap();
    trace.say("end");
    trace.expect("G03");
}

#[test]
fn g05_a_child_cancelled_by_others_fails_the_whole_but_does_not_cancel_it() {
    let (event_loop, trace) = setup();
    let log = trace.clone();
    let main = async move {
        let event_loop = get_running_loop()?;
        let a = create_task(after(0.5, "a"));
        let b = create_task(after(0.9, "b"));
        let all = gather([&a, &b]);
        event_loop.call_later(s(0.1), move || {
            b.cancel();
        });
        log.say(format!(
            "awaiter gets {} g.cancelled {} a.done {}",
            exception(&(&all).await.unwrap_err()),
            truth(all.is_cancelled()),
            truth(a.is_done()),
        ));
        log.say(format!("{} {}", a.await?, t(event_loop.time())));
        Ok(())
    };
    event_loop.run_until_complete(main).unwrap();
    trace.expect("G05");
}

#[test]
fn g06_a_child_cancelled_by_others_is_an_item_among_the_outcomes() {
    let (event_loop, trace) = setup();
    let log = trace.clone();
    let main = async move {
        let event_loop = get_running_loop()?;
        let a = create_task(after(0.5, "a"));
        let b = create_task(after(0.9, "b"));
        let cancelled = b.clone();
        event_loop.call_later(s(0.1), move || {
            cancelled.cancel();
        });
        let all = gather_return_exceptions([a, b]).await?;
        let error = exception(all[1].as_ref().unwrap_err());
        log.say(format!(
            "{} {error} {}",
            all[0].as_ref().unwrap(),
            t(event_loop.time())
        ));
        Ok(())
    };
    event_loop.run_until_complete(main).unwrap();
    trace.expect("G06");
}

#[test]
fn g07_cancelling_the_awaiter_cancels_the_children_first() {
    async fn child(name: &'static str, log: Trace) -> Result<()> {
        let slept = sleep(s(9.0)).await;
        if slept.is_err() {
            log.say(format!("{name} cancelled"));
        }
        Ok(slept?)
    }
    let (event_loop, trace) = setup();
    let log = trace.clone();
    let outer = event_loop.create_task(async move {
        let all = gather([child("c1", log.clone()), child("c2", log.clone())]).await;
        if all.as_ref().is_err_and(|error| error.is_cancelled()) {
            log.say("outer cancelled");
        }
        all
    });
    spin(&event_loop);
    spin(&event_loop);
    trace.say(format!("cancel {}", truth(outer.cancel())));
    trace.say(exception(
        &event_loop.run_until_complete(outer).unwrap_err(),
    ));
    trace.expect("G07");
}

#[test]
fn g09_a_child_that_swallows_the_cancellation_only_delays_it() {
    async fn stubborn() -> Result<&'static str> {
        if sleep(s(9.0)).await.is_err() {
            sleep(s(1.0)).await?;
        }
        Ok("v")
    }
    let (event_loop, trace) = setup();
    for return_exceptions in [false, true] {
        let start = event_loop.time();
        let outer = event_loop.create_task(async move {
            if return_exceptions {
                gather_return_exceptions([stubborn()]).await.map(|_| ())
            } else {
                gather([stubborn()]).await.map(|_| ())
            }
        });
        spin(&event_loop);
        spin(&event_loop);
        outer.cancel();
        let error = event_loop.run_until_complete(outer).unwrap_err();
        trace.say(format!(
            "{} {} took {}",
            truth(return_exceptions),
            exception(&error),
            t(event_loop.time() - start)
        ));
    }
    trace.expect("G09");
}

#[test]
fn g10_a_task_passed_three_times_runs_once() {
    async fn count(name: &'static str, runs: Rc<Cell<u32>>) -> Result<&'static str> {
        runs.set(runs.get() + 1);
        Ok(name)
    }
    let (event_loop, trace) = setup();
    let log = trace.clone();
    let main = async move {
        let runs = Rc::new(Cell::new(0));
        let abc = create_task(count("abc", runs.clone()));
        let def = create_task(count("def", runs.clone()));
        let all = gather([&abc, &abc, &def, &abc]).await?;
        log.say(format!("{} runs {}", repr(&all), runs.get()));
        Ok(())
    };
    event_loop.run_until_complete(main).unwrap();
    trace.expect("G10");
}

#[test]
fn g11_promises_of_two_loops_cannot_be_gathered() {
    let (event_loop, trace) = setup();
    let other = virtual_loop();
    let (ours, theirs) = (
        event_loop.create_promise::<()>(),
        other.create_promise::<()>(),
    );
    let error = event_loop
        .run_until_complete(async move { gather([ours, theirs]).await })
        .unwrap_err();
    trace.say(exception(&error));
    trace.expect("G11");
}

#[test]
fn g12_children_run_in_order_though_nobody_awaits_the_whole() {
    async fn child(name: &'static str, log: Trace) -> Result<()> {
        log.say(format!("run {name}"));
        Ok(())
    }
    let (event_loop, trace) = setup();
    let log = trace.clone();
    let main = async move {
        let all = gather([child("x", log.clone()), child("y", log.clone())]);
        log.say("called");
        sleep(s(0.0)).await?;
        log.say("slept");
        all.await
    };
    event_loop.run_until_complete(main).unwrap();
    trace.expect("G12");
}

#[test]
fn g14_the_first_of_two_errors_in_one_pass_wins() {
    let (event_loop, trace) = setup();
    let error = event_loop.run_until_complete(async {
        gather([
            fail_after::<()>(0.0, Raised("KeyError", "'2nd arg? no, first'")),
            fail_after(0.0, Raised("ValueError", "second")),
        ])
        .await
    });
    trace.say(exception(&error.unwrap_err()));
    trace.expect("G14");
}

#[test]
fn g15_a_gathering_whose_children_are_done_cannot_be_cancelled() {
    let (event_loop, trace) = setup();
    let log = trace.clone();
    let child = event_loop.create_promise();
    let main = async move {
        let all = gather([&child]);
        child.set_result(42)?;
        log.say(format!(
            "g.done {} cancel -> {}",
            truth(all.is_done()),
            truth(all.cancel())
        ));
        log.say(format!("{:?}", all.await?));
        Ok(())
    };
    event_loop.run_until_complete(main).unwrap();
    trace.expect("G15");
}

#[test]
fn g16_only_return_exceptions_waits_for_slow_clean_ups() {
    async fn child(clean_up: f64, finished: Rc<RefCell<Vec<f64>>>) -> Result<()> {
        let start = get_running_loop()?.time();
        let slept = sleep(s(9.0)).await;
        if clean_up > 0.0 {
            sleep(s(clean_up)).await?;
            let took = get_running_loop()?.time() - start;
            finished.borrow_mut().push(took.as_secs_f64());
        }
        Ok(slept?)
    }
    let (event_loop, trace) = setup();
    for return_exceptions in [false, true] {
        let start = event_loop.time();
        let finished = Rc::<RefCell<Vec<f64>>>::default();
        let children = [child(0.0, finished.clone()), child(1.0, finished.clone())];
        let outer = event_loop.create_task(async move {
            if return_exceptions {
                gather_return_exceptions(children).await.map(|_| ())
            } else {
                gather(children).await.map(|_| ())
            }
        });
        spin(&event_loop);
        spin(&event_loop);
        outer.cancel();
        let flag = truth(return_exceptions);
        let error = exception(&event_loop.run_until_complete(outer).unwrap_err());
        let resumed = t(event_loop.time() - start);
        trace.say(format!("{flag} {error} awaiter resumed after {resumed}"));
        event_loop.run_until_complete(after(2.0, ())).unwrap();
        trace.say(format!("{flag} c2 cleaned up after {:?}", finished.take()));
    }
    trace.expect("G16");
}

#[test]
fn g17_the_cancellation_of_a_task_comes_without_its_message() {
    let (event_loop, trace) = setup();
    let log = trace.clone();
    let main = async move {
        let task = create_task(async { Ok(sleep(s(9.0)).await?) });
        let promise: Promise<()> = get_running_loop()?.create_promise();
        sleep(s(0.0)).await?;
        task.cancel_with_message("of the task");
        promise.cancel_with_message("of the future");
        for outcome in gather_return_exceptions([task.promise(), promise]).await? {
            log.say(exception(&outcome.unwrap_err()));
        }
        Ok(())
    };
    event_loop.run_until_complete(main).unwrap();
    trace.expect("G17");
}

#[test]
fn g18_a_gathering_of_what_is_done_is_done_at_once() {
    let (event_loop, trace) = setup();
    let log = trace.clone();
    let main = async move {
        let promise = get_running_loop()?.create_promise();
        promise.set_result(1)?;
        let task = create_task(after(0.0, 2));
        (&task).await?;
        let callback = log.clone();
        get_running_loop()?.call_soon(move || callback.say("cb"));
        let all = gather([&promise, &task.promise()]);
        log.say(format!("g.done {}", truth(all.is_done())));
        log.say(format!("{:?}", all.await?));
        Ok(sleep(s(0.0)).await?)
    };
    event_loop.run_until_complete(main).unwrap();
    trace.expect("G18");
}

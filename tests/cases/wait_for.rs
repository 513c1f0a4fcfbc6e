//! `wait_for`: one awaitable within a time.

use asyncio::{
    Error, EventLoop, Queue, Result, TimedOut, create_task, current_task, get_running_loop, sleep,
    wait_for,
};

use crate::harness::{Raised, Trace, after, exception, fail_after, s, t, truth, virtual_loop};

fn setup() -> (EventLoop, Trace) {
    (virtual_loop(), Trace::new())
}

fn now() -> String {
    t(get_running_loop().unwrap().time())
}

#[test]
fn x01_the_time_is_over_and_the_task_has_cleaned_up() {
    let (event_loop, trace) = setup();
    let log = trace.clone();
    let main = async move {
        let finally = log.clone();
        let task = create_task(async move {
            let slept = sleep(s(10.0)).await;
            finally.say(format!("finally {}", now()));
            Ok(slept?)
        });
        let error = wait_for(&task, s(0.1)).await.unwrap_err();
        log.say(format!(
            "{} cancelled {} {} {}",
            exception(&error),
            truth(task.is_cancelled()),
            now(),
            truth(error.is::<TimedOut>())
        ));
        Ok(())
    };
    event_loop.run_until_complete(main).unwrap();
    trace.expect("X01");
}

#[test]
fn x03_a_body_that_swallows_the_cancellation_gives_its_value() {
    let (event_loop, trace) = setup();
    let body = async {
        match sleep(s(10.0)).await {
            Ok(()) => Ok(0),
            Err(_) => Ok(1),
        }
    };
    let value = event_loop.run_until_complete(async { wait_for(body, s(1.0)).await });
    trace.say(format!("{} {}", value.unwrap(), t(event_loop.time())));
    trace.expect("X03");
}

#[test]
fn x04_an_error_of_the_clean_up_takes_the_place_of_the_timeout() {
    let (event_loop, trace) = setup();
    let body = async {
        sleep(s(10.0))
            .await
            .map_err(|_| Error::from(Raised("KeyError", "'cleanup failed'")))
    };
    let error = event_loop.run_until_complete(async { wait_for(body, s(1.0)).await });
    trace.say(exception(&error.unwrap_err()));
    trace.expect("X04");
}

#[test]
fn x05_without_time_only_what_is_done_gives_its_result() {
    async fn body(log: Trace) -> Result<&'static str> {
        log.say("coroutine body runs");
        Ok("c")
    }
    let (event_loop, trace) = setup();
    let log = trace.clone();
    let main = async move {
        let promise = get_running_loop()?.create_promise();
        promise.set_result("done")?;
        log.say(wait_for(&promise, s(0.0)).await?);
        let error = wait_for(body(log.clone()), s(0.0)).await.unwrap_err();
        log.say(format!("{}; not started", exception(&error)));
        let task = create_task(after(10.0, ()));
        sleep(s(0.0)).await?;
        let error = wait_for(&task, s(0.0)).await.unwrap_err();
        let cancelled = truth(task.is_cancelled());
        log.say(format!("{}; task cancelled {cancelled}", exception(&error)));
        Ok(())
    };
    event_loop.run_until_complete(main).unwrap();
    trace.expect("X05");
}

#[test]
fn x07_in_time_nothing_is_left_behind() {
    let (event_loop, trace) = setup();
    let log = trace.clone();
    let main = async move {
        log.say(wait_for(after(0.5, "v"), s(1.0)).await?);
        log.say(wait_for(after(0.5, "w"), None).await?);
        let failing = fail_after::<()>(0.1, Raised("KeyError", "'k'"));
        let error = wait_for(failing, s(1.0)).await.unwrap_err();
        log.say(exception(&error));
        Ok(())
    };
    event_loop.run_until_complete(main).unwrap();
    trace.say(format!("live timers {}", event_loop.timer_count()));
    trace.expect("X07");
}

#[test]
fn x08_a_cancellation_is_not_lost_when_the_value_came_first() {
    let (event_loop, trace) = setup();
    let log = trace.clone();
    let main = async move {
        let promise = get_running_loop()?.create_promise();
        let (inner, seen) = (promise.clone(), log.clone());
        let waiter = create_task(async move {
            seen.say(format!("value {}", wait_for(inner, s(10.0)).await?));
            sleep(s(1.0)).await?;
            seen.say("went on");
            Ok(())
        });
        sleep(s(0.0)).await?;
        promise.set_result("v")?;
        waiter.cancel();
        if waiter.await.is_err_and(|error| error.is_cancelled()) {
            log.say("cancelled");
        }
        Ok(())
    };
    event_loop.run_until_complete(main).unwrap();
    trace.expect("X08");
}

#[test]
fn x09_what_was_taken_when_the_limit_strikes_is_delivered() {
    let (event_loop, trace) = setup();
    let log = trace.clone();
    let main = async move {
        let queue = Queue::new();
        let task = create_task(wait_for(queue.get(), s(1.0)));
        sleep(s(0.0)).await?;
        sleep(s(0.0)).await?;
        queue.put_nowait("item")?;
        get_running_loop()?.advance(s(2.0));
        match task.await {
            Ok(item) => log.say(format!("got {item} left {}", queue.qsize())),
            Err(error) => log.say(format!("{}, left {}", exception(&error), queue.qsize())),
        }
        Ok(())
    };
    event_loop.run_until_complete(main).unwrap();
    trace.expect("X09");
}

#[test]
fn x10_a_future_runs_in_the_callers_task() {
    let (event_loop, trace) = setup();
    let log = trace.clone();
    let main = async move {
        let (me, say) = (current_task(), log.clone());
        let body = async move {
            let same = truth(current_task() == me);
            say.say(format!("in the caller's task {same}"));
            get_running_loop()?.call_soon(move || say.say("cb"));
            Ok(())
        };
        wait_for(body, s(1.0)).await?;
        log.say("back");
        Ok(sleep(s(0.0)).await?)
    };
    event_loop.run_until_complete(main).unwrap();
    trace.expect("X10");
}

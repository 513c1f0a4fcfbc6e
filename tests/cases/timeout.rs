//! `timeout`: a block within a time.

use asyncio::{
    Error, EventLoop, Result, Timeout, current_task, get_running_loop, sleep, timeout, timeout_at,
};

use crate::harness::{Raised, Trace, exception, s, t, truth, virtual_loop};

fn setup() -> (EventLoop, Trace) {
    (virtual_loop(), Trace::new())
}

fn now() -> String {
    t(get_running_loop().unwrap().time())
}

#[test]
fn o01_the_body_sees_a_cancellation_and_the_caller_a_timeout() {
    let (event_loop, trace) = setup();
    let log = trace.clone();
    let main = async move {
        let limit = Timeout::after(s(1.0));
        let body = async {
            let slept = sleep(s(10.0)).await;
            if let Err(cancelled) = &slept {
                let seen = exception(&cancelled.clone().into());
                log.say(format!("body sees {seen} {}", now()));
            }
            Ok(slept?)
        };
        let error = limit.clone().run(body).await.unwrap_err();
        log.say(format!(
            "{} {} {}",
            exception(&error),
            truth(limit.is_expired()),
            current_task().unwrap().cancelling()
        ));
        sleep(s(1.0)).await?;
        log.say(format!("went on {}", now()));
        Ok(())
    };
    event_loop.run_until_complete(main).unwrap();
    trace.expect("O01");
}

#[test]
fn o03_other_errors_and_other_cancellations_pass_through() {
    let (event_loop, trace) = setup();
    let one = async {
        timeout(s(1.0), async {
            let _ = sleep(s(10.0)).await;
            Err::<(), Error>(Raised("ZeroDivisionError", "division by zero").into())
        })
        .await
    };
    let error = event_loop.run_until_complete(one).unwrap_err();
    trace.say(exception(&error));

    let two = event_loop
        .create_task(async { timeout(s(5.0), async { Ok(sleep(s(10.0)).await?) }).await });
    let cancelled = two.clone();
    event_loop.call_later(s(1.0), move || {
        cancelled.cancel();
    });
    let error = event_loop.run_until_complete(&two).unwrap_err();
    trace.say(format!(
        "{} {}",
        exception(&error),
        truth(two.is_cancelled())
    ));
    trace.expect("O03");
}

#[test]
fn o04_a_limit_of_zero_strikes_at_the_first_await_and_a_limit_can_be_moved() {
    let (event_loop, trace) = setup();
    let log = trace.clone();
    let main = async move {
        let limit = Timeout::after(s(0.0));
        limit
            .clone()
            .run(async {
                log.say("no suspension");
                Ok(())
            })
            .await?;
        log.say(format!("no error, expired {}", truth(limit.is_expired())));

        let body = async {
            sleep(s(0.0)).await?;
            log.say("after sleep0");
            Ok(())
        };
        let error = timeout(s(0.0), body).await.unwrap_err();
        log.say(format!("{} at sleep(0)", exception(&error)));

        let limit = Timeout::after(None);
        limit
            .clone()
            .run(async { Ok(sleep(s(50.0)).await?) })
            .await?;
        let when = limit.when().map_or("None".to_owned(), t);
        log.say(format!("None: {when} {}", truth(limit.is_expired())));

        let start = get_running_loop()?.time();
        let limit = Timeout::after(s(1.0));
        let moved = limit.clone();
        let body = async {
            moved.reschedule(start + s(3.0));
            Ok(sleep(s(9.0)).await?)
        };
        if limit.run(body).await.is_err() {
            let took = get_running_loop()?.time() - start;
            log.say(format!("rescheduled, took {}", t(took)));
        }
        Ok(())
    };
    event_loop.run_until_complete(main).unwrap();
    trace.expect("O04");
}

#[test]
fn o05_a_limit_that_has_ended_cannot_be_moved() {
    let (event_loop, trace) = setup();
    let log = trace.clone();
    let main = async move {
        let limit = Timeout::after(s(1.0));
        limit.clone().run(async { Ok(()) }).await?;
        limit.reschedule(s(2.0));
        log.say(format!("{} {}", t(limit.when().unwrap()), now()));
        Result::Ok(())
    };
    event_loop.run_until_complete(main).unwrap();
    trace.expect_instead(
        "O05",
        "before the block a limit may be moved, after it that changes nothing; the other misuse panics",
        &["1.0 0.0"],
    );
}

#[test]
fn o06_a_limit_may_be_a_time_on_the_loops_clock() {
    let (event_loop, trace) = setup();
    let log = trace.clone();
    let main = async move {
        let now = || t(get_running_loop().unwrap().time());
        sleep(s(1.0)).await?;
        for when in [3.0, 1.0] {
            let body = async { Ok(sleep(s(9.0)).await?) };
            let error = timeout_at(s(when), body).await.unwrap_err();
            log.say(format!("{when} {} {}", exception(&error), now()));
        }
        timeout_at(None, async { Ok(sleep(s(9.0)).await?) }).await?;
        log.say(format!("None {}", now()));
        Ok(())
    };
    event_loop.run_until_complete(main).unwrap();
    trace.expect("O06");
}

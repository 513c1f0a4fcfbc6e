//! `shield`: protection from the awaiter's cancellation.

use asyncio::{EventLoop, ReturnWhen, create_task, gather, get_running_loop, shield, sleep, wait};

use crate::harness::{Raised, Trace, exception, report_to, s, spin, t, truth, virtual_loop};

fn setup() -> (EventLoop, Trace) {
    (virtual_loop(), Trace::new())
}

#[test]
fn s01_the_inner_task_survives_the_cancellation_of_its_awaiter() {
    let (event_loop, trace) = setup();
    let log = trace.clone();
    let main = async move {
        let end = log.clone();
        let inner = create_task(async move {
            sleep(s(1.0)).await?;
            end.say(format!("inner done {}", t(get_running_loop()?.time())));
            Ok("v")
        });
        let shielded = inner.clone();
        let outer = create_task(async move { shield(shielded).await });
        sleep(s(0.1)).await?;
        outer.cancel();
        wait([&outer], None, ReturnWhen::AllCompleted).await?;
        log.say(format!(
            "outer cancelled {} inner done {}",
            truth(outer.is_cancelled()),
            truth(inner.is_done())
        ));
        log.say(inner.await?);
        Ok(())
    };
    event_loop.run_until_complete(main).unwrap();
    trace.expect("S01");
}

#[test]
fn s03_a_finished_promise_is_given_back_as_it_is() {
    let (event_loop, trace) = setup();
    let promise = event_loop.create_promise();
    promise.set_result(1).unwrap();
    let inner = promise.clone();
    let same = event_loop.run_until_complete(async move { Ok(shield(&inner) == inner) });
    trace.say(truth(same.unwrap()));
    trace.expect("S03");
}

#[test]
fn s04_a_failure_after_the_outer_cancellation_is_reported() {
    let (event_loop, trace) = setup();
    report_to(&event_loop, &trace);
    let inner = event_loop.create_promise::<()>();
    let shielded = inner.clone();
    let outer = event_loop.run_until_complete(async move { Ok(shield(shielded)) });
    outer.unwrap().cancel();
    spin(&event_loop);
    spin(&event_loop);
    inner.set_exception(Raised("ValueError", "late")).unwrap();
    spin(&event_loop);
    spin(&event_loop);
    drop(inner);
    trace.say("end");
    trace.expect("S04");
}

#[test]
fn s05_gather_and_shield_in_each_other() {
    let (event_loop, trace) = setup();
    let (a, b) = (
        event_loop.create_promise::<u8>(),
        event_loop.create_promise(),
    );
    let both = [a.clone(), b.clone()];
    let all = event_loop
        .run_until_complete(async move { Ok(gather(both.map(shield))) })
        .unwrap();
    all.cancel();
    for _ in 0..3 {
        spin(&event_loop);
    }
    trace.say(format!(
        "{} {} {} {}",
        exception(&all.exception().unwrap().unwrap()),
        truth(all.is_cancelled()),
        truth(a.is_cancelled()),
        truth(b.is_cancelled()),
    ));

    let (c, d) = (event_loop.create_promise(), event_loop.create_promise());
    let both = [c.clone(), d.clone()];
    let (all, outer) = event_loop
        .run_until_complete(async move {
            let all = gather(both);
            Ok((all.clone(), shield(all)))
        })
        .unwrap();
    outer.cancel();
    spin(&event_loop);
    spin(&event_loop);
    c.set_result(1).unwrap();
    d.set_result(2).unwrap();
    for _ in 0..3 {
        spin(&event_loop);
    }
    trace.say(format!(
        "{} {:?}",
        truth(outer.is_cancelled()),
        all.result().unwrap()
    ));
    trace.expect("S05");
}

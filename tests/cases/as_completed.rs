//! `as_completed`: one after the other, as they end.

use asyncio::{EventLoop, Result, as_completed, create_task, get_running_loop, sleep};

use crate::harness::{Raised, Trace, after, exception, fail_after, s, t, virtual_loop};

fn setup() -> (EventLoop, Trace) {
    (virtual_loop(), Trace::new())
}

fn now() -> String {
    t(get_running_loop().unwrap().time())
}

#[test]
fn a01_items_come_in_the_order_of_their_ends() {
    let (event_loop, trace) = setup();
    let log = trace.clone();
    let main = async move {
        for item in as_completed([after(0.3, "c"), after(0.1, "a"), after(0.2, "b")], None) {
            log.say(format!("{} {}", item.await?, now()));
        }
        Ok(())
    };
    event_loop.run_until_complete(main).unwrap();
    trace.expect("A01");
}

#[test]
fn a03_an_error_comes_at_its_turn_and_the_iteration_goes_on() {
    let (event_loop, trace) = setup();
    let log = trace.clone();
    let main = async move {
        let tasks = [
            create_task(after(0.2, "b")),
            create_task(fail_after(0.1, Raised("ValueError", "a"))),
        ];
        for item in as_completed(tasks, None) {
            match item.await {
                Ok(value) => log.say(value),
                Err(error) => log.say(exception(&error)),
            }
        }
        Ok(())
    };
    event_loop.run_until_complete(main).unwrap();
    trace.expect("A03");
}

#[test]
fn a04_whichever_item_is_awaited_first_gets_the_first_completion() {
    let (event_loop, trace) = setup();
    let log = trace.clone();
    let main = async move {
        let mut items = as_completed([after(0.05, "a"), after(0.1, "b")], None);
        let (first, second) = (items.next().unwrap(), items.next().unwrap());
        log.say(format!("{} {}", second.await?, now()));
        log.say(format!("{} {}", first.await?, now()));
        Ok(())
    };
    event_loop.run_until_complete(main).unwrap();
    trace.expect("A04");
}

#[test]
fn a05_leaving_early_leaves_the_tasks_running() {
    async fn worker(name: &'static str, seconds: f64, log: Trace) -> Result<()> {
        sleep(s(seconds)).await?;
        log.say(format!("finished {name}"));
        Ok(())
    }
    let (event_loop, trace) = setup();
    let log = trace.clone();
    let main = async move {
        let workers = [worker("x", 0.1, log.clone()), worker("y", 0.2, log.clone())];
        let first = as_completed(workers, None).next().unwrap();
        first.await?;
        log.say(format!("broke out {}", now()));
        sleep(s(1.0)).await?;
        let task = create_task(after(0.0, ()));
        log.say(format!(
            "items {}",
            as_completed([&task, &task], None).len()
        ));
        Ok(())
    };
    event_loop.run_until_complete(main).unwrap();
    trace.expect("A05");
}

#[test]
fn a06_futures_become_tasks_in_the_call() {
    let (event_loop, trace) = setup();
    let log = trace.clone();
    let main = async move {
        let say = log.clone();
        let child = async move {
            say.say("child runs");
            Ok(())
        };
        let items = as_completed([child], None);
        sleep(s(0.0)).await?;
        log.say("iterate");
        for item in items {
            item.await?;
        }
        Ok(())
    };
    event_loop.run_until_complete(main).unwrap();
    trace.expect("A06");
}

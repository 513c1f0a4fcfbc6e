//! Locks, events, semaphores, conditions and barriers.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use asyncio::{
    Barrier, Condition, Event, EventLoop, Lock, Result, ReturnWhen, Semaphore, Task, create_task,
    gather, get_running_loop, sleep, wait,
};

use crate::harness::{Trace, report_to, repr, s, t, truth, virtual_loop};

fn setup() -> (EventLoop, Trace) {
    (virtual_loop(), Trace::new())
}

async fn wait_all(tasks: &[Task<()>]) -> Result<()> {
    wait(tasks, None, ReturnWhen::AllCompleted)
        .await
        .map(|_| ())
}

/// Makes a task that takes the lock, says so, and releases it.
fn locker(name: &'static str, lock: &Lock, log: &Trace) -> Task<()> {
    let (lock, log) = (lock.clone(), log.clone());
    create_task(async move {
        let _guard = lock.acquire().await?;
        log.say(format!("{name} has it"));
        Ok(())
    })
}

#[test]
fn k02_who_waits_comes_before_who_releases_and_asks_again() {
    let (event_loop, trace) = setup();
    let log = trace.clone();
    let main = async move {
        let lock = Lock::new();
        let guard = lock.acquire().await?;
        let waiter = locker("A", &lock, &log);
        sleep(s(0.0)).await?;
        drop(guard);
        let guard = lock.acquire().await?;
        log.say("holder has it again");
        drop(guard);
        waiter.await
    };
    event_loop.run_until_complete(main).unwrap();
    trace.expect("K02");
}

#[test]
fn k03_a_waiter_cancelled_after_its_wake_up_hands_the_lock_on() {
    let (event_loop, trace) = setup();
    let log = trace.clone();
    let main = async move {
        let lock = Lock::new();
        let guard = lock.acquire().await?;
        let waiters = ["A", "B"].map(|name| locker(name, &lock, &log));
        sleep(s(0.0)).await?;
        drop(guard);
        waiters[0].cancel();
        wait_all(&waiters).await?;
        let cancelled = truth(waiters[0].is_cancelled());
        log.say(format!("{cancelled} {}", truth(lock.is_locked())));
        Ok(())
    };
    event_loop.run_until_complete(main).unwrap();
    trace.expect("K03");
}

#[test]
fn k04_a_set_event_wakes_all_even_if_it_is_cleared_at_once() {
    let (event_loop, trace) = setup();
    let log = trace.clone();
    let main = async move {
        let event = Event::new();
        let waiter = |name: &'static str| {
            let (event, log) = (event.clone(), log.clone());
            create_task(async move {
                event.wait().await?;
                log.say(name);
                Ok(())
            })
        };
        let mut waiters = vec![waiter("c1"), waiter("c2")];
        sleep(s(0.0)).await?;
        waiters.push(waiter("c3"));
        event.set();
        wait_all(&waiters).await?;

        event.clear();
        let last = waiter("c4");
        sleep(s(0.0)).await?;
        event.set();
        event.clear();
        log.say(format!("is_set {}", truth(event.is_set())));
        last.await
    };
    event_loop.run_until_complete(main).unwrap();
    trace.expect("K04");
}

#[test]
fn k05_a_semaphore_serves_in_order_and_a_bounded_one_counts_releases() {
    let (event_loop, trace) = setup();
    let log = trace.clone();
    let main = async move {
        let semaphore = Semaphore::new(1);
        let entered = Rc::<RefCell<Vec<String>>>::default();
        let worker = |name: &'static str| {
            let (semaphore, entered) = (semaphore.clone(), entered.clone());
            async move {
                for n in 1..=2 {
                    let _permit = semaphore.acquire().await?;
                    entered.borrow_mut().push(format!("{name}{n}"));
                    sleep(s(0.01)).await?;
                }
                Ok(())
            }
        };
        gather([worker("a"), worker("b"), worker("c")]).await?;
        log.say(repr(&entered.take()));
        if Semaphore::bounded(1).release().is_err() {
            log.say("ValueError: BoundedSemaphore released too many times");
        }
        Ok(())
    };
    event_loop.run_until_complete(main).unwrap();
    trace.expect_instead(
        "K05",
        "a negative number of permits cannot be written",
        &[
            "['a1', 'b1', 'c1', 'a2', 'b2', 'c2']",
            "ValueError: BoundedSemaphore released too many times",
        ],
    );
}

#[test]
fn k07_notified_tasks_go_on_in_order_and_with_the_lock() {
    let (event_loop, trace) = setup();
    let log = trace.clone();
    let main = async move {
        let lock = Lock::new();
        let condition = Condition::new(&lock);
        let waiter = |name: &'static str| {
            let (lock, condition, log) = (lock.clone(), condition.clone(), log.clone());
            create_task(async move {
                let guard = lock.acquire().await?;
                let (_guard, waited) = condition.wait(guard).await;
                waited?;
                log.say(format!("{name} locked {}", truth(lock.is_locked())));
                Ok(())
            })
        };
        let waiters = ["A", "B", "C"].map(waiter);
        sleep(s(0.0)).await?;
        let guard = lock.acquire().await?;
        condition.notify(&guard, 1);
        log.say("notified 1");
        drop(guard);
        sleep(s(0.1)).await?;
        let guard = lock.acquire().await?;
        condition.notify_all(&guard);
        log.say("notified all");
        drop(guard);
        wait_all(&waiters).await
    };
    event_loop.run_until_complete(main).unwrap();
    trace.expect_instead(
        "K07",
        "waiting and notifying take the guard, so without the lock they cannot be written",
        &[
            "notified 1",
            "A locked True",
            "notified all",
            "B locked True",
            "C locked True",
        ],
    );
}

#[test]
fn k08_a_cancelled_wait_takes_the_lock_again_before_it_ends() {
    let (event_loop, trace) = setup();
    let log = trace.clone();
    let main = async move {
        let lock = Lock::new();
        let condition = Condition::new(&lock);
        let (held, seen) = (lock.clone(), log.clone());
        let waiter = create_task(async move {
            let guard = held.acquire().await?;
            let (_guard, waited) = condition.wait(guard).await;
            if waited.is_err() {
                let now = t(get_running_loop()?.time());
                seen.say(format!(
                    "handler, lock held {} {now}",
                    truth(held.is_locked())
                ));
            }
            Ok(waited?)
        });
        sleep(s(0.0)).await?;
        let guard = lock.acquire().await?;
        waiter.cancel();
        sleep(s(1.0)).await?;
        log.say(format!("done {}", truth(waiter.is_done())));
        drop(guard);
        wait_all(std::slice::from_ref(&waiter)).await?;
        let cancelled = truth(waiter.is_cancelled());
        log.say(format!("cancelled {cancelled} {}", truth(lock.is_locked())));
        Ok(())
    };
    event_loop.run_until_complete(main).unwrap();
    trace.expect("K08");
}

#[test]
fn k09_a_barrier_releases_the_last_to_come_first() {
    let (event_loop, trace) = setup();
    let log = trace.clone();
    let main = async move {
        let barrier = Barrier::new(3);
        let party = |name: &'static str| {
            let (barrier, log) = (barrier.clone(), log.clone());
            async move {
                log.say(format!("{name} index {}", barrier.wait().await?));
                Ok(())
            }
        };
        gather([party("a"), party("b"), party("c")]).await
    };
    event_loop.run_until_complete(main).unwrap();
    trace.expect("K09");
}

#[test]
fn k10_who_leaves_a_condition_wakes_another_in_its_stead() {
    let (event_loop, trace) = setup();
    let log = trace.clone();
    let main = async move {
        let lock = Lock::new();
        let condition = Condition::new(&lock);
        let waiters = ["A", "B"].map(|name| {
            let (lock, condition, log) = (lock.clone(), condition.clone(), log.clone());
            create_task(async move {
                let (_guard, waited) = condition.wait(lock.acquire().await?).await;
                waited?;
                log.say(format!("{name} woken"));
                Ok(())
            })
        });
        sleep(s(0.0)).await?;
        let [a, b] = &waiters;
        a.cancel();
        sleep(s(1.0)).await?;
        log.say(format!(
            "A cancelled {} B done {}",
            truth(a.is_cancelled()),
            truth(b.is_done())
        ));
        Ok(())
    };
    event_loop.run_until_complete(main).unwrap();
    trace.expect("K10");
}

#[test]
fn k11_a_permit_that_a_bounded_semaphore_does_not_take_back_is_reported() {
    let (event_loop, trace) = setup();
    report_to(&event_loop, &trace);
    let log = trace.clone();
    let main = async move {
        let semaphore = Semaphore::bounded(1);
        let permit = semaphore.acquire().await?;
        semaphore.release()?;
        log.say("released by hand");
        drop(permit);
        log.say(format!("locked {}", truth(semaphore.is_locked())));
        Ok(())
    };
    event_loop.run_until_complete(main).unwrap();
    trace.expect_instead(
        "K11",
        "a destructor cannot fail, so the loop's exception handler hears of it",
        &[
            "released by hand",
            "handler: Exception in the release of a permit / ReleasedTooOften: bounded semaphore released too many times",
            "locked False",
        ],
    );
}

#[test]
fn k12_a_predicate_is_asked_before_the_wait_and_at_each_notification() {
    let (event_loop, trace) = setup();
    let log = trace.clone();
    let main = async move {
        let lock = Lock::new();
        let condition = Condition::new(&lock);
        let number = Rc::new(Cell::new(0));
        let (held, changed, asked, say) =
            (lock.clone(), condition.clone(), number.clone(), log.clone());
        let waiter = create_task(async move {
            let enough = || {
                say.say(format!("asked at {}", asked.get()));
                asked.get() >= 2
            };
            let guard = held.acquire().await?;
            let (guard, waited) = changed.wait_for(guard, enough).await;
            waited?;
            let locked = truth(held.is_locked());
            say.say(format!("answer True lock held {locked}"));
            let (_guard, waited) = changed.wait_for(guard, enough).await;
            Ok(waited?)
        });
        sleep(s(0.0)).await?;
        for n in [1, 2] {
            number.set(n);
            let guard = lock.acquire().await?;
            condition.notify(&guard, 1);
            drop(guard);
            sleep(s(1.0)).await?;
        }
        waiter.await
    };
    event_loop.run_until_complete(main).unwrap();
    trace.expect("K12");
}

#[test]
fn k13_a_woken_waiter_that_is_cancelled_lets_as_many_pass_as_there_are_permits() {
    let (event_loop, trace) = setup();
    let log = trace.clone();
    let main = async move {
        let semaphore = Semaphore::new(0);
        let passes = Rc::new(Cell::new(0));
        let waiter = |name: &'static str| {
            let (semaphore, passes, log) = (semaphore.clone(), passes.clone(), log.clone());
            create_task(async move {
                semaphore.acquire().await?.forget();
                log.say(format!("{name} has it in pass {}", passes.get()));
                Ok(())
            })
        };
        let a = waiter("A");
        sleep(s(0.0)).await?;
        // B and C come before A goes on, and so queue behind it.
        waiter("B");
        waiter("C");
        semaphore.release()?;
        semaphore.release()?;
        a.cancel();
        for pass in 1..=5 {
            passes.set(pass);
            sleep(s(0.0)).await?;
        }
        log.say(format!("A cancelled {}", truth(a.is_cancelled())));
        Ok(())
    };
    event_loop.run_until_complete(main).unwrap();
    trace.expect("K13");
}

#[test]
fn k14_who_leaves_a_barrier_wakes_the_next_which_queues_again() {
    let (event_loop, trace) = setup();
    let log = trace.clone();
    let main = async move {
        let barrier = Barrier::new(4);
        let party = |name: &'static str| {
            let (barrier, log) = (barrier.clone(), log.clone());
            create_task(async move {
                log.say(format!("{name} index {}", barrier.wait().await?));
                Ok(())
            })
        };
        let [x, a, b] = ["X", "A", "B"].map(party);
        sleep(s(0.0)).await?;
        x.cancel();
        sleep(s(1.0)).await?;
        let [c, d] = ["C", "D"].map(party);
        wait_all(&[a, b, c, d]).await
    };
    event_loop.run_until_complete(main).unwrap();
    trace.expect("K14");
}

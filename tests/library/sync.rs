//! Limits, lines and barriers, where a cancellation or a drop comes between.

use asyncio::{
    Barrier, Condition, EventLoop, Lock, Queue, Result, ReturnWhen, Semaphore, Task, TimedOut,
    TooManyTaskDone, as_completed, create_task, get_running_loop, sleep, wait, wait_for, yield_now,
};

use crate::{Trace, seconds};

fn virtual_loop() -> (EventLoop, Trace) {
    (EventLoop::with_virtual_clock(), Trace::default())
}

async fn all_ended(tasks: &[Task<()>]) -> Result<()> {
    wait(tasks, None, ReturnWhen::AllCompleted)
        .await
        .map(|_| ())
}

/// Makes a task that takes a permit for ever, and says its name.
fn take_a_permit(semaphore: &Semaphore, log: &Trace, name: &'static str) -> Task<()> {
    let (semaphore, log) = (semaphore.clone(), log.clone());
    create_task(async move {
        semaphore.acquire().await?.forget();
        log.say(name);
        Ok(())
    })
}

#[test]
fn a_cancellation_during_the_clean_up_of_a_wait_for_is_no_timeout() {
    let (event_loop, trace) = virtual_loop();
    let log = trace.clone();
    let main = async move {
        let seen = log.clone();
        let slow = create_task(async move {
            let slept = sleep(seconds(10)).await;
            sleep(seconds(2)).await?;
            seen.say(format!("cleaned up at {:?}", get_running_loop()?.time()));
            Ok(slept?)
        });
        yield_now().await?;
        let inner = slow.clone();
        let awaiter = create_task(async move { wait_for(inner, seconds(0)).await });
        sleep(seconds(1)).await?;
        awaiter.cancel();
        let error = awaiter.await.unwrap_err();
        log.say(format!("{error} at {:?}", get_running_loop()?.time()));
        log.say(slow.await.unwrap_err());
        Ok(())
    };
    event_loop.run_until_complete(main).unwrap();
    assert_eq!(
        trace.take(),
        ["cancelled at 1s", "cleaned up at 2s", "cancelled"]
    );
}

#[test]
fn a_woken_waiter_that_is_dropped_hands_the_lock_on() {
    let (event_loop, trace) = virtual_loop();
    let log = trace.clone();
    let main = async move {
        let lock = Lock::new();
        let guard = lock.acquire().await?;
        let mut dropped = Box::pin(lock.acquire());
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(dropped.as_mut().poll(&mut cx).is_pending());
        let (other, seen) = (lock.clone(), log.clone());
        let waiter = create_task(async move {
            let _guard = other.acquire().await?;
            seen.say("the other has it");
            Ok(())
        });
        yield_now().await?;
        drop(guard);
        drop(dropped);
        log.say(format!("locked: {}", lock.is_locked()));
        waiter.await
    };
    event_loop.run_until_complete(main).unwrap();
    assert_eq!(trace.take(), ["locked: false", "the other has it"]);
}

#[test]
fn who_leaves_the_line_while_the_lock_is_on_its_way_lets_nobody_else_in() {
    let (event_loop, trace) = virtual_loop();
    let log = trace.clone();
    let main = async move {
        let lock = Lock::new();
        let guard = lock.acquire().await?;
        let waiter = |name: &'static str| {
            let (lock, log) = (lock.clone(), log.clone());
            create_task(async move {
                let _guard = lock.acquire().await?;
                log.say(format!("{name} has it"));
                for _ in 0..3 {
                    yield_now().await?;
                }
                log.say(format!("{name} gives it back"));
                Ok(())
            })
        };
        let waiters = ["A", "B", "C"].map(waiter);
        yield_now().await?;
        // B is on its way before A is woken.
        waiters[1].cancel();
        drop(guard);
        all_ended(&waiters).await
    };
    event_loop.run_until_complete(main).unwrap();
    assert_eq!(
        trace.take(),
        ["A has it", "A gives it back", "C has it", "C gives it back"]
    );
}

#[test]
fn who_queues_behind_a_woken_waiter_is_served_as_soon_as_that_one_is() {
    let (event_loop, trace) = virtual_loop();
    let log = trace.clone();
    let main = async move {
        let semaphore = Semaphore::new(0);
        let taker = |name| take_a_permit(&semaphore, &log, name);
        let first = taker("first");
        yield_now().await?;
        semaphore.release()?;
        semaphore.release()?;
        log.say(format!("available {}", semaphore.available()));
        log.say(format!("locked {}", semaphore.is_locked()));
        let second = taker("second");
        all_ended(&[first, second]).await
    };
    event_loop.run_until_complete(main).unwrap();
    assert_eq!(
        trace.take(),
        ["available 1", "locked true", "first", "second"]
    );
}

#[test]
fn a_permit_that_was_released_by_hand_does_not_lift_the_bound() {
    let (event_loop, _) = virtual_loop();
    let available = event_loop.run_until_complete(async {
        let semaphore = Semaphore::bounded(1);
        let permit = semaphore.acquire().await?;
        semaphore.release()?;
        drop(permit);
        Ok(semaphore.available())
    });
    assert_eq!(available.unwrap(), 1);
}

#[test]
fn a_notification_that_meets_a_cancelled_waiter_goes_to_the_next() {
    let (event_loop, trace) = virtual_loop();
    let log = trace.clone();
    let main = async move {
        let lock = Lock::new();
        let condition = Condition::new(&lock);
        let waiter = |name: &'static str| {
            let (lock, condition, log) = (lock.clone(), condition.clone(), log.clone());
            create_task(async move {
                let guard = lock.acquire().await?;
                let (_guard, waited) = condition.wait(guard).await;
                log.say(format!("{name} {}", waited.is_ok()));
                Ok(waited?)
            })
        };
        // A is cancelled in the pass in which it is notified, B while it waits for the lock after that.
        let waiters = ["A", "B", "C"].map(waiter);
        yield_now().await?;
        let guard = lock.acquire().await?;
        condition.notify(&guard, 1);
        waiters[0].cancel();
        yield_now().await?;
        yield_now().await?;
        waiters[1].cancel();
        yield_now().await?;
        drop(guard);
        all_ended(&waiters).await
    };
    event_loop.run_until_complete(main).unwrap();
    assert_eq!(trace.take(), ["A false", "B false", "C true"]);
}

#[test]
fn a_barrier_lets_newcomers_in_when_all_have_passed() {
    let (event_loop, trace) = virtual_loop();
    let log = trace.clone();
    let main = async move {
        let barrier = Barrier::new(2);
        let party = |name: &'static str| {
            let (barrier, log) = (barrier.clone(), log.clone());
            create_task(async move {
                for _ in 0..2 {
                    log.say(format!("{name} {}", barrier.wait().await?));
                }
                Ok(())
            })
        };
        let leaver = barrier.clone();
        let cancelled = create_task(async move { Ok(leaver.wait().await?) });
        yield_now().await?;
        cancelled.cancel();
        yield_now().await?;
        all_ended(&[party("a"), party("b")]).await
    };
    event_loop.run_until_complete(main).unwrap();
    // b comes last and passes; it cannot come again before a has passed, and then a is the first to come again.
    assert_eq!(trace.take(), ["b 1", "a 0", "b 1", "a 0"]);
}

#[test]
fn join_ends_at_the_moment_when_all_is_done() {
    let (event_loop, _) = virtual_loop();
    let main = async {
        let queue = Queue::new();
        queue.put_nowait(1)?;
        let joined = queue.clone();
        let joiner = create_task(async move { Ok(joined.join().await?) });
        yield_now().await?;
        queue.task_done()?;
        queue.put_nowait(2)?;
        joiner.await
    };
    event_loop.run_until_complete(main).unwrap();
}

#[test]
fn a_join_counts_what_was_put_and_what_was_done() {
    let (event_loop, trace) = virtual_loop();
    let log = trace.clone();
    let main = async move {
        let queue = Queue::new();
        queue.join().await?;
        assert_eq!(queue.task_done(), Err(TooManyTaskDone));
        queue.put(1).await?;
        queue.put_nowait(2)?;
        let (joined, seen) = (queue.clone(), log.clone());
        let joiner = create_task(async move {
            joined.join().await?;
            seen.say("joined");
            Ok(())
        });
        for n in 1..=2 {
            for _ in 0..3 {
                yield_now().await?;
            }
            assert_eq!(queue.get().await?, n);
            log.say(format!("done {n}"));
            queue.task_done()?;
        }
        joiner.await?;
        assert_eq!(queue.task_done(), Err(TooManyTaskDone));
        Ok(())
    };
    event_loop.run_until_complete(main).unwrap();
    assert_eq!(trace.take(), ["done 1", "done 2", "joined"]);
}

#[test]
fn a_shutdown_counts_what_it_throws_away_as_done() {
    let (event_loop, trace) = virtual_loop();
    let log = trace.clone();
    let main = async move {
        for taken in 0..=2 {
            let queue = Queue::new();
            queue.put_nowait(1)?;
            queue.put_nowait(2)?;
            for _ in 0..taken {
                queue.get_nowait()?;
            }
            let joined = queue.clone();
            let joiner = create_task(async move { Ok(joined.join().await?) });
            yield_now().await?;
            queue.shutdown(true);
            let mut left = 0;
            while queue.task_done().is_ok() {
                left += 1;
            }
            log.say(format!("{taken} taken, {left} to be reported"));
            joiner.await?;
        }
        Ok(())
    };
    event_loop.run_until_complete(main).unwrap();
    assert_eq!(
        trace.take(),
        [
            "0 taken, 0 to be reported",
            "1 taken, 1 to be reported",
            "2 taken, 2 to be reported"
        ]
    );
}

#[test]
fn the_timer_of_an_iteration_goes_with_the_last_completion() {
    let (event_loop, _) = virtual_loop();
    let clock = event_loop.clone();
    let main = async move {
        let promises = [clock.create_promise(), clock.create_promise()];
        let items: Vec<_> = as_completed(&promises, seconds(3600)).collect();
        let mut timers = vec![clock.timer_count()];
        for promise in &promises {
            promise.set_result(())?;
            yield_now().await?;
            timers.push(clock.timer_count());
        }
        assert_eq!(timers, [1, 1, 0]);
        for item in items {
            item.await?;
        }
        Ok(())
    };
    event_loop.run_until_complete(main).unwrap();
}

#[test]
fn who_comes_between_the_wake_up_of_a_waiter_and_its_turn_is_served_in_that_turn() {
    for first_is_cancelled in [false, true] {
        let (event_loop, trace) = virtual_loop();
        let log = trace.clone();
        let main = async move {
            let semaphore = Semaphore::new(0);
            let taker = |name| take_a_permit(&semaphore, &log, name);
            let first = taker("first");
            yield_now().await?;
            // Their steps are in the ready queue before that of the first.
            let others = [taker("second"), taker("third")];
            for _ in 0..3 {
                semaphore.release()?;
            }
            if first_is_cancelled {
                first.cancel();
            }
            for _ in 0..2 {
                yield_now().await?;
                log.say("a pass ends");
            }
            log.say(format!("{} free", semaphore.available()));
            assert!(others.iter().all(|task| task.is_done()));
            Ok(())
        };
        event_loop.run_until_complete(main).unwrap();
        let lines = trace.take();
        if first_is_cancelled {
            let expected = ["a pass ends", "second", "third", "a pass ends", "1 free"];
            assert_eq!(lines, expected);
        } else {
            let expected = ["a pass ends", "second", "third", "a pass ends", "0 free"];
            assert_eq!(lines, [&["first"], &expected[..]].concat());
        }
    }
}

/// Lets tasks queue for a semaphore, and tells who has a permit after each release.
fn served(queue_up: usize, releases: usize, cancel: &'static [usize]) -> Vec<String> {
    let (event_loop, trace) = virtual_loop();
    let log = trace.clone();
    let main = async move {
        let semaphore = Semaphore::new(0);
        let tasks: Vec<Task<()>> = (0..queue_up)
            .map(|n| {
                let (semaphore, log) = (semaphore.clone(), log.clone());
                create_task(async move {
                    semaphore.acquire().await?.forget();
                    log.say(n);
                    Ok(())
                })
            })
            .collect();
        yield_now().await?;
        for _ in 0..releases {
            semaphore.release()?;
        }
        for n in cancel {
            tasks[*n].cancel();
        }
        log.say(format!("{} free", semaphore.available()));
        for _ in 0..3 {
            yield_now().await?;
        }
        log.say(format!("{} free", semaphore.available()));
        tasks.iter().for_each(|task| {
            task.cancel();
        });
        all_ended(&tasks).await?;
        log.say(format!("{} free", semaphore.available()));
        Ok(())
    };
    event_loop.run_until_complete(main).unwrap();
    trace.take()
}

#[test]
fn a_permit_is_taken_out_when_a_waiter_is_woken_and_goes_on_if_that_one_leaves() {
    assert_eq!(served(1, 1, &[]), ["0 free", "0", "0 free", "0 free"]);
    assert_eq!(served(1, 3, &[]), ["2 free", "0", "2 free", "2 free"]);
    assert_eq!(served(3, 2, &[]), ["0 free", "0", "1", "0 free", "0 free"]);
    // Those that were woken leave, and both permits go to those behind them.
    assert_eq!(
        served(4, 2, &[0, 1]),
        ["0 free", "2", "3", "0 free", "0 free"]
    );
    assert_eq!(served(3, 2, &[0, 1]), ["0 free", "2", "1 free", "1 free"]);
    assert_eq!(served(2, 1, &[0, 1]), ["0 free", "1 free", "1 free"]);
}

#[test]
fn items_that_come_too_late_time_out_and_their_tasks_go_on() {
    async fn after(count: u64) -> Result<u64> {
        sleep(seconds(count)).await?;
        Ok(count)
    }
    let (event_loop, trace) = virtual_loop();
    let log = trace.clone();
    let main = async move {
        let tasks = [3, 1, 4].map(|count| create_task(after(count)));
        for item in as_completed(&tasks, seconds(2)) {
            match item.await {
                Ok(count) => log.say(count),
                Err(error) => log.say(format!("late: {}", error.is::<TimedOut>())),
            }
        }
        log.say(format!("{:?}", get_running_loop()?.time()));
        let [_, _, last] = tasks;
        log.say(last.await?);
        Ok(())
    };
    event_loop.run_until_complete(main).unwrap();
    assert_eq!(trace.take(), ["1", "late: true", "late: true", "2s", "4"]);
}

//! Running, stalling, ending.

use std::time::Duration;

use asyncio::{
    EventLoop, Result, RunError, create_task, current_task, get_running_loop, sleep, yield_now,
};

use crate::{Trace, boom, ends, seconds};

#[test]
fn debug_mode_reports_the_slow_callback_and_the_slow_step() {
    async fn slow() -> Result<()> {
        yield_now().await?;
        get_running_loop()?.advance(Duration::from_millis(150));
        yield_now().await?;
        get_running_loop()?.advance(Duration::from_millis(99));
        Ok(())
    }
    let event_loop = EventLoop::with_virtual_clock();
    let trace = Trace::listen_to(&event_loop);
    let clock = event_loop.clone();
    event_loop.call_soon(move || clock.advance(Duration::from_millis(200)));
    event_loop.set_debug(true);
    event_loop.create_task(slow()).any().set_name("slow");
    assert_eq!(event_loop.run_forever(), Err(RunError::Stalled));
    assert_eq!(
        trace.take(),
        [
            "Executing callback took 0.200 seconds",
            "Executing task slow took 0.150 seconds",
        ]
    );

    event_loop.set_slow_callback_duration(seconds(1));
    event_loop.run_until_complete(slow()).unwrap();
    event_loop.set_slow_callback_duration(Duration::from_millis(99));
    event_loop.set_debug(false);
    event_loop.run_until_complete(slow()).unwrap();
    assert_eq!(trace.take(), [""; 0]);
}

#[test]
fn a_stalled_loop_says_so_and_can_go_on() {
    let event_loop = EventLoop::with_virtual_clock();
    let promise = event_loop.create_promise::<u32>();
    let error = event_loop.run_until_complete(&promise).unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&RunError::Stalled));
    promise.set_result(1).unwrap();
    assert_eq!(event_loop.run_until_complete(&promise).unwrap(), 1);
}

#[test]
fn a_loop_that_was_stopped_before_its_run_makes_one_pass_and_does_not_sleep() {
    let event_loop = EventLoop::with_virtual_clock();
    let timer = event_loop.call_later(seconds(1), crate::must_not_run);
    event_loop.stop();
    assert_eq!(event_loop.run_forever(), Ok(()));
    assert_eq!(event_loop.time(), Duration::ZERO);
    timer.cancel();
    // Nor does it ask what could wake it.
    event_loop.stop();
    assert_eq!(event_loop.run_forever(), Ok(()));
    ends(|waiting| {
        waiting.is_for("a loop on the real clock that was stopped before");
        let event_loop = EventLoop::new();
        event_loop.stop();
        assert_eq!(event_loop.run_forever(), Ok(()));
    });
}

#[test]
fn a_loop_that_threads_can_reach_never_stalls() {
    let event_loop = EventLoop::with_virtual_clock();
    let handle = event_loop.handle();
    let stopper = std::thread::spawn(move || handle.stop());
    assert_eq!(event_loop.run_forever(), Ok(()));
    assert_eq!(stopper.join().unwrap(), Ok(()));
}

#[test]
fn every_refusal_to_run_has_its_text() {
    let event_loop = EventLoop::with_virtual_clock();
    let other = EventLoop::with_virtual_clock();
    let inner = event_loop.clone();
    let foreign = other.create_promise::<()>();
    let mut texts = vec![event_loop.run_until_complete(&foreign).unwrap_err()];
    texts.extend(
        event_loop
            .run_until_complete(async move {
                Ok([
                    inner.run_until_complete(async { Ok(()) }).unwrap_err(),
                    other.run_until_complete(async { Ok(()) }).unwrap_err(),
                    inner.close().unwrap_err().into(),
                ])
            })
            .unwrap(),
    );
    let this = event_loop.clone();
    event_loop.call_soon(move || this.stop());
    texts.push(event_loop.run_until_complete(sleep_on()).unwrap_err());
    let never = event_loop.create_promise::<()>();
    texts.push(event_loop.run_until_complete(never).unwrap_err());
    event_loop.close().unwrap();
    texts.push(event_loop.run_until_complete(sleep_on()).unwrap_err());
    texts.push(event_loop.run_forever().unwrap_err().into());
    let texts: Vec<_> = texts.iter().map(ToString::to_string).collect();
    assert_eq!(
        texts,
        [
            "the promise belongs to a different loop than the one that was asked to run it",
            "this event loop is already running",
            "cannot run the event loop while another loop is running",
            "cannot close a running event loop",
            "event loop stopped before promise completed",
            "every task is waiting and nothing is left that could wake one",
            "event loop is closed",
            "event loop is closed",
        ]
    );
}

async fn sleep_on() -> Result<()> {
    Ok(sleep(seconds(1)).await?)
}

#[test]
fn run_cancels_what_is_left_waits_for_it_and_reports_its_errors() {
    let event_loop = EventLoop::with_virtual_clock();
    let trace = Trace::listen_to(&event_loop);
    let log = trace.clone();
    let value = event_loop.run(async move {
        let (cleaning, failing) = (log.clone(), log.clone());
        create_task(async move {
            let slept = sleep(seconds(9)).await;
            cleaning.say("cancelled");
            sleep(seconds(1)).await?;
            cleaning.say(format!("cleaned up at {:?}", get_running_loop()?.time()));
            Ok(slept?)
        });
        create_task(async move {
            let _ = sleep(seconds(9)).await;
            failing.say("fails");
            Err::<(), _>(boom())
        });
        yield_now().await?;
        log.say("main returns");
        Ok(7)
    });
    assert_eq!(value.unwrap(), 7);
    assert!(event_loop.is_closed());
    assert_eq!(
        trace.take(),
        [
            "main returns",
            "cancelled",
            "fails",
            "cleaned up at 1s",
            "unhandled exception during the shutdown of the loop: boom",
        ]
    );
}

#[test]
fn all_tasks_lists_the_unfinished_oldest_first_whatever_place_they_have() {
    let event_loop = EventLoop::with_virtual_clock();
    let names = |event_loop: &EventLoop| -> Vec<String> {
        let tasks = event_loop.all_tasks();
        tasks.iter().map(|task| task.name().to_string()).collect()
    };
    let sleepers: Vec<_> = (1..=4)
        .map(|n| event_loop.create_task(async move { Ok(sleep(seconds(n)).await?) }))
        .collect();
    sleepers[3].any().set_name("last");
    event_loop.run_until_complete(&sleepers[1]).unwrap();
    assert_eq!(names(&event_loop), ["Task-3", "last"]);

    // These two take the places of those that ended.
    let fifth = event_loop.create_task(async {
        let me = current_task().unwrap();
        assert_eq!(get_running_loop()?.all_tasks()[2], me);
        Ok(me.name().to_string())
    });
    event_loop.create_task(sleep_on()).any().set_name("sixth");
    assert_eq!(names(&event_loop), ["Task-3", "last", "Task-5", "sixth"]);
    assert_eq!(event_loop.run_until_complete(fifth).unwrap(), "Task-5");
    assert_eq!(names(&event_loop), ["Task-3", "last", "sixth"]);
    assert_eq!(current_task(), None);
    assert!(sleepers[0].any() != sleepers[1].any());
}

#[test]
fn timers_cancelled_in_bulk_neither_fire_nor_move_the_clock() {
    let event_loop = EventLoop::with_virtual_clock();
    let captured = std::rc::Rc::new(());
    let timers: Vec<_> = (1..=1000)
        .map(|n| {
            let captured = captured.clone();
            event_loop.call_later(seconds(n), move || drop(captured))
        })
        .collect();
    assert_eq!(event_loop.timer_count(), 1000);
    for timer in &timers {
        timer.cancel();
        timer.cancel();
    }
    assert_eq!(event_loop.timer_count(), 0);
    assert_eq!(std::rc::Rc::strong_count(&captured), 1);
    assert_eq!(event_loop.run_forever(), Err(RunError::Stalled));
    assert_eq!(event_loop.time(), Duration::ZERO);
}

#[test]
fn a_stop_while_the_rest_ends_makes_the_run_fail() {
    let event_loop = EventLoop::with_virtual_clock();
    event_loop.set_exception_handler(|_| ());
    let stopping = event_loop.handle();
    let outcome = event_loop.run(async {
        create_task(async move {
            let slept = sleep(seconds(1)).await;
            stopping.stop()?;
            yield_now().await?;
            Ok(slept?)
        });
        yield_now().await?;
        Ok(1)
    });
    assert!(outcome.unwrap_err().is::<RunError>());
    assert!(event_loop.is_closed());
}

#[test]
fn a_virtual_clock_counts_waits_and_no_work() {
    let milliseconds = Duration::from_millis;
    let event_loop = EventLoop::with_virtual_clock();
    let trace = Trace::default();
    let (waits, works) = (trace.clone(), trace.clone());
    event_loop
        .run_until_complete(async move {
            let wait = async move {
                sleep(milliseconds(3)).await?;
                waits.say("waits");
                Ok(())
            };
            let work = async move {
                sleep(milliseconds(1)).await?;
                std::thread::sleep(milliseconds(3)); // In real time the other is first.
                sleep(milliseconds(1)).await?;
                works.say("works");
                Ok(())
            };
            let (wait, work) = (create_task(wait), create_task(work));
            wait.await?;
            work.await
        })
        .unwrap();
    assert_eq!(trace.take(), ["works", "waits"]);
    assert_eq!(event_loop.time(), milliseconds(3));
}

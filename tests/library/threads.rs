//! Other threads: the executor, and handles of loops that go away.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::Duration;

use asyncio::observe::Kind;
use asyncio::{
    ConcurrentFuture, EventLoop, LoopHandle, Panicked, Result, RunError, gather, sleep, to_thread,
};

use crate::{ends, seconds};

#[test]
fn a_panicking_job_fails_its_awaiter_and_the_thread_goes_on() {
    let event_loop = EventLoop::new();
    event_loop.set_executor_threads(1);
    let outcomes = event_loop.run(async {
        let error = to_thread::<()>(|| panic!("in the job")).await.unwrap_err();
        let name = to_thread(|| Ok(thread::current().name().map(str::to_owned))).await?;
        Ok((error, name))
    });
    let (error, name) = outcomes.unwrap();
    assert!(error.is::<Panicked>());
    assert_eq!(error.to_string(), "panicked: in the job");
    assert_eq!(name.as_deref(), Some("asyncio_0"));
}

#[test]
fn one_thread_does_the_jobs_in_order() {
    let event_loop = EventLoop::new();
    event_loop.set_executor_threads(1);
    let done = Arc::<Mutex<Vec<u32>>>::default();
    let jobs: Vec<_> = (0..20)
        .map(|n| {
            let done = done.clone();
            event_loop.run_in_executor(move || {
                done.lock().unwrap().push(n);
                Ok(n)
            })
        })
        .collect();
    let values = event_loop.run(async { gather(jobs).await }).unwrap();
    assert_eq!(values, (0..20).collect::<Vec<_>>());
    assert_eq!(*done.lock().unwrap(), values);
}

#[test]
fn there_are_as_many_threads_as_allowed_and_no_more() {
    let event_loop = EventLoop::new();
    event_loop.set_executor_threads(3);
    // Three jobs meet at a time, so each triple needs three threads.
    let meeting = Arc::new(Barrier::new(3));
    let jobs: Vec<_> = (0..9)
        .map(|_| {
            let meeting = meeting.clone();
            event_loop.run_in_executor(move || {
                meeting.wait();
                Ok(thread::current().name().map(str::to_owned))
            })
        })
        .collect();
    let names = event_loop.run(async { gather(jobs).await }).unwrap();
    let names: BTreeSet<_> = names.into_iter().flatten().collect();
    assert_eq!(
        names.into_iter().collect::<Vec<_>>(),
        ["asyncio_0", "asyncio_1", "asyncio_2"]
    );
}

#[test]
fn the_number_of_threads_is_set_before_the_first_job_and_not_zero() {
    let event_loop = EventLoop::new();
    let set = |threads| {
        let set = AssertUnwindSafe(|| event_loop.set_executor_threads(threads));
        catch_unwind(set).is_ok()
    };
    assert!(!set(0));
    assert!(set(2));
    let job = event_loop.run_in_executor(|| Ok(1));
    assert_eq!(event_loop.run_until_complete(job).unwrap(), 1);
    assert!(!set(2));
}

#[test]
fn virtual_time_stands_still_while_a_job_runs() {
    let event_loop = EventLoop::with_virtual_clock();
    let (release, released) = std::sync::mpsc::channel::<()>();
    let clock = event_loop.clone();
    let job = event_loop.run_in_executor(move || Ok(released.recv()?));
    event_loop.call_soon(move || release.send(()));
    let sleeping = event_loop.create_task(async { Ok(sleep(seconds(1)).await?) });
    event_loop.run_until_complete(job).unwrap();
    assert_eq!(clock.time(), Duration::ZERO);
    event_loop.run_until_complete(sleeping).unwrap();
    assert_eq!(clock.time(), seconds(1));
}

fn answers_of_a_closed_loop(handle: &LoopHandle) -> [RunError; 3] {
    [
        handle.call_soon_threadsafe(|| {}).unwrap_err(),
        handle
            .run_coroutine_threadsafe(|| async { Ok(()) })
            .err()
            .expect("the loop is closed"),
        handle.stop().unwrap_err(),
    ]
}

#[test]
fn a_handle_of_a_closed_loop_says_closed_on_every_thread() {
    let event_loop = EventLoop::new();
    let handle = event_loop.handle();
    let stays = handle.clone();
    event_loop.close().unwrap();
    assert_eq!(answers_of_a_closed_loop(&handle), [RunError::Closed; 3]);
    let there = thread::spawn(move || answers_of_a_closed_loop(&handle));
    assert_eq!(there.join().unwrap(), [RunError::Closed; 3]);
    drop(event_loop);
    assert_eq!(answers_of_a_closed_loop(&stays), [RunError::Closed; 3]);
}

/// Asks for a task from another thread, lets the loop do as `run` says, and gives the answer.
fn answer(run: impl FnOnce(&EventLoop)) -> Result<()> {
    let event_loop = EventLoop::new();
    let handle = event_loop.handle();
    let asked = thread::spawn(move || {
        handle.run_coroutine_threadsafe(|| async { Ok(sleep(seconds(3600)).await?) })
    });
    let future: ConcurrentFuture<()> = asked.join().unwrap().expect("the loop is open");
    let waiting = thread::spawn(move || future.result(None));
    event_loop.set_exception_handler(|_| {});
    run(&event_loop);
    drop(event_loop);
    waiting.join().unwrap()
}

#[test]
fn a_thread_that_waits_for_a_loop_that_goes_away_is_told() {
    let closed = |run: fn(&EventLoop)| {
        let error = answer(run).unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&RunError::Closed));
    };
    // Dropped, closed before the task began, and closed while it slept.
    closed(|_| {});
    closed(|event_loop| event_loop.close().unwrap());
    closed(|event_loop| {
        let started = async { Ok(sleep(Duration::from_millis(1)).await?) };
        event_loop.run_until_complete(started).unwrap();
        assert_eq!(event_loop.all_tasks().len(), 1);
        event_loop.close().unwrap();
    });
}

#[test]
fn a_job_that_waits_for_a_thread_is_done_although_the_executor_was_shut() {
    let jobs = ends(|waiting| {
        let event_loop = EventLoop::new();
        event_loop.set_executor_threads(1);
        let ((begin, begun), (release, released)) = (channel(), channel::<()>());
        let (done, jobs) = channel();
        let first = done.clone();
        event_loop.run_in_executor(move || {
            begin.send(())?;
            // The end of the channel.
            let _ = released.recv();
            Ok(first.send(0)?)
        });
        for n in 1..=3 {
            let done = done.clone();
            event_loop.run_in_executor(move || Ok(done.send(n)?));
        }
        drop(done);
        waiting.is_for("the first job to begin");
        begun.recv().unwrap();
        event_loop.close().unwrap();
        drop(release);
        waiting.is_for("the jobs to end or to be dropped");
        jobs.iter().collect::<Vec<_>>()
    });
    assert_eq!(jobs, [0, 1, 2, 3]);
}

#[test]
fn a_thread_outlives_the_destructors_of_a_job_that_was_given_up() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("in a destructor");
        }
    }
    let value = ends(|waiting| {
        let event_loop = EventLoop::new();
        event_loop.set_executor_threads(1);
        let (release, released) = channel::<()>();
        event_loop.run_in_executor(move || Ok(released.recv()?));
        let bomb = Bomb;
        let given_up = event_loop.run_in_executor(move || {
            let _bomb = &bomb;
            Ok(())
        });
        assert!(given_up.cancel());
        let next = event_loop.run_in_executor(|| Ok(1));
        release.send(()).unwrap();
        waiting.is_for("the next job");
        event_loop.run_until_complete(next).unwrap()
    });
    assert_eq!(value, 1);
}

/// This test lets real time pass, for nothing says that a thread does not come.
#[test]
fn there_is_no_thread_too_many() {
    let names = ends(|waiting| {
        let event_loop = EventLoop::new();
        event_loop.set_executor_threads(2);
        let ((begin, begun), (release, released)) = (channel(), channel::<()>());
        let released = Arc::new(Mutex::new(released));
        let jobs: Vec<_> = (0..6)
            .map(|_| {
                let (begin, released) = (begin.clone(), released.clone());
                event_loop.run_in_executor(move || {
                    begin.send(())?;
                    let _ = released.lock().unwrap().recv();
                    Ok(thread::current().name().map(str::to_owned))
                })
            })
            .collect();
        waiting.is_for("two jobs to begin at the same time");
        begun.recv().unwrap();
        begun.recv().unwrap();
        let third = begun.recv_timeout(Duration::from_millis(100));
        drop(release);
        waiting.is_for("all jobs to end");
        let names = event_loop.run(async { gather(jobs).await }).unwrap();
        (third.is_err(), names)
    });
    let (alone, names) = names;
    assert!(alone, "a third job began while two threads were busy");
    let names: BTreeSet<_> = names.into_iter().flatten().collect();
    assert!(
        names
            .iter()
            .all(|name| ["asyncio_0", "asyncio_1"].contains(&name.as_str()))
    );
}

#[test]
fn what_is_sent_while_the_loop_falls_asleep_wakes_it() {
    for on_virtual_clock in [false, true] {
        ends(move |waiting| {
            waiting
                .is_for("a call that was sent between the last look into the inbox and the sleep");
            let event_loop = match on_virtual_clock {
                false => EventLoop::new(),
                true => EventLoop::with_virtual_clock(),
            };
            let handle = event_loop.handle();
            let sent = Cell::new(false);
            event_loop.set_observer(move |event| {
                if matches!(event.kind, Kind::LoopWaits { .. }) && !sent.replace(true) {
                    let handle = handle.clone();
                    let sender = thread::spawn(move || handle.stop());
                    assert_eq!(sender.join().unwrap(), Ok(()));
                }
            });
            assert_eq!(event_loop.run_forever(), Ok(()));
        });
    }
}

/// Waits until a thread of this process sleeps, so that nobody wakes it by chance before it does.
#[cfg(target_os = "linux")]
fn wait_until_it_sleeps(thread: &std::path::Path) {
    loop {
        let stat = std::fs::read_to_string(thread.join("stat")).unwrap();
        // After the name, which is in brackets.
        let (_, state) = stat.rsplit_once(") ").unwrap();
        if state.starts_with('S') {
            return;
        }
        thread::yield_now();
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_thread_that_waits_for_a_result_hears_of_the_cancellation_at_once() {
    for started in [false, true] {
        ends(move |waiting| {
            let event_loop = EventLoop::new();
            event_loop.set_exception_handler(|_| {});
            let handle = event_loop.handle();
            let future = handle
                .run_coroutine_threadsafe(|| async { Ok(sleep(seconds(3600)).await?) })
                .unwrap();
            if started {
                let passes = async {
                    for _ in 0..3 {
                        asyncio::yield_now().await?;
                    }
                    Ok(())
                };
                event_loop.run_until_complete(passes).unwrap();
                assert_eq!(event_loop.all_tasks().len(), 1);
            }
            let future: Arc<ConcurrentFuture<()>> = Arc::new(future);
            let (there, waits) = (future.clone(), channel());
            let thread = thread::spawn(move || {
                waits.0.send(std::fs::read_link("/proc/thread-self")?)?;
                there.result(None)
            });
            waiting.is_for("a thread to sleep");
            let path = std::path::Path::new("/proc").join(waits.1.recv().unwrap());
            wait_until_it_sleeps(&path);
            assert!(future.cancel());
            waiting.is_for("a thread that waits for a result that was cancelled");
            assert!(thread.join().unwrap().unwrap_err().is_cancelled());
        });
    }
}

/// This test lets real time pass, for it is about what happens then.
#[test]
#[cfg(target_os = "linux")]
fn an_idle_loop_uses_no_cpu_and_another_thread_wakes_it() {
    fn cpu_time() -> Duration {
        let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
        let nanoseconds = stat.split(' ').next().unwrap().parse().unwrap();
        Duration::from_nanos(nanoseconds)
    }
    const IDLE: Duration = Duration::from_millis(300);
    let event_loop = EventLoop::new();
    let handle = event_loop.handle();
    let waker = thread::spawn(move || {
        thread::sleep(IDLE);
        handle.stop()
    });
    // A timer far away must not be waited for, and must not be polled for.
    let never = event_loop.call_later(seconds(3600), crate::must_not_run);
    let (start, before) = (event_loop.time(), cpu_time());
    assert_eq!(event_loop.run_forever(), Ok(()));
    let (took, used) = (event_loop.time() - start, cpu_time() - before);
    assert_eq!(waker.join().unwrap(), Ok(()));
    never.cancel();
    assert!(took >= IDLE / 2, "the loop ran for {took:?}");
    assert!(used < IDLE / 20, "{used:?} of {took:?}");
}

#[test]
fn an_idle_thread_gets_the_next_job() {
    let names = EventLoop::new().run(async {
        let mut names = BTreeSet::new();
        for _ in 0..5 {
            names.insert(to_thread(|| Ok(thread::current().name().map(str::to_owned))).await?);
        }
        Ok(names)
    });
    // A thread that has sent its result may not have said yet that it is idle: then there is a second one, and never a third.
    assert!(names.unwrap().len() <= 2);
}

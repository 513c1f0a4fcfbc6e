//! Other threads: the way out to them, and the way in from them.
//!
//! These run on the real clock. Channels, not waits, keep their order.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use asyncio::{Error, create_task, current_task, get_running_loop, yield_now};

use crate::harness::{Raised, Trace, exception, real_loop, spin, truth, virtual_loop};

#[test]
fn h01_a_job_runs_on_another_thread_while_the_loop_goes_on() {
    let (event_loop, trace) = (real_loop(), Trace::new());
    let (this, say) = (event_loop.clone(), trace.clone());
    let me = thread::current().id();
    let (alive, is_alive) = mpsc::channel();
    let main = async move {
        // The job ends only when the loop has gone on.
        let job = this.run_in_executor(move || {
            is_alive.recv()?;
            Ok(thread::current().id() != me)
        });
        say.say(format!("Future {}", truth(job.is_done())));
        yield_now().await?;
        say.say("loop alive");
        alive.send(())?;
        say.say(format!("other thread {}", truth(job.await?)));
        let failing =
            this.run_in_executor(|| Err::<(), _>(Raised("ValueError", "in thread").into()));
        if let Err(error) = failing.await {
            say.say(exception(&error));
        }
        Ok(())
    };
    event_loop.run_until_complete(main).unwrap();
    trace.expect("H01");
}

#[test]
fn h02_cancelling_a_job_that_runs_frees_the_awaiter_and_lets_the_job_end() {
    let (event_loop, trace) = (real_loop(), Trace::new());
    let (this, say) = (event_loop.clone(), trace.clone());
    let (started, has_started) = mpsc::channel();
    let (finish, may_finish) = mpsc::channel::<()>();
    let (finished, has_finished) = mpsc::channel();
    let main = async move {
        let job = this.run_in_executor(move || {
            started.send(())?;
            may_finish.recv()?;
            finished.send(())?;
            Ok("r")
        });
        has_started.recv()?;
        say.say("running before any await");
        say.say(format!("cancel -> {}", truth(job.cancel())));
        let cancelled = job.await.unwrap_err();
        say.say(format!(
            "{}; finished in thread: {}",
            exception(&cancelled),
            truth(has_finished.try_recv().is_ok()),
        ));
        finish.send(())?;
        let done = has_finished.recv();
        say.say(format!("finished in thread: {}", truth(done.is_ok())));
        Ok(())
    };
    event_loop.run_until_complete(main).unwrap();
    trace.expect("H02");
}

#[test]
fn h03_a_job_that_is_cancelled_in_the_line_never_runs() {
    let (event_loop, trace) = (real_loop(), Trace::new());
    event_loop.set_executor_threads(1);
    let (this, say) = (event_loop.clone(), trace.clone());
    let ran = Arc::new(AtomicBool::new(false));
    let main = async move {
        let (finish, may_finish) = mpsc::channel::<()>();
        let first = this.run_in_executor(move || Ok(may_finish.recv()?));
        let run = ran.clone();
        let second = this.run_in_executor(move || {
            run.store(true, SeqCst);
            Ok(())
        });
        say.say(format!("cancel -> {}", truth(second.cancel())));
        finish.send(())?;
        first.await?;
        // The only thread has passed the second job when it gets to this one.
        this.run_in_executor(|| Ok(())).await?;
        say.say(format!("second ran: {}", truth(ran.load(SeqCst))));
        Ok(())
    };
    event_loop.run_until_complete(main).unwrap();
    trace.expect("H03");
}

#[test]
fn h04_a_thread_runs_a_coroutine_on_the_loop_and_waits_for_its_result() {
    async fn add(a: i32, b: i32, fail: bool) -> asyncio::Result<i32> {
        yield_now().await?;
        if fail {
            return Err(Raised("RuntimeError", "Fail!").into());
        }
        Ok(a + b)
    }
    let (event_loop, trace) = (real_loop(), Trace::new());
    let (this, say) = (event_loop.clone(), trace.clone());
    let main = async move {
        for fail in [false, true] {
            let handle = this.handle();
            let on_thread = this.run_in_executor(move || {
                handle
                    .run_coroutine_threadsafe(move || add(1, 2, fail))?
                    .result(None)
            });
            match on_thread.await {
                Ok(sum) => say.say(sum),
                Err(error) => say.say(exception(&error)),
            }
        }
        Ok(())
    };
    event_loop.run_until_complete(main).unwrap();
    trace.expect("H04");
}

#[test]
fn h05_a_thread_gives_up_waiting_and_cancels_the_task() {
    let (event_loop, trace) = (real_loop(), Trace::new());
    let (this, say) = (event_loop.clone(), trace.clone());
    let (log, logged) = mpsc::channel();
    let main = async move {
        let handle = this.handle();
        let on_thread = this.run_in_executor(move || {
            let (started, has_started) = mpsc::channel();
            let slow = handle.run_coroutine_threadsafe(move || async move {
                started.send(())?;
                let result = get_running_loop()?.create_promise::<()>().await;
                if result.is_err() {
                    log.send("'task cancelled'")?;
                }
                result
            })?;
            has_started.recv()?;
            let timed_out = slow.result(Duration::from_millis(1)).unwrap_err();
            Ok((exception(&timed_out), slow.cancel()))
        });
        let (error, cancelled) = on_thread.await?;
        say.say(format!("('{error}', {})", truth(cancelled)));
        // What a thread sends to the loop arrives in order: the cancellation came before the thread's own end.
        let lines: Vec<_> = logged.try_iter().collect();
        say.say(format!("[{}]", lines.join(", ")));

        let handle = this.handle();
        let on_thread = this.run_in_executor(move || {
            let cancels_itself = handle.run_coroutine_threadsafe(|| async {
                current_task().expect("inside a task").cancel();
                Ok(yield_now().await?)
            })?;
            Ok(cancels_itself.result(None).unwrap_err())
        });
        let error: Error = on_thread.await?;
        say.say(format!("concurrent.futures._base.{}", exception(&error)));
        Ok(())
    };
    event_loop.run_until_complete(main).unwrap();
    trace.expect("H05");
}

#[test]
fn h06_callbacks_from_other_threads_wait_in_the_same_line() {
    let (event_loop, trace) = (virtual_loop(), Trace::new());
    let (lines, said) = mpsc::channel();
    let [a, b, c] = ["a", "b", "c"].map(|line| {
        let lines = lines.clone();
        move || lines.send(line).unwrap()
    });
    event_loop.call_soon(a);
    event_loop.handle().call_soon_threadsafe(b).unwrap();
    event_loop.call_soon(c);
    spin(&event_loop);
    for line in said.try_iter() {
        trace.say(line);
    }
    trace.expect("H06");
}

#[test]
fn h07_close_does_not_wait_for_a_job_and_run_does() {
    let trace = Trace::new();

    let event_loop = real_loop();
    let (finish, may_finish) = mpsc::channel::<()>();
    let (finished, has_finished) = mpsc::channel();
    let this = event_loop.clone();
    let main = async move {
        this.run_in_executor(move || {
            may_finish.recv()?;
            finished.send(())?;
            Ok(())
        });
        Ok(())
    };
    event_loop.run_until_complete(main).unwrap();
    event_loop.close().unwrap();
    let waited = has_finished.try_recv().is_ok();
    trace.say(format!("close waited {}", truth(waited)));
    finish.send(()).unwrap();
    has_finished.recv().unwrap();

    let finished = Arc::new(AtomicBool::new(false));
    let finish = finished.clone();
    let main = async move {
        let (end, may_end) = mpsc::channel::<()>();
        get_running_loop()?.run_in_executor(move || {
            may_end.recv()?;
            // Long enough that a run which does not wait is over before.
            for _ in 0..10_000 {
                thread::yield_now();
            }
            finish.store(true, SeqCst);
            Ok(())
        });
        // The job is let go only when main has returned and what it left behind is cancelled.
        create_task(async move {
            let result = get_running_loop()?.create_promise::<()>().await;
            end.send(())?;
            result
        });
        Ok(yield_now().await?)
    };
    asyncio::run(main).unwrap();
    trace.say(format!(
        "asyncio.run waited {}",
        truth(finished.load(SeqCst))
    ));
    trace.expect("H07");
}

#[test]
fn h08_what_a_thread_has_scheduled_comes_before_what_is_scheduled_after_its_end() {
    let (event_loop, trace) = (real_loop(), Trace::new());
    let (lines, said) = mpsc::channel();
    let this = event_loop.clone();
    event_loop.call_soon(move || {
        let (handle, of_the_thread) = (this.handle(), lines.clone());
        let thread = thread::spawn(move || {
            handle.call_soon_threadsafe(move || of_the_thread.send("of the thread").unwrap())
        });
        thread.join().unwrap().unwrap();
        this.call_soon(move || lines.send("of the callback").unwrap());
    });
    spin(&event_loop);
    spin(&event_loop);
    for line in said.try_iter() {
        trace.say(line);
    }
    trace.expect("H08");
}

#[test]
fn h09_a_coroutine_cancelled_before_the_loop_takes_it_begins_and_is_cancelled_then() {
    let (event_loop, trace) = (real_loop(), Trace::new());
    let (lines, said) = mpsc::channel();
    let handle = event_loop.handle();
    event_loop.call_soon(move || {
        // On another thread, which has cancelled before the loop takes the body.
        let thread = thread::spawn(move || {
            let future = handle.run_coroutine_threadsafe(move || async move {
                lines.send("begins")?;
                let result = get_running_loop()?.create_promise::<()>().await;
                lines.send("ends")?;
                result
            });
            assert!(future.unwrap().cancel());
        });
        thread.join().unwrap();
    });
    for _ in 0..5 {
        spin(&event_loop);
    }
    for line in said.try_iter() {
        trace.say(line);
    }
    trace.say("end");
    trace.expect("H09");
}

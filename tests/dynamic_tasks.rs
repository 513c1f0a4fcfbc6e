//! What the loop promises to other threads, in exact virtual time.

use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use asyncio::{
    Cancelled, ConcurrentFuture, Error, EventLoop, LoopHandle, RunError, get_running_loop, sleep,
};

/// Runs a loop on a virtual clock on a thread of its own, and gives its time when it was stopped.
///
/// It starts after `submit` has returned, so that the clock cannot jump between two submissions.
fn in_background<R>(submit: impl FnOnce(&LoopHandle) -> R) -> (R, JoinHandle<Duration>) {
    let (tell, told) = mpsc::channel();
    let (go, gone) = mpsc::channel::<()>();
    let thread = thread::spawn(move || {
        let event_loop = EventLoop::with_virtual_clock();
        event_loop.set_exception_handler(|_| ());
        tell.send(event_loop.handle()).unwrap();
        gone.recv().unwrap();
        event_loop.run_forever().unwrap();
        event_loop.close().unwrap();
        event_loop.time()
    });
    let handle = told.recv().unwrap();
    let submitted = submit(&handle);
    go.send(()).unwrap();
    (submitted, thread)
}

fn seconds(number: u64) -> Duration {
    Duration::from_secs(number)
}

#[test]
fn blocking_jobs_from_outside_take_the_sum_in_their_order() {
    let ((handle, completions), thread) = in_background(|handle| {
        let (done, completions) = mpsc::channel();
        for (name, number) in [("first", 6), ("second", 3)] {
            let done = done.clone();
            let job = move || {
                let event_loop = get_running_loop()?;
                event_loop.advance(seconds(number));
                Ok::<_, Error>(done.send((name, event_loop.time().as_secs()))?)
            };
            handle.call_soon_threadsafe(job).unwrap();
        }
        (handle.clone(), completions)
    });
    let trace: Vec<_> = completions.iter().collect();
    handle.stop().unwrap();
    assert_eq!(trace, [("first", 6), ("second", 9)]);
    assert_eq!(thread.join().unwrap(), seconds(9));
}

#[test]
fn coroutines_from_outside_take_the_longest_and_the_shorter_ends_first() {
    let ((handle, completions), thread) = in_background(|handle| {
        let (done, completions) = mpsc::channel();
        for (name, number) in [("first", 6), ("second", 3)] {
            let done = done.clone();
            let job = move || async move {
                sleep(seconds(number)).await?;
                Ok(done.send((name, get_running_loop()?.time().as_secs()))?)
            };
            handle.run_coroutine_threadsafe(job).unwrap();
        }
        (handle.clone(), completions)
    });
    let trace: Vec<_> = completions.iter().collect();
    handle.stop().unwrap();
    assert_eq!(trace, [("second", 3), ("first", 6)]);
    assert_eq!(thread.join().unwrap(), seconds(6));
}

#[test]
fn a_loop_that_ends_too_early_tells_those_who_wait() {
    let (futures, thread) = in_background(|handle| {
        let job = || async { get_running_loop()?.create_promise::<()>().await };
        let futures: Vec<ConcurrentFuture<()>> = (0..3)
            .map(|_| handle.run_coroutine_threadsafe(job).unwrap())
            .collect();
        handle.stop().unwrap();
        futures
    });
    for future in futures {
        let error = future.result(None).unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&RunError::Closed));
    }
    thread.join().unwrap();
}

#[test]
fn a_cancellation_from_outside_reaches_the_body() {
    let ((handle, future, told), thread) = in_background(|handle| {
        let (tell, told) = mpsc::channel();
        let job = move || async move {
            let nothing = get_running_loop()?.create_promise::<()>();
            tell.send("begun")?;
            let waited = nothing.await;
            tell.send("cleans up")?;
            waited
        };
        let future = handle.run_coroutine_threadsafe(job).unwrap();
        (handle.clone(), future, told)
    });
    assert_eq!(told.recv(), Ok("begun"));
    assert!(future.cancel());
    assert!(!future.cancel());
    assert_eq!(told.iter().collect::<Vec<_>>(), ["cleans up"]);
    assert!(future.result(None).unwrap_err().is::<Cancelled>());
    handle.stop().unwrap();
    thread.join().unwrap();
}

#[test]
fn what_a_task_returns_after_its_cancellation_is_not_told() {
    let ((handle, future, told), thread) = in_background(|handle| {
        let (tell, told) = mpsc::channel();
        let refuses = move || async move {
            let nothing = get_running_loop()?.create_promise::<()>();
            tell.send("begun")?;
            assert!(nothing.await.is_err());
            tell.send("refuses")?;
            Ok(5)
        };
        let future = handle.run_coroutine_threadsafe(refuses).unwrap();
        (handle.clone(), future, told)
    });
    assert_eq!(told.recv(), Ok("begun"));
    assert!(future.cancel());
    assert!(future.is_done());
    assert_eq!(told.iter().collect::<Vec<_>>(), ["refuses"]);
    handle.stop().unwrap();
    thread.join().unwrap();
    assert!(future.result(None).unwrap_err().is::<Cancelled>());
}

#[test]
fn a_run_that_ends_cancels_what_another_thread_waits_for() {
    let (tell, told) = mpsc::channel();
    let thread = thread::spawn(move || {
        let handle: LoopHandle = told.recv().unwrap();
        let endless = || async { get_running_loop()?.create_promise::<()>().await };
        let future = handle.run_coroutine_threadsafe(endless).unwrap();
        drop(told);
        future.result(None)
    });
    asyncio::run(async move {
        tell.send(get_running_loop()?.handle())?;
        // Until the other thread has handed in its task.
        while tell.send(get_running_loop()?.handle()).is_ok() {
            sleep(Duration::from_millis(1)).await?;
        }
        Ok(sleep(Duration::from_millis(1)).await?)
    })
    .unwrap();
    let error = thread.join().unwrap().unwrap_err();
    assert!(error.is::<Cancelled>());
}

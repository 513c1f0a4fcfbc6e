//! The ends of time: every function that takes a duration or a deadline takes any.

use std::time::Duration;

use asyncio::{
    EventLoop, Result, ReturnWhen, TimedOut, Timeout, as_completed, create_task, get_running_loop,
    sleep, timeout, timeout_at, wait, wait_for, yield_now,
};

use crate::seconds;

/// The longest time, and times that added to a clock's or to one another pass every limit.
const LONG: [Duration; 3] = [
    Duration::MAX,
    Duration::from_secs(u64::MAX),
    Duration::from_secs(u64::MAX / 2),
];

async fn soon() -> Result<&'static str> {
    yield_now().await?;
    Ok("soon")
}

/// Does everything that takes a time with a time that never comes; nothing waits for it, fails or panics.
async fn wait_for_what_never_comes(long: Duration) -> Result<()> {
    let event_loop = get_running_loop()?;
    for handle in [
        event_loop.call_later(long, || ()),
        event_loop.call_at(long, || ()),
    ] {
        assert!(handle.when() >= long);
        handle.cancel();
    }
    let sleeps = create_task(async move { Ok(sleep(long).await?) });
    assert_eq!(wait_for(soon(), long).await?, "soon");
    assert_eq!(timeout(long, soon()).await?, "soon");
    assert_eq!(timeout_at(long, soon()).await?, "soon");
    let limit = Timeout::after(Duration::ZERO);
    limit.reschedule(long);
    assert_eq!(limit.run(soon()).await?, "soon");
    let tasks = [create_task(soon())];
    assert_eq!(
        wait(&tasks, long, ReturnWhen::AllCompleted)
            .await?
            .done
            .len(),
        1
    );
    for item in as_completed([soon()], long) {
        assert_eq!(item.await?, "soon");
    }
    assert!(!sleeps.is_done());
    sleeps.cancel();
    assert!(sleeps.await.unwrap_err().is_cancelled());
    assert_eq!(event_loop.timer_count(), 0);
    Ok(())
}

#[test]
fn a_time_that_never_comes_can_be_waited_for_on_either_clock() {
    for long in LONG {
        for event_loop in [EventLoop::new(), EventLoop::with_virtual_clock()] {
            event_loop.set_debug(true);
            event_loop.set_slow_callback_duration(long);
            event_loop.run(wait_for_what_never_comes(long)).unwrap();
        }
    }
}

#[test]
fn a_limit_of_zero_is_over_at_once_and_a_wait_of_zero_is_a_yield() {
    let event_loop = EventLoop::with_virtual_clock();
    let outcome = event_loop.run_until_complete(async {
        assert!(
            wait_for(soon(), Duration::ZERO)
                .await
                .unwrap_err()
                .is::<TimedOut>()
        );
        assert!(
            timeout(Duration::ZERO, sleep_long())
                .await
                .unwrap_err()
                .is::<TimedOut>()
        );
        assert!(
            timeout_at(Duration::ZERO, sleep_long())
                .await
                .unwrap_err()
                .is::<TimedOut>()
        );
        let tasks = [create_task(sleep_long())];
        let waited = wait(&tasks, Duration::ZERO, ReturnWhen::AllCompleted).await?;
        assert_eq!(waited.pending.len(), 1);
        for item in as_completed(&tasks, Duration::ZERO) {
            assert!(item.await.unwrap_err().is::<TimedOut>());
        }
        Ok(sleep(Duration::ZERO).await?)
    });
    outcome.unwrap();
    assert_eq!(event_loop.time(), Duration::ZERO);
}

async fn sleep_long() -> Result<()> {
    Ok(sleep(seconds(1)).await?)
}

#[test]
fn a_virtual_clock_stops_at_the_end_of_time() {
    let event_loop = EventLoop::with_virtual_clock();
    event_loop.advance(Duration::MAX);
    event_loop.advance(Duration::MAX);
    let slept = event_loop.run(async { Ok(sleep(Duration::MAX).await?) });
    slept.unwrap();
    assert_eq!(event_loop.time(), Duration::MAX);
}

#[test]
fn a_thread_may_wait_for_a_result_for_any_time() {
    let event_loop = EventLoop::new();
    let handle = event_loop.handle();
    let thread = std::thread::spawn(move || {
        let results = [Duration::MAX, Duration::from_secs(u64::MAX)].map(|long| {
            let future = handle.run_coroutine_threadsafe(soon).unwrap();
            future.result(long).unwrap()
        });
        let late = handle
            .run_coroutine_threadsafe(async || sleep_long().await)
            .unwrap();
        assert!(late.result(Duration::ZERO).unwrap_err().is::<TimedOut>());
        late.cancel();
        handle.stop().unwrap();
        results
    });
    event_loop.run_forever().unwrap();
    assert_eq!(thread.join().unwrap(), ["soon"; 2]);
}

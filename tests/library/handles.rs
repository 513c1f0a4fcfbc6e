//! Handles that outlive their loop, or each other, in odd orders.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use asyncio::{
    Condition, Event, EventLoop, Lock, Queue, Semaphore, Timeout, TimerHandle, create_task,
    current_task, get_running_loop, sleep, task_group, yield_now,
};

use crate::{Trace, boom, must_not_run, seconds};

#[test]
fn every_handle_outlives_its_loop() {
    let event_loop = EventLoop::with_virtual_clock();
    event_loop.set_exception_handler(|_| {});
    let promise = event_loop.create_promise();
    promise.add_done_callback(|_| must_not_run());
    let task = event_loop.create_task(async { Ok(sleep(seconds(1)).await?) });
    let soon = event_loop.call_soon(must_not_run);
    let later = event_loop.call_later(seconds(1), must_not_run);
    let remote = event_loop.handle();
    let threadsafe = remote.call_soon_threadsafe(must_not_run);
    let concurrent = remote
        .run_coroutine_threadsafe(|| async { Ok(()) })
        .unwrap();
    let job = event_loop.run_in_executor(|| Ok(1));
    drop(event_loop);

    promise.set_result(1).unwrap();
    assert_eq!(promise.result().unwrap(), 1);
    assert!(!task.is_done());
    task.cancel();
    assert_eq!(&*task.name(), "Task-1");
    assert_eq!(task.uncancel(), 0);
    soon.cancel();
    later.cancel();
    assert!(soon.is_cancelled() && later.is_cancelled());
    assert_eq!(later.when(), seconds(1));
    threadsafe.unwrap().cancel();
    assert!(concurrent.is_done());
    assert!(!concurrent.cancel());
    assert!(job.cancel());
    drop(remote);
}

#[test]
fn guards_and_groups_outlive_their_loop() {
    let event_loop = EventLoop::with_virtual_clock();
    let lock = Lock::new();
    let semaphore = Semaphore::new(1);
    let condition = Condition::new(&lock);
    let (ours, permits) = (lock.clone(), semaphore.clone());
    let kept = event_loop.create_promise();
    let keep = kept.clone();
    let main = async move {
        let limit = Timeout::after(seconds(1));
        let moved = limit.clone();
        limit.run(async { Ok(yield_now().await?) }).await?;
        let group = task_group(async |group| Ok(group)).await?;
        let held = (ours.acquire().await?, permits.acquire().await?);
        keep.set_result(std::rc::Rc::new((held, moved, group)))?;
        Ok(())
    };
    event_loop.run_until_complete(main).unwrap();
    drop(event_loop);
    let kept = kept.result().unwrap();
    assert!(lock.is_locked() && semaphore.is_locked());
    condition.notify_all(&kept.0.0);
    kept.1.reschedule(seconds(2));
    assert!(kept.2.create_task(async { Ok(()) }).is_err());
}

#[test]
fn a_waker_that_outlives_its_task_or_its_loop_wakes_nobody() {
    let event_loop = EventLoop::with_virtual_clock();
    let trace = Trace::default();
    let log = trace.clone();
    let waker = event_loop
        .run_until_complete(async {
            let wakers = std::cell::RefCell::new(Vec::new());
            std::future::poll_fn(|cx| {
                wakers
                    .borrow_mut()
                    .push(std::rc::Rc::new(cx.waker().clone()));
                Poll::Ready(())
            })
            .await;
            Ok(wakers.take().remove(0))
        })
        .unwrap();
    // The next task has the place of the one that ended.
    event_loop.create_task(async move {
        log.say("first step");
        std::future::pending::<()>().await;
        Ok(())
    });
    waker.wake_by_ref();
    event_loop.run_forever().expect_err("the loop stalls");
    waker.wake_by_ref();
    event_loop.run_forever().expect_err("the loop stalls");
    assert_eq!(trace.take(), ["first step"]);
    event_loop.set_exception_handler(|_| {});
    drop(event_loop);
    waker.wake_by_ref();
}

#[test]
fn a_destructor_may_use_the_loop_that_drops_it() {
    struct Meddler(Trace, Queue<u32>, Event, TimerHandle);
    impl Drop for Meddler {
        fn drop(&mut self) {
            self.1.put_nowait(1).unwrap();
            self.2.set();
            self.3.cancel();
            let running = get_running_loop().is_ok();
            self.0.say(format!(
                "dropped, running {running}, in a task {}",
                current_task().is_some()
            ));
        }
    }
    let event_loop = EventLoop::with_virtual_clock();
    event_loop.set_exception_handler(|_| {});
    let trace = Trace::default();
    let meddler = || {
        let timer = event_loop.call_later(seconds(1), must_not_run);
        Meddler(trace.clone(), Queue::new(), Event::new(), timer)
    };
    let (in_callback, in_timer, in_task) = (meddler(), meddler(), meddler());
    event_loop.call_soon(move || drop(in_callback)).cancel();
    event_loop.call_later(seconds(2), move || drop(in_timer));
    event_loop.create_task(async move {
        let _in_task = in_task;
        std::future::pending::<()>().await;
        Ok(())
    });
    event_loop.close().unwrap();
    assert_eq!(trace.take(), ["dropped, running false, in a task false"; 3]);
}

#[test]
#[should_panic(expected = "a timeout limits one block only")]
fn a_limit_runs_once() {
    let event_loop = EventLoop::with_virtual_clock();
    let main = async {
        let limit = Timeout::after(None);
        limit.clone().run(async { Ok(()) }).await?;
        limit.run(async { Ok(()) }).await
    };
    event_loop.run_until_complete(main).unwrap();
}

#[test]
fn a_limit_that_is_run_again_stays_as_it_is() {
    let event_loop = EventLoop::with_virtual_clock();
    let limit = Timeout::at(None);
    let (first, second) = (limit.clone(), limit.clone());
    event_loop
        .run_until_complete(first.run(async { Ok(()) }))
        .unwrap();
    let second = event_loop.create_task(second.run(async { Ok(()) }));
    assert!(catch_unwind(AssertUnwindSafe(|| event_loop.run_until_complete(second))).is_err());
    limit.reschedule(seconds(1));
    assert_eq!(limit.when(), None);
}

#[test]
fn a_future_dropped_halfway_takes_its_timer_and_its_place_back() {
    let event_loop = EventLoop::with_virtual_clock();
    let main = async {
        let event_loop = get_running_loop()?;
        let queue = Queue::<u32>::new();
        {
            let mut cx = Context::from_waker(Waker::noop());
            let mut slept = pin!(sleep(seconds(1)));
            let mut got = pin!(queue.get());
            assert!(slept.as_mut().poll(&mut cx).is_pending());
            assert!(got.as_mut().poll(&mut cx).is_pending());
            assert_eq!(event_loop.timer_count(), 1);
        }
        assert_eq!(event_loop.timer_count(), 0);
        let getter = create_task(queue.get());
        yield_now().await?;
        queue.put_nowait(5)?;
        getter.await
    };
    assert_eq!(event_loop.run_until_complete(main).unwrap(), 5);
}

#[test]
fn an_id_takes_back_no_callback_of_another_promise() {
    let event_loop = EventLoop::with_virtual_clock();
    let (first, second) = (event_loop.create_promise(), event_loop.create_promise());
    let trace = Trace::default();
    let [at_first, at_second] = [trace.clone(), trace.clone()];
    let of_first = first.add_done_callback(move |_| at_first.say("first"));
    let of_second = second.add_done_callback(move |_| at_second.say("second"));
    assert_ne!(of_first, of_second);
    assert!(!first.remove_done_callback(of_second));
    assert!(second.remove_done_callback(of_second));
    for promise in [&first, &second] {
        promise.set_result(()).unwrap();
    }
    event_loop.run_until_complete(first).unwrap();
    assert_eq!(trace.take(), ["first"]);
}

#[test]
fn a_group_cancels_its_tasks_in_the_order_in_which_they_were_made() {
    let event_loop = EventLoop::with_virtual_clock();
    let trace = Trace::default();
    let log = trace.clone();
    let main = task_group(async move |group| {
        let wait_for_the_end = |name: &'static str| {
            let log = log.clone();
            async move {
                let slept = sleep(seconds(9)).await;
                log.say(name);
                Ok(slept?)
            }
        };
        for name in ["first", "second", "third"] {
            group.create_task(wait_for_the_end(name))?;
        }
        group.create_task(async {
            sleep(seconds(1)).await?;
            Err::<(), _>(boom())
        })?;
        for name in ["fifth", "sixth"] {
            group.create_task(wait_for_the_end(name))?;
        }
        wait_for_the_end("the body").await
    });
    event_loop.run_until_complete(main).unwrap_err();
    assert_eq!(
        trace.take(),
        ["first", "second", "third", "fifth", "sixth", "the body"]
    );
}

#[test]
fn an_item_that_a_queue_gives_back_is_not_shown() {
    struct Secret;
    let refused = Queue::bounded(1);
    refused.put_nowait(Secret).unwrap();
    let error = refused.put_nowait(Secret).unwrap_err();
    assert_eq!(format!("{error:?}: {error}"), "Full(..): queue is full");
    refused.shutdown(false);
    let error = refused.put_nowait(Secret).unwrap_err();
    assert_eq!(
        format!("{error:?}: {error}"),
        "ShutDown(..): queue is shut down"
    );
}

#[test]
fn a_putter_that_gives_up_unwoken_wakes_nobody_out_of_turn() {
    let event_loop = EventLoop::with_virtual_clock();
    let got = event_loop.run(async {
        let queue = Queue::bounded(1);
        queue.put("first").await?;
        let mut putters = Vec::new();
        for item in ["a", "b", "c", "d"] {
            let queue = queue.clone();
            putters.push(create_task(async move { queue.put(item).await }));
        }
        yield_now().await?;
        // b goes before a, which is woken here, has run: there is room for nobody else.
        putters[1].cancel();
        let mut got = vec![queue.get_nowait()?];
        yield_now().await?;
        yield_now().await?;
        for _ in 0..3 {
            got.push(queue.get().await?);
        }
        Ok(got)
    });
    assert_eq!(got.unwrap(), ["first", "a", "c", "d"]);
}

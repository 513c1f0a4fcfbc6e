//! What Rust has and CPython has not: several awaits in one task, futures of other libraries, wakers, panics.

use std::cell::{Cell, RefCell};
use std::future::{Future, pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use asyncio::{
    Error, Event, EventLoop, Lock, Panicked, Promise, Queue, Result, Semaphore, Task, TimedOut,
    cancellable, create_task, current_task, gather, sleep, timeout, yield_now,
};
use futures::channel::oneshot;
use futures::future::LocalBoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};

use crate::harness::{Trace, exception, real_loop, s, spin, t, virtual_loop};

fn setup() -> (EventLoop, Trace) {
    (virtual_loop(), Trace::new())
}

#[track_caller]
fn expect(trace: &Trace, lines: &[&str]) {
    assert_eq!(trace.lines(), lines);
}

/// Writes what came out of an await, and when.
fn outcome<T: std::fmt::Debug>(result: Result<T>) -> String {
    let now = t(asyncio::get_running_loop().expect("inside the loop").time());
    match result {
        Ok(value) => format!("{value:?} at {now}"),
        Err(error) => format!("{} at {now}", exception(&error)),
    }
}

/// Counts its drops.
#[derive(Clone, Default)]
struct Drops(Rc<Cell<u32>>);

impl Drops {
    fn guard(&self) -> impl Drop + use<> {
        struct Guard(Drops);
        impl Drop for Guard {
            fn drop(&mut self) {
                self.0.0.set(self.0.0.get() + 1);
            }
        }
        Guard(self.clone())
    }

    fn count(&self) -> u32 {
        self.0.get()
    }
}

/// Every kind of await that this library has, each of which would last for ever or for long.
fn every_leaf(event_loop: &EventLoop) -> Vec<(&'static str, LocalBoxFuture<'static, Result<()>>)> {
    let promise: Promise<()> = event_loop.create_promise();
    let child: Task<()> = event_loop.create_task(async { Ok(sleep(s(9.0)).await?) });
    let empty: Queue<()> = Queue::new();
    let full = Queue::bounded(1);
    full.put_nowait(()).unwrap();
    let busy = Queue::new();
    busy.put_nowait(()).unwrap();
    let lock = Lock::new();
    let permits = Semaphore::new(0);
    let event = Event::new();
    let gathered = promise.clone();
    vec![
        ("promise", async move { promise.await }.boxed_local()),
        ("task", async move { child.await }.boxed_local()),
        ("sleep", async { Ok(sleep(s(5.0)).await?) }.boxed_local()),
        ("get", async move { empty.get().await }.boxed_local()),
        ("put", async move { full.put(()).await }.boxed_local()),
        ("join", async move { Ok(busy.join().await?) }.boxed_local()),
        (
            "lock",
            async move {
                let _held = lock.acquire().await?;
                drop(lock.acquire().await?);
                Ok(())
            }
            .boxed_local(),
        ),
        (
            "permit",
            async move { permits.acquire().await.map(drop).map_err(Error::from) }.boxed_local(),
        ),
        (
            "event",
            async move { Ok(event.wait().await?) }.boxed_local(),
        ),
        (
            "gather",
            async move { gather([gathered]).await.map(drop) }.boxed_local(),
        ),
        (
            "timeout",
            timeout(s(7.0), async { Ok(sleep(s(8.0)).await?) }).boxed_local(),
        ),
        (
            "foreign",
            async { Ok(cancellable(pending()).await?) }.boxed_local(),
        ),
        ("foreign in time", timeout(s(7.0), pending()).boxed_local()),
    ]
}

/// Runs a task that polls every leaf at once, as `join` says, and cancels it.
fn cancel_every_leaf<F: Future<Output = Vec<String>> + 'static>(
    join: impl FnOnce(Vec<LocalBoxFuture<'static, String>>) -> F,
) {
    let event_loop = virtual_loop();
    let leaves = every_leaf(&event_loop);
    let names: Vec<_> = leaves.iter().map(|(name, _)| *name).collect();
    let named = leaves.into_iter().map(|(name, leaf)| {
        async move { format!("{name}: {}", outcome(leaf.await)) }.boxed_local()
    });
    let joined = join(named.collect());
    let task = event_loop.create_task(async move { Ok(joined.await) });
    spin(&event_loop);
    assert!(task.cancel());
    let mut said = event_loop.run_until_complete(task).unwrap();
    said.sort();
    let mut expected: Vec<_> = names
        .iter()
        .map(|name| format!("{name}: CancelledError at 0.0"))
        .collect();
    expected.sort();
    assert_eq!(said, expected);
}

#[test]
fn a_cancellation_reaches_every_branch_of_join() {
    cancel_every_leaf(futures::future::join_all);
}

#[test]
fn a_cancellation_reaches_every_member_of_futures_unordered() {
    // It polls only those members whose own wakers were called.
    cancel_every_leaf(|leaves| {
        leaves
            .into_iter()
            .collect::<FuturesUnordered<_>>()
            .collect()
    });
}

#[test]
fn a_cancellation_reaches_the_branches_of_either_select() {
    let (event_loop, trace) = setup();
    let say = trace.clone();
    let task = event_loop.create_task(async move {
        let tokio = tokio::select! {
            slept = sleep(s(5.0)) => slept,
            slept = sleep(s(6.0)) => slept,
        };
        say.say(outcome(tokio.map_err(Error::from)));
        let mut five = pin!(sleep(s(5.0)).fuse());
        let mut six = pin!(sleep(s(6.0)).fuse());
        let futures = futures::select! { slept = five => slept, slept = six => slept };
        say.say(outcome(futures.map_err(Error::from)));
        Ok(())
    });
    spin(&event_loop);
    task.cancel();
    spin(&event_loop);
    task.cancel();
    event_loop.run_until_complete(task).unwrap();
    expect(&trace, &["CancelledError at 0.0", "CancelledError at 0.0"]);
    assert_eq!(event_loop.timer_count(), 0);
}

/// Runs two promises in one task, fills the first, or both, and cancels the task in the same pass.
fn cancel_beside_values<F: Future<Output = Result<()>> + 'static>(
    filled: usize,
    body: impl FnOnce(Trace, Promise<i32>, Promise<i32>) -> F,
) -> Vec<String> {
    let (event_loop, trace) = setup();
    let [f, g] = [0; 2].map(|_| event_loop.create_promise());
    let task = event_loop.create_task(body(trace.clone(), f.clone(), g.clone()));
    spin(&event_loop);
    for promise in [f, g].iter().take(filled) {
        promise.set_result(1).unwrap();
    }
    assert!(task.cancel());
    let ended = event_loop.run_until_complete(&task);
    trace.say(format!("{:?}", ended.map_err(|error| exception(&error))));
    trace.lines()
}

#[test]
fn a_cancellation_wins_over_the_values_of_every_branch() {
    for filled in [0, 1, 2] {
        let said = cancel_beside_values(filled, |trace, f, g| async move {
            let (f, g) = futures::join!(f.into_future(), g.into_future());
            trace.say(outcome(f));
            trace.say(outcome(g));
            Ok(())
        });
        let both = ["CancelledError at 0.0", "CancelledError at 0.0", "Ok(())"];
        assert_eq!(said, both, "{filled} filled");

        let said = cancel_beside_values(filled, |trace, f, g| async move {
            let mut both: FuturesUnordered<_> =
                [f, g].into_iter().map(|f| f.into_future()).collect();
            while let Some(result) = both.next().await {
                trace.say(outcome(result));
            }
            Ok(())
        });
        assert_eq!(said, both, "{filled} filled");
    }
}

#[test]
fn a_select_does_not_lose_a_cancellation_to_a_branch_that_is_ready() {
    for filled in [0, 1, 2] {
        let said = cancel_beside_values(filled, |trace, f, g| async move {
            let first = tokio::select! { f = f.into_future() => f, g = g.into_future() => g };
            trace.say(outcome(first));
            Ok(())
        });
        assert_eq!(said, ["CancelledError at 0.0", "Ok(())"], "{filled} filled");
    }
}

#[test]
fn a_cancellation_that_lost_to_a_foreign_future_arrives_at_the_next_await() {
    let (event_loop, trace) = setup();
    let (sender, receiver) = oneshot::channel();
    let say = trace.clone();
    let task = event_loop.create_task(async move {
        let first = tokio::select! {
            biased;
            received = receiver => received.map_err(Error::from),
            slept = sleep(s(5.0)) => slept.map(|()| "slept").map_err(Error::from),
        };
        say.say(outcome(first));
        say.say(outcome(sleep(s(5.0)).await.map_err(Error::from)));
        Ok(())
    });
    spin(&event_loop);
    sender.send("received").unwrap();
    task.cancel();
    event_loop.run_until_complete(task).unwrap();
    expect(&trace, &["\"received\" at 0.0", "CancelledError at 0.0"]);
}

#[test]
fn a_body_that_takes_a_cancellation_is_not_cancelled_again() {
    for filled in [0, 1, 2] {
        let said = cancel_beside_values(filled, |trace, f, g| async move {
            let (f, g) = futures::join!(f.into_future(), g.into_future());
            assert!(f.is_err() && g.is_err());
            trace.say(outcome(sleep(s(1.0)).await.map_err(Error::from)));
            trace.say(outcome(yield_now().await.map_err(Error::from)));
            trace.say(current_task().expect("a task").cancelling());
            Ok(())
        });
        assert_eq!(said, ["() at 1.0", "() at 1.0", "1", "Ok(())"]);
    }
    let said = cancel_beside_values(1, |trace, f, g| async move {
        let first = tokio::select! { f = f.into_future() => f, g = g.into_future() => g };
        assert!(first.is_err());
        trace.say(outcome(sleep(s(1.0)).await.map_err(Error::from)));
        Ok(())
    });
    assert_eq!(said, ["() at 1.0", "Ok(())"]);
}

#[test]
fn a_task_that_cancels_itself_in_one_branch_is_interrupted_in_all() {
    let (event_loop, trace) = setup();
    let say = trace.clone();
    let body = async move {
        let cancels = async {
            yield_now().await?;
            current_task().expect("a task").cancel();
            sleep(s(3.0)).await
        };
        let (sleeps, cancels) = futures::join!(sleep(s(5.0)), cancels);
        say.say(outcome(sleeps.map_err(Error::from)));
        say.say(outcome(cancels.map_err(Error::from)));
        Ok(())
    };
    event_loop.run_until_complete(body).unwrap();
    expect(&trace, &["CancelledError at 0.0", "CancelledError at 0.0"]);
}

#[test]
fn a_cancelled_body_that_awaits_a_foreign_future_is_dropped() {
    let (event_loop, trace) = setup();
    let (sender, receiver) = oneshot::channel::<()>();
    let (say, drops) = (trace.clone(), Drops::default());
    let guard = drops.guard();
    let task = event_loop.create_task(async move {
        let _guard = guard;
        say.say(format!("{:?}", receiver.await));
        Ok(())
    });
    spin(&event_loop);
    assert!(task.cancel());
    assert_eq!(drops.count(), 0, "nothing runs inside cancel");
    spin(&event_loop);
    assert!(task.is_cancelled());
    assert_eq!(drops.count(), 1);
    assert!(sender.is_canceled());
    expect(&trace, &[]);
}

#[test]
fn under_cancellable_a_foreign_future_is_dropped_and_the_body_goes_on() {
    let (event_loop, trace) = setup();
    let (sender, receiver) = oneshot::channel::<()>();
    let (say, drops) = (trace.clone(), Drops::default());
    let guard = drops.guard();
    let task = event_loop.create_task(async move {
        let _guard = guard;
        let received = cancellable(receiver).await;
        say.say(outcome(received.map_err(Error::from)));
        sleep(s(1.0)).await?;
        Ok("cleaned up")
    });
    spin(&event_loop);
    assert!(task.cancel());
    spin(&event_loop);
    assert!(sender.is_canceled());
    assert_eq!(drops.count(), 0);
    assert_eq!(event_loop.run_until_complete(task).unwrap(), "cleaned up");
    assert_eq!(drops.count(), 1);
    expect(&trace, &["CancelledError at 0.0"]);
}

#[test]
fn cancellable_leaves_a_cancellation_to_what_hears_of_it_inside() {
    let (event_loop, trace) = setup();
    let say = trace.clone();
    let task = event_loop.create_task(async move {
        let inside = async {
            say.say(outcome(sleep(s(5.0)).await.map_err(Error::from)));
            sleep(s(1.0)).await.map(|()| "went on")
        };
        let inside = cancellable(cancellable(inside)).await;
        say.say(format!("{inside:?}"));
        Ok(())
    });
    spin(&event_loop);
    task.cancel();
    event_loop.run_until_complete(task).unwrap();
    expect(
        &trace,
        &["CancelledError at 0.0", "Ok(Ok(Ok(\"went on\")))"],
    );
}

#[test]
fn a_value_that_came_with_the_cancellation_is_not_lost() {
    let (event_loop, trace) = setup();
    let (sender, receiver) = oneshot::channel();
    let say = trace.clone();
    let task = event_loop.create_task(async move {
        say.say(format!("{:?}", cancellable(receiver).await));
        say.say(outcome(yield_now().await.map_err(Error::from)));
        Ok(())
    });
    spin(&event_loop);
    sender.send("value").unwrap();
    task.cancel();
    event_loop.run_until_complete(task).unwrap();
    expect(&trace, &["Ok(Ok(\"value\"))", "CancelledError at 0.0"]);
}

#[test]
fn a_timeout_ends_a_foreign_future_and_nothing_behind_it() {
    let (event_loop, trace) = setup();
    let (sender, receiver) = oneshot::channel::<()>();
    let say = trace.clone();
    let body = async move {
        let limited = timeout(s(1.0), async { Ok(receiver.await?) }).await;
        assert!(limited.as_ref().is_err_and(|error| error.is::<TimedOut>()));
        say.say(outcome(limited));
        say.say(outcome(sleep(s(1.0)).await.map_err(Error::from)));
        Ok(current_task().expect("a task").cancelling())
    };
    assert_eq!(event_loop.run_until_complete(body).unwrap(), 0);
    assert!(sender.is_canceled());
    expect(&trace, &["TimeoutError at 1.0", "() at 2.0"]);
}

#[test]
fn a_timeout_that_comes_with_a_foreign_value_leaves_no_cancellation_behind() {
    let (event_loop, trace) = setup();
    let (sender, receiver) = oneshot::channel();
    // Both are due at the same time, and the value is ahead.
    event_loop.call_at(s(1.0), move || sender.send("value").unwrap());
    let say = trace.clone();
    let body = async move {
        let limited = timeout(s(1.0), async { Ok(receiver.await?) }).await;
        say.say(outcome(limited));
        say.say(outcome(sleep(s(1.0)).await.map_err(Error::from)));
        Ok(())
    };
    event_loop.run_until_complete(body).unwrap();
    expect(&trace, &["\"value\" at 1.0", "() at 2.0"]);
}

/// Counts how often it was called.
#[derive(Default)]
struct Calls(AtomicUsize);

impl Wake for Calls {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

#[test]
fn another_executor_may_poll_a_promise() {
    let event_loop = real_loop();
    let promise = event_loop.create_promise();
    let calls = Arc::new(Calls::default());
    let waker = Waker::from(calls.clone());
    let mut context = Context::from_waker(&waker);
    let mut awaiting = pin!((&promise).into_future());
    assert!(awaiting.as_mut().poll(&mut context).is_pending());
    assert!(awaiting.as_mut().poll(&mut context).is_pending());
    promise.set_result(5).unwrap();
    assert_eq!(calls.0.load(SeqCst), 1);
    assert!(matches!(awaiting.poll(&mut context), Poll::Ready(Ok(5))));
    // What is done needs no loop.
    let again = futures::executor::block_on(promise.into_future());
    assert_eq!(again.unwrap(), 5);

    let filled = event_loop.create_promise();
    let fill = async { filled.set_result(7).unwrap() };
    let (got, ()) =
        futures::executor::block_on(async { futures::join!((&filled).into_future(), fill) });
    assert_eq!(got.unwrap(), 7);
}

#[test]
#[should_panic(expected = "no running event loop")]
fn a_sleep_needs_the_loop_that_holds_its_timer() {
    let _ = futures::executor::block_on(sleep(s(1.0)));
}

#[test]
fn a_panic_in_a_task_leaves_the_loop_and_the_other_tasks_usable() {
    let (event_loop, trace) = setup();
    let drops = Drops::default();
    let guard = drops.guard();
    let task: Task<()> = event_loop.create_task(async move {
        let _guard = guard;
        yield_now().await?;
        panic!("a bug")
    });
    let (awaited, say) = (task.clone(), trace.clone());
    let waits = event_loop.create_task(async move {
        let error = awaited.await.unwrap_err();
        assert!(error.is::<Panicked>());
        assert!(current_task().is_some());
        say.say("the awaiter goes on");
        Ok(())
    });
    let run = catch_unwind(AssertUnwindSafe(|| event_loop.run_until_complete(&waits)));
    let payload = run.expect_err("the panic leaves the run");
    assert_eq!(*payload.downcast_ref::<&str>().unwrap(), "a bug");
    assert_eq!(drops.count(), 1);
    assert!(!event_loop.is_running());
    assert!(task.result().is_err_and(|error| error.is::<Panicked>()));
    assert!(current_task().is_none());
    event_loop.run_until_complete(waits).unwrap();
    expect(&trace, &["the awaiter goes on"]);
}

#[test]
fn a_waker_wakes_its_task_from_another_thread() {
    // On the real clock: a loop on virtual time does not wait for threads that it knows nothing of.
    let event_loop = real_loop();
    let (sender, receiver) = oneshot::channel();
    let (waiting, is_waiting) = std::sync::mpsc::channel();
    let thread = thread::spawn(move || {
        is_waiting.recv().unwrap();
        sender.send("from afar").unwrap();
    });
    let body = async move {
        let mut receiver = receiver;
        let first = poll_fn(|cx| Poll::Ready(receiver.poll_unpin(cx))).await;
        assert!(first.is_pending());
        waiting.send(())?;
        Ok(receiver.await?)
    };
    assert_eq!(event_loop.run_until_complete(body).unwrap(), "from afar");
    thread.join().unwrap();
}

/// Lends the waker of the task in which it is awaited.
async fn own_waker() -> Waker {
    poll_fn(|cx| Poll::Ready(cx.waker().clone())).await
}

#[test]
fn a_waker_that_outlives_its_task_wakes_nobody() {
    let event_loop = virtual_loop();
    let ended = event_loop.create_task(async { Ok(()) });
    event_loop.run_until_complete(&ended).unwrap();
    let kept: Rc<RefCell<Option<Waker>>> = Rc::default();
    let keep = kept.clone();
    let first = event_loop.create_task(async move {
        *keep.borrow_mut() = Some(own_waker().await);
        Ok(())
    });
    event_loop.run_until_complete(first).unwrap();
    let waker = kept.take().expect("the task has run");

    // The next task takes the place that the first one has left.
    let polls = Rc::new(Cell::new(0));
    let count = polls.clone();
    let successor = event_loop.create_task(async move {
        poll_fn(move |_| {
            count.set(count.get() + 1);
            Poll::<()>::Pending
        })
        .await;
        Ok(())
    });
    spin(&event_loop);
    assert_eq!(polls.get(), 1);
    waker.wake_by_ref();
    let same = waker.clone();
    thread::spawn(move || same.wake()).join().unwrap();
    spin(&event_loop);
    spin(&event_loop);
    assert_eq!(
        polls.get(),
        1,
        "the successor was polled for its predecessor's waker"
    );

    drop(successor);
    event_loop.close().unwrap();
    waker.wake_by_ref();
    drop(event_loop);
    waker.wake();
}

#[test]
fn a_waker_of_a_running_task_schedules_one_more_step() {
    let event_loop = virtual_loop();
    let polls = Rc::new(Cell::new(0));
    let count = polls.clone();
    let body = async move {
        create_task(async { Ok(()) });
        poll_fn(|cx| {
            count.set(count.get() + 1);
            cx.waker().wake_by_ref();
            cx.waker().wake_by_ref();
            if count.get() < 3 {
                Poll::Pending
            } else {
                Poll::Ready(())
            }
        })
        .await;
        Ok(())
    };
    event_loop.run_until_complete(body).unwrap();
    assert_eq!(polls.get(), 3);
    assert!(event_loop.all_tasks().is_empty());
}

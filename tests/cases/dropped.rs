//! Awaits that are dropped in the middle, as `select!` drops the branches that lose: whoever waits behind them goes on.

use std::cell::Cell;
use std::future::Future;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Wake};

use asyncio::{
    AnyTask, Barrier, Condition, Event, EventLoop, Lock, Promise, Queue, Result, ReturnWhen,
    Semaphore, Task, as_completed, create_task, gather, sleep, task_group, wait, yield_now,
};
use futures::FutureExt;

use crate::harness::{Trace, s, spin, virtual_loop};

struct Setup {
    event_loop: EventLoop,
    trace: Trace,
    /// Lets the leavers leave.
    exit: Promise<()>,
}

impl Setup {
    fn new() -> Self {
        let event_loop = virtual_loop();
        Setup {
            exit: event_loop.create_promise(),
            event_loop,
            trace: Trace::new(),
        }
    }

    /// Starts a task that awaits `leaf` until `exit` is filled: then it drops the leaf, even if that is ready or woken.
    fn leaver<T: 'static>(&self, leaf: impl Future<Output = T> + 'static) -> Task<()> {
        let (exit, trace) = (self.exit.clone(), self.trace.clone());
        self.event_loop.create_task(async move {
            tokio::select! {
                biased;
                _ = exit.into_future() => trace.say("left"),
                _ = leaf => trace.say("stayed"),
            }
            Ok(())
        })
    }

    /// Starts a task that awaits `leaf` and says what it got.
    fn stayer<T: std::fmt::Debug + 'static>(
        &self,
        name: &'static str,
        leaf: impl Future<Output = T> + 'static,
    ) -> Task<()> {
        let trace = self.trace.clone();
        self.event_loop.create_task(async move {
            trace.say(format!("{name} {:?}", leaf.await));
            Ok(())
        })
    }

    fn leave(&self) {
        self.exit.set_result(()).unwrap();
    }

    /// Lets everybody go on as far as they can, and compares what they said; the time must not have moved.
    #[track_caller]
    fn expect(&self, lines: &[&str]) {
        for _ in 0..5 {
            spin(&self.event_loop);
        }
        assert_eq!(self.trace.lines(), lines);
        assert!(self.event_loop.time().is_zero());
    }

    #[track_caller]
    fn expect_all_ended(&self) {
        let left: Vec<AnyTask> = self.event_loop.all_tasks();
        assert!(left.is_empty(), "still waiting: {left:?}");
        assert_eq!(self.event_loop.timer_count(), 0);
    }
}

#[test]
fn a_dropped_get_leaves_its_item_to_the_next_getter() {
    for woken in [false, true] {
        let at = Setup::new();
        let queue = Queue::new();
        at.leaver(queue.get());
        at.stayer("got", queue.get());
        spin(&at.event_loop);
        if !woken {
            at.leave();
            spin(&at.event_loop);
        }
        queue.put_nowait(1).unwrap();
        if woken {
            at.leave();
        }
        at.expect(&["left", "got Ok(1)"]);
        assert!(queue.is_empty());
        at.expect_all_ended();
    }
}

#[test]
fn a_dropped_put_leaves_its_room_to_the_next_putter() {
    for woken in [false, true] {
        let at = Setup::new();
        let queue = Queue::bounded(1);
        queue.put_nowait(1).unwrap();
        let [first, second] = [queue.clone(), queue.clone()];
        at.leaver(async move { first.put(2).await });
        at.stayer("put", async move { second.put(3).await });
        spin(&at.event_loop);
        if !woken {
            at.leave();
            spin(&at.event_loop);
        }
        assert_eq!(queue.get_nowait(), Ok(1));
        if woken {
            at.leave();
        }
        at.expect(&["left", "put Ok(())"]);
        assert_eq!(queue.get_nowait(), Ok(3));
        at.expect_all_ended();
    }
}

#[test]
fn a_dropped_join_of_a_queue_holds_nobody_up() {
    let at = Setup::new();
    let queue = Queue::new();
    queue.put_nowait(()).unwrap();
    let [first, second] = [queue.clone(), queue.clone()];
    at.leaver(async move { first.join().await });
    at.stayer("joined", async move { second.join().await });
    spin(&at.event_loop);
    queue.task_done().unwrap();
    at.leave();
    at.expect(&["left", "joined Ok(())"]);
    at.expect_all_ended();
}

#[test]
fn a_dropped_acquire_leaves_the_lock_to_the_next() {
    for woken in [false, true] {
        let at = Setup::new();
        let lock = Lock::new();
        let held = futures::executor::block_on(lock.acquire()).unwrap();
        let [first, second] = [lock.clone(), lock.clone()];
        at.leaver(async move { first.acquire().await });
        at.stayer("locked", async move { second.acquire().await.map(drop) });
        spin(&at.event_loop);
        if !woken {
            at.leave();
            spin(&at.event_loop);
        }
        drop(held);
        if woken {
            at.leave();
        }
        at.expect(&["left", "locked Ok(())"]);
        assert!(!lock.is_locked());
        at.expect_all_ended();
    }
}

#[test]
fn a_dropped_acquire_leaves_its_permit_to_the_next() {
    for woken in [false, true] {
        let at = Setup::new();
        let semaphore = Semaphore::new(0);
        let [first, second] = [semaphore.clone(), semaphore.clone()];
        at.leaver(async move { first.acquire().await });
        at.stayer("permitted", async move { second.acquire().await.map(drop) });
        spin(&at.event_loop);
        if !woken {
            at.leave();
            spin(&at.event_loop);
        }
        semaphore.release().unwrap();
        if woken {
            at.leave();
        }
        at.expect(&["left", "permitted Ok(())"]);
        assert_eq!(semaphore.available(), 1);
        at.expect_all_ended();
    }
}

#[test]
fn a_dropped_wait_for_an_event_holds_nobody_up() {
    let at = Setup::new();
    let event = Event::new();
    let [first, second] = [event.clone(), event.clone()];
    at.leaver(async move { first.wait().await });
    at.stayer("set", async move { second.wait().await });
    spin(&at.event_loop);
    event.set();
    at.leave();
    at.expect(&["left", "set Ok(())"]);
    at.expect_all_ended();
}

/// Waits for a notification and drops the lock again.
async fn notified(lock: Lock, condition: Condition) -> Result<()> {
    let guard = lock.acquire().await?;
    let (guard, result) = condition.wait(guard).await;
    drop(guard);
    Ok(result?)
}

#[test]
fn a_dropped_wait_leaves_its_notification_to_the_next() {
    for woken in [false, true] {
        let at = Setup::new();
        let lock = Lock::new();
        let condition = Condition::new(&lock);
        at.leaver(notified(lock.clone(), condition.clone()));
        at.stayer("notified", notified(lock.clone(), condition.clone()));
        spin(&at.event_loop);
        if !woken {
            at.leave();
            spin(&at.event_loop);
        }
        let guard = futures::executor::block_on(lock.acquire()).unwrap();
        condition.notify(&guard, 1);
        drop(guard);
        if woken {
            at.leave();
        }
        at.expect(&["left", "notified Ok(())"]);
        assert!(!lock.is_locked());
        at.expect_all_ended();
    }
}

#[test]
fn a_wait_dropped_while_it_takes_the_lock_again_leaves_its_notification_to_the_next() {
    let at = Setup::new();
    let lock = Lock::new();
    let condition = Condition::new(&lock);
    at.leaver(notified(lock.clone(), condition.clone()));
    at.stayer("notified", notified(lock.clone(), condition.clone()));
    spin(&at.event_loop);
    let guard = futures::executor::block_on(lock.acquire()).unwrap();
    condition.notify(&guard, 1);
    // The notified one queues for the lock, which is held.
    spin(&at.event_loop);
    at.leave();
    spin(&at.event_loop);
    drop(guard);
    at.expect(&["left", "notified Ok(())"]);
    at.expect_all_ended();
}

#[test]
fn a_dropped_wait_at_a_barrier_frees_its_place() {
    let at = Setup::new();
    let barrier = Barrier::new(2);
    let [first, second, third] = [(); 3].map(|()| barrier.clone());
    at.leaver(async move { first.wait().await });
    spin(&at.event_loop);
    at.leave();
    spin(&at.event_loop);
    at.stayer("second", async move { second.wait().await });
    at.expect(&["left"]);
    at.stayer("third", async move { third.wait().await });
    at.expect(&["left", "third Ok(1)", "second Ok(0)"]);
    at.expect_all_ended();
}

#[test]
fn a_wait_dropped_when_the_barrier_opens_takes_no_place_of_the_next_round() {
    let at = Setup::new();
    let barrier = Barrier::new(2);
    let [first, second, third, fourth] = [(); 4].map(|()| barrier.clone());
    at.leaver(async move { first.wait().await });
    spin(&at.event_loop);
    at.stayer("second", async move { second.wait().await });
    at.leave();
    at.expect(&["second Ok(1)", "left"]);
    at.stayer("third", async move { third.wait().await });
    at.expect(&["second Ok(1)", "left"]);
    at.stayer("fourth", async move { fourth.wait().await });
    at.expect(&["second Ok(1)", "left", "fourth Ok(1)", "third Ok(0)"]);
    at.expect_all_ended();
}

#[test]
fn a_dropped_item_of_as_completed_leaves_its_completion_to_the_next() {
    let at = Setup::new();
    let promises: [Promise<&str>; 2] = std::array::from_fn(|_| at.event_loop.create_promise());
    let given = promises.clone();
    let made = at
        .event_loop
        .run_until_complete(async move { Ok(Rc::new(Cell::new(Some(as_completed(given, None))))) });
    let mut items = made.unwrap().take().expect("two items");
    at.leaver(items.next().expect("an item"));
    at.stayer("next", items.next().expect("an item"));
    spin(&at.event_loop);
    promises[0].set_result("first").unwrap();
    spin(&at.event_loop);
    at.leave();
    at.expect(&["left", "next Ok(\"first\")"]);
    at.expect_all_ended();
}

#[test]
fn a_dropped_sleep_takes_its_timer_back() {
    let at = Setup::new();
    at.leaver(sleep(s(5.0)));
    spin(&at.event_loop);
    assert_eq!(at.event_loop.timer_count(), 1);
    at.leave();
    at.expect(&["left"]);
    at.expect_all_ended();
}

#[test]
fn a_dropped_turn_is_no_turn() {
    let at = Setup::new();
    at.leave();
    at.leaver(yield_now());
    at.expect(&["left"]);
    at.expect_all_ended();
}

#[test]
fn a_task_goes_on_when_the_await_of_its_handle_is_dropped() {
    let at = Setup::new();
    let end = at.event_loop.create_promise();
    let awaited = end.clone();
    let task = at.event_loop.create_task(async move { awaited.await });
    at.leaver(task.clone().into_future());
    at.stayer("task", task.into_future());
    spin(&at.event_loop);
    at.leave();
    spin(&at.event_loop);
    end.set_result(1).unwrap();
    at.expect(&["left", "task Ok(1)"]);
    at.expect_all_ended();
}

#[test]
fn a_dropped_await_takes_its_waker_back() {
    #[derive(Default)]
    struct Calls(AtomicUsize);
    impl Wake for Calls {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, SeqCst);
        }
    }
    let event_loop = virtual_loop();
    let promise = event_loop.create_promise();
    let (gone, there) = (Arc::new(Calls::default()), Arc::new(Calls::default()));
    let mut first = (&promise).into_future();
    let mut second = (&promise).into_future();
    let polled = first.poll_unpin(&mut Context::from_waker(&gone.clone().into()));
    assert!(polled.is_pending());
    let polled = second.poll_unpin(&mut Context::from_waker(&there.clone().into()));
    assert!(polled.is_pending());
    drop(first);
    promise.set_result(()).unwrap();
    assert_eq!((gone.0.load(SeqCst), there.0.load(SeqCst)), (0, 1));
}

#[test]
fn children_go_on_when_a_gather_or_a_wait_is_dropped() {
    let at = Setup::new();
    let end = at.event_loop.create_promise();
    let children: Vec<_> = (0..2)
        .map(|_| {
            let end = end.clone();
            at.event_loop.create_task(async move { end.await })
        })
        .collect();
    let gathered = children.clone();
    at.leaver(async move { gather(gathered).await });
    let waited = children.clone();
    at.leaver(async move { wait(waited, s(5.0), ReturnWhen::AllCompleted).await });
    spin(&at.event_loop);
    at.leave();
    spin(&at.event_loop);
    assert_eq!(at.event_loop.timer_count(), 0);
    end.set_result(1).unwrap();
    at.expect(&["left", "left"]);
    assert!(children.iter().all(|child| child.result().is_ok()));
    at.expect_all_ended();
}

#[test]
fn a_dropped_task_group_cancels_its_tasks() {
    let at = Setup::new();
    let trace = at.trace.clone();
    at.leaver(async move {
        task_group(async |group| {
            let trace = trace.clone();
            group.create_task(async move {
                let slept = sleep(s(5.0)).await;
                trace.say(format!("member {slept:?}"));
                Ok(slept?)
            })?;
            Ok(sleep(s(9.0)).await?)
        })
        .await
    });
    spin(&at.event_loop);
    spin(&at.event_loop);
    at.leave();
    at.expect(&["left", "member Err(Cancelled { message: None })"]);
    at.expect_all_ended();
}

#[test]
fn a_leaf_that_a_cancelled_task_drops_unpolled_hands_on_too() {
    // The getter was woken, and its task is cancelled and drops its body before it can take the item.
    let at = Setup::new();
    let queue = Queue::new();
    let [first, second] = [queue.clone(), queue.clone()];
    let task = at.event_loop.create_task(async move {
        let getting = create_task(async move { first.get().await });
        getting.await
    });
    at.stayer("got", async move {
        yield_now().await?;
        second.get().await
    });
    spin(&at.event_loop);
    spin(&at.event_loop);
    queue.put_nowait(1).unwrap();
    task.cancel();
    at.expect(&["got Ok(1)"]);
    assert!(task.is_cancelled());
    at.expect_all_ended();
}

//! Sequences of calls that are rare, and legal.

use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

use asyncio::observe::{Actor, Kind};
use asyncio::{
    Error, EventLoop, Promise, Result, Task, create_task, gather, gather_return_exceptions, sleep,
    yield_now,
};

use crate::{Trace, seconds};

#[test]
fn what_a_thread_sends_while_the_loop_looks_into_its_inbox_comes_last() {
    let event_loop = EventLoop::new();
    let handle = event_loop.handle();
    let order = Trace::default();
    let said = |what: &'static str| {
        let handle = handle.clone();
        move || {
            handle
                .call_soon_threadsafe(move || SAID.with_borrow_mut(|said| said.push(what)))
                .unwrap();
        }
    };
    thread_local! {
        static SAID: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
    }
    said("first")();
    said("second")();
    let late = Cell::new(Some(said("third")));
    event_loop.set_observer(move |event| {
        // This is between the first message and the second.
        if let (Actor::Thread, Kind::CallbackScheduled { .. }, Some(late)) =
            (event.by, &event.kind, late.take())
        {
            late();
        }
    });
    event_loop.stop();
    event_loop.run_forever().unwrap();
    event_loop.stop();
    event_loop.run_forever().unwrap();
    SAID.take().into_iter().for_each(|what| order.say(what));
    assert_eq!(order.take(), ["first", "second", "third"]);
}

/// Gathers a promise that nobody keeps any more, and one that somebody does; cancels whoever awaits the whole.
fn cancel_without_a_child<T: Clone + 'static>(
    whole: fn([Promise<()>; 2]) -> Promise<T>,
) -> Result<(), Error> {
    let event_loop = EventLoop::with_virtual_clock();
    event_loop.run_until_complete(async move {
        let children =
            [(); 2].map(|()| EventLoop::create_promise(&asyncio::get_running_loop().unwrap()));
        let kept = children[1].clone();
        let waits = create_task(async move {
            whole(children).await?;
            Ok(())
        });
        yield_now().await?;
        waits.cancel();
        let outcome = waits.await;
        assert!(!kept.is_done() || kept.is_cancelled());
        outcome
    })
}

#[test]
fn a_gather_whose_child_is_gone_can_be_cancelled() {
    assert!(cancel_without_a_child(gather).unwrap_err().is_cancelled());
    let outcome = cancel_without_a_child(gather_return_exceptions);
    assert!(outcome.unwrap_err().is_cancelled());
}

#[test]
fn a_run_that_a_panic_has_left_stops_no_other_run() {
    let event_loop = EventLoop::with_virtual_clock();
    event_loop.set_exception_handler(|_| ());
    let first: Promise<()> = event_loop.create_promise();
    event_loop.call_soon(|| -> () { panic!("a callback panics") });
    let left = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        event_loop.run_until_complete(first.clone())
    }));
    assert!(left.is_err());
    let fill = first.clone();
    event_loop.call_later(seconds(1), move || fill.set_result(()));
    let second = event_loop.run_until_complete(async {
        sleep(seconds(2)).await?;
        Ok("second")
    });
    assert_eq!(second.unwrap(), "second");
}

#[test]
fn a_task_whose_body_panics_when_it_is_dropped_ends() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }
    let event_loop = EventLoop::with_virtual_clock();
    let bomb = Bomb;
    let task = event_loop.create_task(async move {
        let _bomb = bomb;
        Ok(())
    });
    task.cancel();
    event_loop.stop();
    let run = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| event_loop.run_forever()));
    assert!(run.is_err());
    assert!(task.is_done());
    assert_eq!(event_loop.all_tasks().len(), 0);
}

type Boxed = Pin<Box<dyn Future<Output = Result<()>>>>;

#[test]
fn a_wait_that_moves_to_another_task_is_cancelled_with_that_one() {
    let event_loop = EventLoop::with_virtual_clock();
    let trace = Trace::default();
    let say = trace.clone();
    let moved: Rc<RefCell<Option<Boxed>>> = Rc::default();
    let put = moved.clone();
    let end = event_loop.run_until_complete(async move {
        let one = create_task(async move {
            let mut wait: Boxed = Box::pin(async { Ok(sleep(seconds(5)).await?) });
            let polled = std::future::poll_fn(|cx| Poll::Ready(wait.as_mut().poll(cx))).await;
            assert!(polled.is_pending());
            put.replace(Some(wait));
            Ok(sleep(seconds(9)).await?)
        });
        let said = say.clone();
        let other = create_task(async move {
            let wait = moved.take().unwrap();
            said.say(wait.await.unwrap_err());
            Ok(())
        });
        yield_now().await?;
        yield_now().await?;
        one.cancel();
        yield_now().await?;
        yield_now().await?;
        say.say(other.is_done());
        other.cancel();
        other.await?;
        say.say(one.await.unwrap_err());
        Ok(())
    });
    end.unwrap();
    assert_eq!(trace.take(), ["false", "cancelled", "cancelled"]);
    assert_eq!(event_loop.time(), std::time::Duration::ZERO);
}

#[test]
fn a_promise_may_outlive_the_thread_s_other_values() {
    thread_local! {
        static KEPT: RefCell<Option<Promise<()>>> = const { RefCell::new(None) };
    }
    let thread = std::thread::spawn(|| {
        // It is dropped last, for it is there first.
        KEPT.set(None);
        let event_loop = EventLoop::new();
        for _ in 0..2 {
            let promise: Promise<()> = event_loop.create_promise();
            promise.add_done_callback(|_| ());
            // The first one is dropped here, with its callback.
            KEPT.set(Some(promise));
        }
    });
    assert!(thread.join().is_ok());
}

#[test]
fn a_sleep_that_is_dropped_after_its_time_has_come_fills_nothing() {
    let event_loop = EventLoop::with_virtual_clock();
    let filled = Rc::new(Cell::new(0));
    let count = filled.clone();
    event_loop.set_observer(move |event| {
        if matches!(event.kind, Kind::PromiseDone { .. }) {
            count.set(count.get() + 1);
        }
    });
    let sleeping: Rc<RefCell<Option<Boxed>>> = Rc::default();
    let dropped = sleeping.clone();
    // Both are due at the same time, and the callback comes first.
    event_loop.call_later(seconds(1), move || drop(dropped.take()));
    event_loop
        .run_until_complete(async move {
            let mut wait: Boxed = Box::pin(async { Ok(sleep(seconds(1)).await?) });
            let polled = std::future::poll_fn(|cx| Poll::Ready(wait.as_mut().poll(cx))).await;
            assert!(polled.is_pending());
            sleeping.replace(Some(wait));
            for _ in 0..3 {
                yield_now().await?;
            }
            Ok(())
        })
        .unwrap();
    event_loop.advance(seconds(1));
    event_loop.stop();
    event_loop.run_forever().unwrap();
    assert_eq!((filled.get(), event_loop.timer_count()), (0, 0));
}

#[test]
fn a_callback_that_goes_with_the_loop_may_ask_for_its_task() {
    struct Asks(Task<()>, Rc<Cell<Option<bool>>>);
    impl Drop for Asks {
        fn drop(&mut self) {
            self.1.set(Some(self.0.is_done()));
        }
    }
    let event_loop = EventLoop::with_virtual_clock();
    event_loop.set_exception_handler(|_| ());
    let never: Promise<()> = event_loop.create_promise();
    let task = event_loop.create_task(async move { never.await });
    let answer = Rc::new(Cell::new(None));
    let asks = Asks(task.clone(), answer.clone());
    task.add_done_callback(move |_| drop(asks));
    event_loop.close().unwrap();
    assert_eq!(answer.get(), Some(false));
}

#[test]
fn a_task_is_not_woken_by_what_it_has_ceased_to_wait_for() {
    let event_loop = EventLoop::with_virtual_clock();
    let polls = Rc::new(Cell::new(0));
    let counted = polls.clone();
    let other: Rc<RefCell<Option<Task<()>>>> = Rc::default();
    let awaited = other.clone();
    let one = event_loop.create_task(async move {
        let other = awaited.take().expect("made before it runs");
        // The other refuses to end before this one does, so the cancellation comes by itself.
        assert!(other.await.is_err_and(|error| error.is_cancelled()));
        let mut rest = Box::pin(sleep(seconds(3)));
        std::future::poll_fn(|cx| {
            counted.set(counted.get() + 1);
            rest.as_mut().poll(cx)
        })
        .await?;
        Ok(())
    });
    let first = one.clone();
    let two = event_loop.create_task(async move {
        tokio::select! {
            outcome = first => assert!(outcome.is_err()),
            outcome = sleep(seconds(10)) => assert!(outcome.is_err()),
        }
        sleep(seconds(1)).await?;
        Ok(())
    });
    other.replace(Some(two.clone()));
    event_loop.call_later(seconds(1), {
        let one = one.clone();
        move || assert!(one.cancel())
    });
    event_loop.run_until_complete(one).unwrap();
    assert!(two.is_done());
    assert_eq!(polls.get(), 2);
}

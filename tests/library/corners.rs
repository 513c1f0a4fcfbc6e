//! Sequences of calls that are rare, and legal.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use asyncio::observe::{Actor, Kind};
use asyncio::{
    Error, EventLoop, Promise, Result, Task, TimedOut, Timeout, cancellable, create_task, gather,
    gather_return_exceptions, sleep, yield_now,
};

use crate::{Trace, boom, seconds};

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

#[test]
fn who_hears_that_nothing_can_go_on_may_cancel_something() {
    let event_loop = EventLoop::with_virtual_clock();
    let first = Rc::new(RefCell::new(None::<Task<()>>));
    let awaited = first.clone();
    let second = event_loop.create_task(async move {
        let first = awaited.borrow().clone().unwrap();
        first.await
    });
    let waits = second.clone();
    first.replace(Some(event_loop.create_task(async move { waits.await })));
    let cancelled = first.clone();
    event_loop.set_exception_handler(move |_| {
        cancelled.borrow().as_ref().unwrap().cancel();
    });
    let outcome = event_loop.run_until_complete(second);
    assert!(outcome.unwrap_err().is_cancelled());
}

#[test]
fn an_exception_handler_may_report_while_another_takes_its_place() {
    let event_loop = EventLoop::new();
    let unseen = event_loop.create_promise::<()>();
    unseen.set_exception(boom()).unwrap();
    event_loop.set_exception_handler(move |_| {
        let _kept = &unseen;
    });
    let heard = Trace::default();
    let trace = heard.clone();
    event_loop.set_exception_handler(move |context| trace.say(context));
    assert_eq!(
        heard.take(),
        ["Promise exception was never retrieved: boom"]
    );
}

/// Calls a function when it is dropped.
struct WhenDropped<F: FnMut()>(F);

impl<F: FnMut()> Drop for WhenDropped<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

#[test]
fn a_destructor_that_panics_while_a_loop_is_closed_costs_no_other_task_its_own() {
    let event_loop = EventLoop::with_virtual_clock();
    event_loop.set_exception_handler(|_| ());
    let dropped = Rc::new(Cell::new(false));
    let seen = dropped.clone();
    let panics = WhenDropped(|| panic!("a destructor"));
    let notes = WhenDropped(move || seen.set(true));
    event_loop.create_task(async move {
        let _panics = panics;
        Ok(sleep(seconds(1)).await?)
    });
    event_loop.create_task(async move {
        let _notes = notes;
        Ok(sleep(seconds(1)).await?)
    });
    event_loop.stop();
    event_loop.run_forever().unwrap();
    let closed = catch_unwind(AssertUnwindSafe(|| event_loop.close()));
    assert!(closed.is_err());
    event_loop.close().unwrap();
    assert!(dropped.get());
}

#[test]
fn what_goes_on_behind_a_future_of_another_library_hears_of_a_cancellation() {
    let event_loop = EventLoop::with_virtual_clock();
    let (sender, receiver) = futures::channel::oneshot::channel();
    let trace = Trace::default();
    let said = trace.clone();
    let task = event_loop.create_task(async move {
        let waited = cancellable(async move {
            let value: u32 = receiver.await.unwrap();
            if sleep(seconds(1)).await.is_err() {
                said.say(format!("{value} is put back"));
            }
            sleep(seconds(1)).await
        });
        waited.await??;
        Ok(())
    });
    let cancelled = task.clone();
    event_loop.call_later(seconds(1), move || {
        sender.send(7).unwrap();
        cancelled.cancel();
    });
    event_loop.run_until_complete(task).unwrap();
    assert_eq!(trace.take(), ["7 is put back"]);
    assert_eq!(event_loop.time(), seconds(2));
}

#[test]
#[should_panic(expected = "task got a promise attached to a different loop")]
fn a_sleep_that_goes_on_in_a_task_of_another_loop_panics_and_says_why() {
    let nap = Rc::new(RefCell::new(Box::pin(sleep(seconds(1)))));
    let begun = nap.clone();
    let event_loop = EventLoop::with_virtual_clock();
    let begin = event_loop.run_until_complete(async move {
        Ok(poll_fn(|cx| Poll::Ready(begun.borrow_mut().as_mut().poll(cx).is_ready())).await)
    });
    assert!(!begin.unwrap());
    let other = EventLoop::with_virtual_clock();
    let _ = other.run_until_complete(async move {
        Ok(poll_fn(|cx| nap.borrow_mut().as_mut().poll(cx)).await?)
    });
}

#[test]
fn a_limit_can_be_moved_between_two_runs() {
    let event_loop = EventLoop::with_virtual_clock();
    let limit = Timeout::at(seconds(1));
    let moved = limit.clone();
    let task = event_loop.create_task(limit.run(async { Ok(sleep(seconds(9)).await?) }));
    event_loop.stop();
    event_loop.run_forever().unwrap();
    moved.reschedule(seconds(3));
    let outcome = event_loop.run_until_complete(task);
    assert!(outcome.unwrap_err().is::<TimedOut>());
    assert_eq!(event_loop.time(), seconds(3));
}

#[test]
fn who_awaits_a_promise_elsewhere_is_woken_although_its_loop_is_gone() {
    let event_loop = EventLoop::new();
    let promise = event_loop.create_promise();
    let woken = Arc::new(AtomicBool::new(false));
    struct Note(Arc<AtomicBool>);
    impl Wake for Note {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::SeqCst);
        }
    }
    let waker = Waker::from(Arc::new(Note(woken.clone())));
    let mut waits = Box::pin((&promise).into_future());
    assert!(
        waits
            .as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
    );
    drop(event_loop);
    promise.set_result(1).unwrap();
    assert!(woken.load(Ordering::SeqCst));
    let Poll::Ready(outcome) = waits.as_mut().poll(&mut Context::from_waker(&waker)) else {
        panic!("it is done");
    };
    assert_eq!(outcome.unwrap(), 1);
}

#[test]
fn what_a_timer_drops_as_it_is_cancelled_may_run_the_loop() {
    let event_loop = EventLoop::with_virtual_clock();
    let runs = event_loop.clone();
    let guard = WhenDropped(move || runs.run_until_complete(async { Ok(()) }).unwrap());
    let timer = event_loop.call_later(seconds(1), move || drop(guard));
    timer.cancel();
    event_loop
        .run_until_complete(async { Ok(sleep(seconds(2)).await?) })
        .unwrap();
    assert_eq!(event_loop.timer_count(), 0);
}

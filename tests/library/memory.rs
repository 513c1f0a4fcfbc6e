//! What is over is dropped, and a loop that goes away drops everything that was given to it.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::mpsc::{Receiver, Sender, channel};

use asyncio::{
    Barrier, Condition, Event, EventLoop, Lock, Promise, Queue, Result, ReturnWhen, Semaphore,
    as_completed, gather, gather_return_exceptions, shield, sleep, task_group, timeout, to_thread,
    wait, wait_for, yield_now,
};

use crate::seconds;

/// Stands for what a program captures; the count of its handles tells who still holds it.
type Captured = Rc<()>;

type Body = Pin<Box<dyn Future<Output = Result<()>>>>;

fn boxed(body: impl Future<Output = Result<()>> + 'static) -> Body {
    Box::pin(body)
}

/// Makes one body for each way to wait for a promise, which `p` provides.
fn bodies_that_await(p: impl Fn() -> Promise<()>) -> Vec<Body> {
    let (all, outcomes, waited, completed, unawaited) = (p(), p(), p(), p(), p());
    let (protected, waited_for, limited, grouped) = (p(), p(), p(), p());
    vec![
        boxed(p().into_future()),
        boxed(async move { gather([all.clone(), all]).await.map(|_| ()) }),
        boxed(async move { gather_return_exceptions([outcomes]).await.map(|_| ()) }),
        boxed(async move {
            let waited = wait([waited], seconds(3600), ReturnWhen::FirstCompleted);
            waited.await.map(|_| ())
        }),
        boxed(async move {
            for item in as_completed([completed], seconds(3600)) {
                item.await?;
            }
            Ok(())
        }),
        boxed(async move {
            drop(gather([unawaited.clone()]));
            drop(shield(&unawaited));
            drop(as_completed([unawaited], seconds(3600)));
            Ok(())
        }),
        boxed(async move { shield(protected).await }),
        boxed(async move { wait_for(waited_for, seconds(3600)).await }),
        boxed(timeout(seconds(3600), limited.into_future())),
        boxed(task_group(async move |group| {
            group.create_task(grouped.clone().into_future())?;
            group.create_task(grouped.into_future())?;
            Ok(())
        })),
    ]
}

/// Makes one body for each thing that a task can stand in line for; nobody will let it pass.
fn bodies_in_line(blocked_job: Receiver<()>) -> Vec<Body> {
    let (full, unfinished) = (Queue::bounded(1), Queue::new());
    full.put_nowait(1).expect("there is room for one");
    unfinished.put_nowait(1).expect("there are no bounds");
    vec![
        boxed(async move { Ok(sleep(seconds(3600)).await?) }),
        boxed(async { Queue::new().get().await }),
        boxed(async move { full.put(2).await }),
        boxed(async move { Ok(unfinished.join().await?) }),
        boxed(async { Ok(Event::new().wait().await?) }),
        boxed(async {
            let lock = Lock::new();
            let _guard = lock.acquire().await?;
            lock.acquire().await.map(drop).map_err(Into::into)
        }),
        boxed(async { Ok(Semaphore::new(0).acquire().await.map(drop)?) }),
        boxed(async {
            let lock = Lock::new();
            let guard = lock.acquire().await?;
            let (_guard, waited) = Condition::new(&lock).wait(guard).await;
            Ok(waited?)
        }),
        boxed(async { Ok(Barrier::new(2).wait().await.map(|_| ())?) }),
        boxed(to_thread(move || Ok(blocked_job.recv()?))),
        boxed(std::future::pending()),
    ]
}

/// Gives each body to a task of its own; the task, and a callback for its end, hold on to `captured`.
fn start(event_loop: &EventLoop, captured: &Captured, bodies: Vec<Body>) {
    for body in bodies {
        let held = captured.clone();
        let task = event_loop.create_task(async move {
            let _held = held;
            body.await
        });
        let held = captured.clone();
        let itself = task.clone();
        task.add_done_callback(move |_| drop((held, itself)));
    }
}

/// Lets the loop make a few passes.
fn spin(event_loop: &EventLoop) {
    for _ in 0..5 {
        let this = event_loop.clone();
        event_loop.call_soon(move || this.stop());
        event_loop.run_forever().unwrap();
    }
}

/// Makes a loop on which everything waits for ever. The sender ends the job that blocks a thread.
fn stuck_loop(captured: &Captured) -> (EventLoop, Sender<()>) {
    let event_loop = EventLoop::with_virtual_clock();
    event_loop.set_exception_handler(|_| {});
    let (soon, later) = (captured.clone(), captured.clone());
    let (end_of_job, blocked_job) = channel();
    // One promise for each body: a group that is dropped cancels the one that it waits for, and so frees all that it holds.
    let never = || {
        let (never, held) = (event_loop.create_promise(), captured.clone());
        never.add_done_callback(move |_| drop(held));
        never
    };
    start(&event_loop, captured, bodies_that_await(never));
    start(&event_loop, captured, bodies_in_line(blocked_job));
    spin(&event_loop);
    event_loop.call_soon(move || drop(soon));
    event_loop.call_later(seconds(7200), move || drop(later));
    (event_loop, end_of_job)
}

#[test]
fn dropping_the_last_handle_of_a_loop_drops_all_that_it_was_given() {
    let captured = Captured::default();
    let (event_loop, _end_of_job) = stuck_loop(&captured);
    // Every body but one still waits, and the group has two tasks of its own.
    assert_eq!(event_loop.all_tasks().len(), 10 - 1 + 2 + 11);
    assert!(Rc::strong_count(&captured) > 40);
    drop(event_loop);
    assert_eq!(Rc::strong_count(&captured), 1);
}

#[test]
fn closing_a_loop_drops_all_that_it_was_given_although_handles_are_left() {
    let captured = Captured::default();
    let (event_loop, _end_of_job) = stuck_loop(&captured);
    let tasks = event_loop.all_tasks();
    event_loop.close().unwrap();
    assert_eq!(Rc::strong_count(&captured), 1);
    assert!(tasks.iter().all(|task| !task.is_done()));
}

#[test]
fn what_has_ended_leaves_nothing_behind_on_a_loop_that_lives() {
    let captured = Captured::default();
    let event_loop = EventLoop::with_virtual_clock();
    let promise = event_loop.create_promise();
    start(
        &event_loop,
        &captured,
        bodies_that_await(|| promise.clone()),
    );
    spin(&event_loop);
    promise.set_result(()).unwrap();
    event_loop.run_forever().expect_err("the loop stalls");
    assert_eq!(event_loop.all_tasks(), []);
    assert_eq!(event_loop.timer_count(), 0);
    assert_eq!(Rc::strong_count(&captured), 1);
}

#[test]
fn ten_thousand_tasks_leave_nothing_behind() {
    let captured = Captured::default();
    let event_loop = EventLoop::with_virtual_clock();
    for round in 1..=3 {
        for _ in 0..10_000 {
            let held = captured.clone();
            event_loop.create_task(async move {
                yield_now().await?;
                drop(held);
                Ok(())
            });
        }
        assert_eq!(event_loop.all_tasks().len(), 10_000);
        event_loop.run_forever().expect_err("the loop stalls");
        assert_eq!(event_loop.all_tasks(), []);
        assert_eq!(Rc::strong_count(&captured), 1);
        let next = event_loop.create_task(async { Ok(()) });
        assert_eq!(*next.name(), format!("Task-{}", round * 10_001));
        event_loop.run_until_complete(next).unwrap();
    }
}

#[test]
fn an_iteration_that_was_left_keeps_no_value() {
    let captured = Captured::default();
    let event_loop = EventLoop::with_virtual_clock();
    let (done, never) = (event_loop.create_promise(), event_loop.create_promise());
    done.set_result(captured.clone()).unwrap();
    let main = async move {
        drop(as_completed([done, never], seconds(3600)));
        // The value arrives, nobody takes it, and the limit of time stands.
        yield_now().await?;
        Ok(())
    };
    event_loop.run_until_complete(main).unwrap();
    assert_eq!(event_loop.timer_count(), 0);
    drop(event_loop);
    assert_eq!(Rc::strong_count(&captured), 1);
}

#[test]
fn a_task_that_keeps_its_loop_lives_until_the_loop_is_closed() {
    for closed in [true, false] {
        let captured = Captured::default();
        let event_loop = EventLoop::with_virtual_clock();
        event_loop.set_exception_handler(|_| {});
        let (own_loop, held) = (event_loop.clone(), captured.clone());
        event_loop.create_task(async move {
            sleep(seconds(1)).await?;
            drop((own_loop, held));
            Ok(())
        });
        if closed {
            event_loop.close().unwrap();
        }
        drop(event_loop);
        assert_eq!(Rc::strong_count(&captured), if closed { 1 } else { 2 });
    }
}

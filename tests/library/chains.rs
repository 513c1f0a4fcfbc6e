//! Chains and circles of tasks and promises: whatever is done once for each link is done without recursion.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use asyncio::{
    Error, EventLoop, Promise, Result, RunError, Task, create_task, gather,
    gather_return_exceptions, get_running_loop, shield, task_group, yield_now,
};

use crate::{Trace, boom};

/// How long a chain is. One frame of the stack for each link would need many times the stack that there is.
const LINKS: usize = 100_000;

/// Runs a test on a stack of 2 MiB, whatever the stack of the tests is.
fn on_a_small_stack(test: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(test);
    thread
        .expect("a thread")
        .join()
        .expect("the chain is taken apart link by link");
}

/// Makes a chain in which each task awaits the one before; gives the first link's promise and the last task.
fn chain(event_loop: &EventLoop) -> (Promise<u32>, Task<u32>) {
    let promise = event_loop.create_promise();
    let first = promise.clone();
    let mut last = event_loop.create_task(async move { first.await });
    for _ in 1..LINKS {
        let before = last;
        last = event_loop.create_task(async move { before.await });
    }
    (promise, last)
}

/// Makes a chain in which each task awaits a gather of the one before.
fn chain_of_gathers(event_loop: &EventLoop) -> (Promise<u32>, Task<u32>) {
    let promise = event_loop.create_promise();
    let first = promise.clone();
    let mut last = event_loop.create_task(async move { first.await });
    for _ in 1..LINKS {
        let before = last;
        last = event_loop.create_task(async move { Ok(gather([before]).await?[0]) });
    }
    (promise, last)
}

fn pass(event_loop: &EventLoop, passes: usize) {
    for _ in 0..passes {
        event_loop.stop();
        event_loop.run_forever().unwrap();
    }
}

#[test]
fn a_long_chain_of_tasks_gives_its_value() {
    on_a_small_stack(|| {
        let event_loop = EventLoop::with_virtual_clock();
        let (promise, last) = chain(&event_loop);
        pass(&event_loop, 1);
        promise.set_result(7).unwrap();
        assert_eq!(event_loop.run_until_complete(last).unwrap(), 7);
    });
}

#[test]
fn a_long_chain_of_tasks_is_cancelled() {
    on_a_small_stack(|| {
        let event_loop = EventLoop::with_virtual_clock();
        let (promise, last) = chain(&event_loop);
        pass(&event_loop, 1);
        assert!(last.cancel());
        assert!(promise.is_cancelled());
        let error = event_loop.run_until_complete(&last).unwrap_err();
        assert!(error.is_cancelled());
        assert!(last.is_cancelled());
    });
}

#[test]
fn a_long_chain_of_tasks_fails_and_only_the_last_failure_is_reported() {
    on_a_small_stack(|| {
        let event_loop = EventLoop::with_virtual_clock();
        let reports = Trace::listen_to(&event_loop);
        let (promise, last) = chain(&event_loop);
        pass(&event_loop, 1);
        promise.set_exception(boom()).unwrap();
        pass(&event_loop, LINKS + 1);
        assert!(last.is_done());
        drop((promise, last));
        assert_eq!(reports.take(), ["Task exception was never retrieved: boom"]);
    });
}

#[test]
fn a_long_chain_of_tasks_is_dropped_with_its_loop() {
    on_a_small_stack(|| {
        let event_loop = EventLoop::with_virtual_clock();
        let reports = Trace::listen_to(&event_loop);
        let (promise, last) = chain(&event_loop);
        pass(&event_loop, 1);
        drop(event_loop);
        assert_eq!(reports.take().len(), LINKS);
        drop((promise, last));
    });
}

#[test]
fn a_long_chain_of_gathers_is_made_filled_and_cancelled() {
    on_a_small_stack(|| {
        let event_loop = EventLoop::with_virtual_clock();
        let (promise, last) = chain_of_gathers(&event_loop);
        pass(&event_loop, 1);
        promise.set_result(7).unwrap();
        assert_eq!(event_loop.run_until_complete(last).unwrap(), 7);

        let (_promise, last) = chain_of_gathers(&event_loop);
        pass(&event_loop, 1);
        assert!(last.cancel());
        let error = event_loop.run_until_complete(last).unwrap_err();
        assert!(error.is_cancelled());
        // What is left of a third one is dropped with the loop.
        event_loop.set_exception_handler(|_| ());
        let _third = chain_of_gathers(&event_loop);
        pass(&event_loop, 1);
    });
}

#[test]
fn a_long_chain_of_shields_is_filled_cancelled_and_dropped() {
    fn shields(first: &Promise<u32>) -> Promise<u32> {
        (0..LINKS).fold(first.clone(), |inner, _| shield(inner))
    }
    on_a_small_stack(|| {
        let event_loop = EventLoop::with_virtual_clock();
        let filled = event_loop.run_until_complete(async {
            let first = get_running_loop()?.create_promise();
            let last = shields(&first);
            first.set_result(7)?;
            last.await
        });
        assert_eq!(filled.unwrap(), 7);
        let cancelled = event_loop.run_until_complete(async {
            let first = get_running_loop()?.create_promise();
            let last = shields(&first);
            first.cancel();
            last.await
        });
        assert!(cancelled.unwrap_err().is_cancelled());
        let dropped = event_loop.run_until_complete(async {
            let first = get_running_loop()?.create_promise();
            let last = shields(&first);
            drop(last);
            drop(first);
            Ok(())
        });
        dropped.unwrap();
    });
}

#[test]
fn errors_of_groups_in_groups_are_dropped_and_named() {
    on_a_small_stack(|| {
        let mut error: Error = boom();
        let event_loop = EventLoop::with_virtual_clock();
        for _ in 0..LINKS / 10 {
            let inner = error.clone();
            let failed = event_loop.run_until_complete(async {
                task_group(async |group| -> Result<()> {
                    group.create_task(async { Err::<(), _>(inner) })?;
                    Ok(())
                })
                .await
            });
            error = failed.unwrap_err();
        }
        let text = error.to_string();
        assert_eq!(
            text,
            "unhandled errors in a task group (1 sub-error: another task group failed)"
        );
        drop(error);
    });
}

/// Makes two tasks that await each other.
fn circle(event_loop: &EventLoop) -> [Task<()>; 2] {
    let other: Rc<RefCell<Option<Task<()>>>> = Rc::default();
    let awaited = other.clone();
    let one = event_loop.create_task(async move {
        let task = awaited.borrow().clone().expect("made before it runs");
        task.await
    });
    let awaited = one.clone();
    let two = event_loop.create_task(async move { awaited.await });
    *other.borrow_mut() = Some(two.clone());
    [one, two]
}

#[test]
fn two_tasks_that_await_each_other_wait_for_ever_and_are_named() {
    let event_loop = EventLoop::with_virtual_clock();
    let reports = Trace::listen_to(&event_loop);
    let [one, two] = circle(&event_loop);
    let stalled = event_loop.run_until_complete(&one).unwrap_err();
    assert_eq!(stalled.downcast_ref(), Some(&RunError::Stalled));
    assert_eq!(
        reports.take(),
        ["Task-1 awaits Task-2 awaits Task-1: none of them can go on"]
    );
    assert!(!one.is_done() && !two.is_done());
}

#[test]
fn two_tasks_that_await_each_other_can_be_cancelled() {
    let event_loop = EventLoop::with_virtual_clock();
    let [one, two] = circle(&event_loop);
    pass(&event_loop, 2);
    assert!(one.cancel());
    pass(&event_loop, 4);
    assert!(one.is_cancelled() && two.is_cancelled());
}

#[test]
fn run_ends_tasks_that_await_each_other() {
    let event_loop = EventLoop::with_virtual_clock();
    let in_loop = event_loop.clone();
    let tasks = event_loop.run(async move {
        let tasks = circle(&in_loop);
        yield_now().await?;
        yield_now().await?;
        Ok(tasks)
    });
    assert!(tasks.unwrap().iter().all(|task| task.is_cancelled()));
}

#[test]
fn a_task_that_awaits_a_gather_of_itself_can_be_cancelled() {
    let event_loop = EventLoop::with_virtual_clock();
    let itself: Rc<RefCell<Option<Task<()>>>> = Rc::default();
    let seen = Rc::new(Cell::new(false));
    let (me, sees) = (itself.clone(), seen.clone());
    let task = event_loop.create_task(async move {
        let me = me.borrow().clone().expect("made before it runs");
        let outcome = gather_return_exceptions([me]).await;
        sees.set(outcome.as_ref().is_err_and(Error::is_cancelled));
        outcome.map(drop)
    });
    *itself.borrow_mut() = Some(task.clone());
    pass(&event_loop, 2);
    assert!(task.cancel());
    pass(&event_loop, 3);
    assert!(task.is_cancelled());
    assert!(seen.get());
}

#[test]
fn a_task_that_cancels_itself_before_it_awaits_a_gather_of_itself_ends() {
    let event_loop = EventLoop::with_virtual_clock();
    let ended = event_loop.run_until_complete(async {
        let itself: Rc<RefCell<Option<Task<()>>>> = Rc::default();
        let me = itself.clone();
        let task = create_task(async move {
            let me = me.borrow().clone().expect("made before it runs");
            me.cancel();
            gather([me]).await.map(drop)
        });
        *itself.borrow_mut() = Some(task.clone());
        task.await
    });
    assert!(ended.unwrap_err().is_cancelled());
}

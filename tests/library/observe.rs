//! What an observer hears: whole lists of events, one line each.

use std::cell::RefCell;
use std::rc::Rc;

use asyncio::observe::{self, Actor, Event, Kind, note};
use asyncio::{
    Error, EventLoop, Lock, Queue, Result, cancellable, create_task, gather, get_running_loop,
    sleep, yield_now,
};

use asyncio_trace::{line, sentence};

use crate::{boom, seconds};

fn heard(event_loop: &EventLoop) -> Rc<RefCell<Vec<Event>>> {
    let events = Rc::new(RefCell::new(Vec::new()));
    let hear = events.clone();
    event_loop.set_observer(move |event| hear.borrow_mut().push(event.clone()));
    events
}

/// Runs a program to its end, lets the loop close, and gives what was heard.
fn events_of(main: impl Future<Output = Result<()>> + 'static) -> Vec<Event> {
    let event_loop = EventLoop::with_virtual_clock();
    event_loop.set_exception_handler(|_| ());
    let events = heard(&event_loop);
    let _ = event_loop.run(main);
    events.take()
}

/// Compares the events of a program with lines, those of the passes left out.
#[track_caller]
fn expect(main: impl Future<Output = Result<()>> + 'static, lines: &str) {
    let events = events_of(main);
    let heard: Vec<String> = events
        .iter()
        .filter(|event| !matches!(event.kind, Kind::PassEnd { .. }))
        .map(line)
        .collect();
    let lines: Vec<&str> = lines.lines().map(str::trim).collect();
    let lines = &lines[1..lines.len() - 1];
    assert_eq!(heard, lines, "{}", heard.join("\n"));
}

#[test]
fn a_sleep_sets_a_timer_and_the_timer_wakes_the_task() {
    expect(
        async { Ok(sleep(seconds(2)).await?) },
        "
        0 s outside: Task-1 is created
        0 s outside: Task-1 is ready
        0 s Task-1: a step of Task-1 begins
        0 s Task-1: promise 1 is made: sleep until 2 s
        0 s Task-1: callback 1 (start_timer) is set for 2 s
        0 s Task-1: Task-1 awaits promise 1
        0 s Task-1: the step of Task-1 ends
        0 s loop: nothing is ready until 2 s
        2 s loop: the time of callback 1 has come
        2 s callback 1: callback 1 begins
        2 s callback 1: promise 1 is done with a result
        2 s callback 1: Task-1 is ready
        2 s callback 1: callback 1 ends
        2 s Task-1: a step of Task-1 begins
        2 s Task-1: Task-1 ends with a result
        2 s Task-1: callback 2 (run_until_complete) is ready
        2 s Task-1: the step of Task-1 ends
        2 s callback 2: callback 2 begins
        2 s callback 2: callback 2 ends
        ",
    );
}

#[test]
fn a_task_is_created_named_and_awaited() {
    expect(
        async {
            let tea = create_task(async { Ok(1) }).named("tea");
            tea.await?;
            Ok(())
        },
        "
        0 s outside: Task-1 is created
        0 s outside: Task-1 is ready
        0 s Task-1: a step of Task-1 begins
        0 s Task-1: Task-2 is created
        0 s Task-1: Task-2 is ready
        0 s Task-1: Task-2 is named tea
        0 s Task-1: Task-1 awaits Task-2
        0 s Task-1: the step of Task-1 ends
        0 s Task-2: a step of Task-2 begins
        0 s Task-2: Task-2 ends with a result
        0 s Task-2: Task-1 is ready
        0 s Task-2: the step of Task-2 ends
        0 s Task-1: a step of Task-1 begins
        0 s Task-1: Task-1 ends with a result
        0 s Task-1: callback 1 (run_until_complete) is ready
        0 s Task-1: the step of Task-1 ends
        0 s callback 1: callback 1 begins
        0 s callback 1: callback 1 ends
        ",
    );
}

#[test]
fn a_yield_waits_for_a_turn() {
    expect(
        async { Ok(yield_now().await?) },
        "
        0 s outside: Task-1 is created
        0 s outside: Task-1 is ready
        0 s Task-1: a step of Task-1 begins
        0 s Task-1: Task-1 awaits its next turn
        0 s Task-1: Task-1 is ready
        0 s Task-1: the step of Task-1 ends
        0 s Task-1: a step of Task-1 begins
        0 s Task-1: Task-1 ends with a result
        0 s Task-1: callback 1 (run_until_complete) is ready
        0 s Task-1: the step of Task-1 ends
        0 s callback 1: callback 1 begins
        0 s callback 1: callback 1 ends
        ",
    );
}

#[test]
fn callbacks_are_scheduled_run_and_cancelled() {
    expect(
        async {
            let event_loop = get_running_loop()?;
            event_loop.call_soon(|| note("called"));
            event_loop.call_soon(|| ()).cancel();
            event_loop.call_later(seconds(1), || ()).cancel();
            event_loop.call_soon(|| Err(boom()));
            Ok(yield_now().await?)
        },
        "
        0 s outside: Task-1 is created
        0 s outside: Task-1 is ready
        0 s Task-1: a step of Task-1 begins
        0 s Task-1: callback 1 (callbacks_are_scheduled_run_and_cancelled) is ready
        0 s Task-1: callback 2 (callbacks_are_scheduled_run_and_cancelled) is ready
        0 s Task-1: callback 2 is cancelled
        0 s Task-1: callback 3 (callbacks_are_scheduled_run_and_cancelled) is set for 1 s
        0 s Task-1: the timer of callback 3 is cancelled
        0 s Task-1: callback 4 (callbacks_are_scheduled_run_and_cancelled) is ready
        0 s Task-1: Task-1 awaits its next turn
        0 s Task-1: Task-1 is ready
        0 s Task-1: the step of Task-1 ends
        0 s callback 1: callback 1 begins
        0 s callback 1: note: called
        0 s callback 1: callback 1 ends
        0 s callback 4: callback 4 begins
        0 s callback 4: reported: Exception in callback: boom
        0 s callback 4: callback 4 ends
        0 s Task-1: a step of Task-1 begins
        0 s Task-1: Task-1 ends with a result
        0 s Task-1: callback 5 (run_until_complete) is ready
        0 s Task-1: the step of Task-1 ends
        0 s callback 5: callback 5 begins
        0 s callback 5: callback 5 ends
        ",
    );
}

#[test]
fn a_cancellation_is_asked_for_and_delivered() {
    expect(
        async {
            let task = create_task(async { Ok(sleep(seconds(9)).await?) });
            yield_now().await?;
            task.cancel_with_message("enough");
            let _ = task.await;
            Ok(())
        },
        "
        0 s outside: Task-1 is created
        0 s outside: Task-1 is ready
        0 s Task-1: a step of Task-1 begins
        0 s Task-1: Task-2 is created
        0 s Task-1: Task-2 is ready
        0 s Task-1: Task-1 awaits its next turn
        0 s Task-1: Task-1 is ready
        0 s Task-1: the step of Task-1 ends
        0 s Task-2: a step of Task-2 begins
        0 s Task-2: promise 1 is made: sleep until 9 s
        0 s Task-2: callback 1 (start_timer) is set for 9 s
        0 s Task-2: Task-2 awaits promise 1
        0 s Task-2: the step of Task-2 ends
        0 s Task-1: a step of Task-1 begins
        0 s Task-1: Task-2 is asked to end: enough
        0 s Task-1: promise 1 is done with a cancellation
        0 s Task-1: Task-2 is ready
        0 s Task-1: Task-1 awaits Task-2
        0 s Task-1: the step of Task-1 ends
        0 s Task-2: a step of Task-2 begins
        0 s Task-2: Task-2 sees its cancellation
        0 s Task-2: the timer of callback 1 is cancelled
        0 s Task-2: Task-2 ends with a cancellation
        0 s Task-2: Task-1 is ready
        0 s Task-2: the step of Task-2 ends
        0 s Task-1: a step of Task-1 begins
        0 s Task-1: Task-1 ends with a result
        0 s Task-1: callback 2 (run_until_complete) is ready
        0 s Task-1: the step of Task-1 ends
        0 s callback 2: callback 2 begins
        0 s callback 2: callback 2 ends
        ",
    );
}

#[test]
fn a_queue_is_given_items_and_gives_them() {
    expect(
        async {
            let queue = Queue::bounded(1);
            let items = queue.clone();
            let getter = create_task(async move {
                items.get().await?;
                items.get().await
            });
            queue.put(1).await?;
            queue.put(2).await?;
            getter.await?;
            Ok(())
        },
        "
        0 s outside: Task-1 is created
        0 s outside: Task-1 is ready
        0 s Task-1: a step of Task-1 begins
        0 s Task-1: Task-2 is created
        0 s Task-1: Task-2 is ready
        0 s Task-1: queue 1 is given an item: 1
        0 s Task-1: promise 1 is made: queue put
        0 s Task-1: Task-1 awaits promise 1
        0 s Task-1: the step of Task-1 ends
        0 s Task-2: a step of Task-2 begins
        0 s Task-2: queue 1 gives an item: 0
        0 s Task-2: promise 1 is done with a result
        0 s Task-2: Task-1 is ready
        0 s Task-2: promise 2 is made: queue get
        0 s Task-2: Task-2 awaits promise 2
        0 s Task-2: the step of Task-2 ends
        0 s Task-1: a step of Task-1 begins
        0 s Task-1: queue 1 is given an item: 1
        0 s Task-1: promise 2 is done with a result
        0 s Task-1: Task-2 is ready
        0 s Task-1: Task-1 awaits Task-2
        0 s Task-1: the step of Task-1 ends
        0 s Task-2: a step of Task-2 begins
        0 s Task-2: queue 1 gives an item: 0
        0 s Task-2: Task-2 ends with a result
        0 s Task-2: Task-1 is ready
        0 s Task-2: the step of Task-2 ends
        0 s Task-1: a step of Task-1 begins
        0 s Task-1: Task-1 ends with a result
        0 s Task-1: callback 1 (run_until_complete) is ready
        0 s Task-1: the step of Task-1 ends
        0 s callback 1: callback 1 begins
        0 s callback 1: callback 1 ends
        ",
    );
}

#[test]
fn promises_fail_are_cancelled_and_wake_by_callbacks() {
    expect(
        async {
            let event_loop = get_running_loop()?;
            let promise = event_loop.create_promise::<()>();
            promise.add_done_callback(|_| ());
            promise.set_exception(Error::msg("spilled"))?;
            event_loop.create_promise::<()>().cancel();
            assert!(promise.await.is_err());
            Ok(())
        },
        "
        0 s outside: Task-1 is created
        0 s outside: Task-1 is ready
        0 s Task-1: a step of Task-1 begins
        0 s Task-1: promise 1 is made: promise
        0 s Task-1: promise 1 is done with the exception \"spilled\"
        0 s Task-1: callback 1 (promises_fail_are_cancelled_and_wake_by_callbacks) is ready
        0 s Task-1: promise 2 is made: promise
        0 s Task-1: promise 2 is done with a cancellation
        0 s Task-1: Task-1 ends with a result
        0 s Task-1: callback 2 (run_until_complete) is ready
        0 s Task-1: the step of Task-1 ends
        0 s callback 1: callback 1 begins
        0 s callback 1: callback 1 ends
        0 s callback 2: callback 2 begins
        0 s callback 2: callback 2 ends
        ",
    );
}

#[test]
fn a_future_of_another_library_is_called_so() {
    expect(
        async {
            let (sender, receiver) = futures::channel::oneshot::channel();
            get_running_loop()?.call_soon(move || sender.send(()).expect("somebody waits"));
            cancellable(receiver).await?.map_err(|_| boom())
        },
        "
        0 s outside: Task-1 is created
        0 s outside: Task-1 is ready
        0 s Task-1: a step of Task-1 begins
        0 s Task-1: callback 1 (a_future_of_another_library_is_called_so) is ready
        0 s Task-1: Task-1 awaits a future of another library
        0 s Task-1: the step of Task-1 ends
        0 s callback 1: callback 1 begins
        0 s callback 1: Task-1 is ready
        0 s callback 1: callback 1 ends
        0 s Task-1: a step of Task-1 begins
        0 s Task-1: Task-1 ends with a result
        0 s Task-1: callback 2 (run_until_complete) is ready
        0 s Task-1: the step of Task-1 ends
        0 s callback 2: callback 2 begins
        0 s callback 2: callback 2 ends
        ",
    );
}

#[test]
fn locks_and_gatherings_say_what_they_are() {
    expect(
        async {
            let lock = Lock::new();
            let guard = lock.acquire().await?;
            let waits = lock.clone();
            let both =
                gather([async move { waits.acquire().await.map(drop).map_err(Error::from) }]);
            yield_now().await?;
            drop(guard);
            both.await?;
            Ok(())
        },
        "
        0 s outside: Task-1 is created
        0 s outside: Task-1 is ready
        0 s Task-1: a step of Task-1 begins
        0 s Task-1: Task-2 is created
        0 s Task-1: Task-2 is ready
        0 s Task-1: promise 1 is made: gather
        0 s Task-1: Task-1 awaits its next turn
        0 s Task-1: Task-1 is ready
        0 s Task-1: the step of Task-1 ends
        0 s Task-2: a step of Task-2 begins
        0 s Task-2: promise 2 is made: lock
        0 s Task-2: Task-2 awaits promise 2
        0 s Task-2: the step of Task-2 ends
        0 s Task-1: a step of Task-1 begins
        0 s Task-1: promise 2 is done with a result
        0 s Task-1: Task-2 is ready
        0 s Task-1: Task-1 awaits promise 1
        0 s Task-1: the step of Task-1 ends
        0 s Task-2: a step of Task-2 begins
        0 s Task-2: Task-2 ends with a result
        0 s Task-2: callback 1 (gather) is ready
        0 s Task-2: the step of Task-2 ends
        0 s callback 1: callback 1 begins
        0 s callback 1: promise 1 is done with a result
        0 s callback 1: Task-1 is ready
        0 s callback 1: callback 1 ends
        0 s Task-1: a step of Task-1 begins
        0 s Task-1: Task-1 ends with a result
        0 s Task-1: callback 2 (run_until_complete) is ready
        0 s Task-1: the step of Task-1 ends
        0 s callback 2: callback 2 begins
        0 s callback 2: callback 2 ends
        ",
    );
}

#[test]
fn a_message_of_another_thread_is_named_as_such() {
    let event_loop = EventLoop::new();
    let events = heard(&event_loop);
    let handle = event_loop.handle();
    let promise = event_loop.create_promise::<()>();
    let thread = std::thread::spawn(move || handle.call_soon_threadsafe(|| ()).is_ok());
    assert!(thread.join().unwrap());
    let fill = promise.clone();
    event_loop.call_soon(move || fill.set_result(()));
    event_loop.run_until_complete(promise).unwrap();
    let events = events.take();
    let by_thread: Vec<String> = events
        .iter()
        .filter(|event| event.by == asyncio::observe::Actor::Thread)
        .map(|event| sentence(&event.kind))
        .collect();
    assert_eq!(by_thread, ["callback 1 (call_soon_threadsafe) is ready"]);
}

#[test]
fn a_task_that_its_loop_drops_is_reported_as_dropped() {
    let event_loop = EventLoop::with_virtual_clock();
    event_loop.set_exception_handler(|_| ());
    let events = heard(&event_loop);
    event_loop.create_task(async { Ok(()) });
    event_loop.close().unwrap();
    let lines: Vec<String> = events.take().iter().map(line).collect();
    assert_eq!(
        lines,
        [
            "0 s outside: Task-1 is created",
            "0 s outside: Task-1 is ready",
            "0 s outside: Task-1 is dropped",
            "0 s outside: reported: Task Task-1 was destroyed but it is pending"
        ]
    );
}

#[test]
fn each_pass_ends_with_what_is_ready_and_which_timers_are_set() {
    let events = events_of(async {
        let event_loop = get_running_loop()?;
        event_loop.call_later(seconds(3), || ());
        event_loop.call_later(seconds(2), || ());
        event_loop.call_soon(|| ());
        event_loop.call_soon(|| ()).cancel();
        yield_now().await?;
        Ok(sleep(seconds(1)).await?)
    });
    let passes: Vec<String> = events
        .iter()
        .filter(|event| matches!(event.kind, Kind::PassEnd { .. }))
        .map(line)
        .collect();
    assert_eq!(
        passes,
        [
            "0 s loop: pass 1 ends; ready: callback 3, Task-1; timers: callback 2 at 2 s, callback 1 at 3 s",
            "0 s loop: pass 2 ends; ready: none; timers: callback 5 at 1 s, callback 2 at 2 s, callback 1 at 3 s",
            "1 s loop: pass 3 ends; ready: Task-1; timers: callback 2 at 2 s, callback 1 at 3 s",
            "1 s loop: pass 4 ends; ready: callback 6; timers: callback 2 at 2 s, callback 1 at 3 s",
            "1 s loop: pass 5 ends; ready: none; timers: callback 2 at 2 s, callback 1 at 3 s"
        ]
    );
}

/// Gives the events that name a line, which they count from this one.
#[track_caller]
fn places<'a>(events: impl IntoIterator<Item = &'a Event>, here: u32) -> Vec<String> {
    let placed = events.into_iter().filter_map(|event| {
        let at = event.at.as_ref()?;
        assert_eq!(at.file, file!());
        Some(format!("{} {}", at.line - here, sentence(&event.kind)))
    });
    placed.collect()
}

#[test]
fn events_name_the_line_of_the_program() {
    let here = line!();
    let events = events_of(async {
        let event_loop = get_running_loop()?;
        let task = create_task(async { Ok(yield_now().await?) });
        event_loop.call_soon(|| ());
        sleep(seconds(1)).await?;
        let queue = Queue::new();
        queue.put(1).await?;
        queue.get_nowait()?;
        task.await?;
        gather([async { Ok(()) }]).await?;
        note("done");
        Ok(())
    });
    let inside = events.iter().filter(|event| event.by != Actor::Outside);
    assert_eq!(
        places(inside, here),
        [
            "3 Task-2 is created",
            "4 callback 1 (events_name_the_line_of_the_program) is ready",
            "5 promise 1 is made: sleep until 1 s",
            "5 callback 2 (start_timer) is set for 1 s",
            "3 Task-2 awaits its next turn",
            "7 queue 1 is given an item: 1",
            "8 queue 1 gives an item: 0",
            "10 Task-3 is created",
            "10 promise 2 is made: gather",
            "10 Task-1 awaits promise 2",
            "11 note: done"
        ]
    );
}

#[test]
fn the_first_task_of_a_run_is_made_where_the_run_begins() {
    let event_loop = EventLoop::with_virtual_clock();
    event_loop.set_exception_handler(|_| ());
    let events = heard(&event_loop);
    let here = line!();
    event_loop.run_until_complete(async { Ok(()) }).unwrap();
    let main = async {
        create_task::<()>(async { Ok(sleep(seconds(9)).await?) });
        Ok(yield_now().await?)
    };
    event_loop.run(main).unwrap();
    // The task that ends what is left is the library's own, and has no line.
    assert_eq!(
        places(&*events.borrow(), here),
        [
            "1 Task-1 is created",
            "6 Task-2 is created",
            "3 Task-3 is created",
            "4 Task-2 awaits its next turn",
            "3 promise 1 is made: sleep until 9 s",
            "3 callback 2 (start_timer) is set for 9 s"
        ]
    );
}

#[test]
fn the_last_observer_replaces_the_first_and_hears_no_other_loop() {
    let (one, two) = (
        EventLoop::with_virtual_clock(),
        EventLoop::with_virtual_clock(),
    );
    let first = heard(&one);
    let second = heard(&one);
    two.run(async { Ok(yield_now().await?) }).unwrap();
    assert_eq!((first.borrow().len(), second.borrow().len()), (0, 0));
    one.run(async { Ok(()) }).unwrap();
    assert_eq!(first.borrow().len(), 0);
    assert!(!second.borrow().is_empty());
}

#[test]
fn a_hook_hears_of_each_new_loop_of_its_process() {
    thread_local! {
        static CLOCKS: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
    }
    // The other tests make loops too, on threads of their own.
    observe::on_new_loop(|event_loop| {
        let simulated = event_loop.has_virtual_clock();
        CLOCKS.with_borrow_mut(|clocks| clocks.push(if simulated { "virtual" } else { "real" }));
    });
    drop(EventLoop::with_virtual_clock());
    asyncio::run(async { Ok(()) }).unwrap();
    let event_loop = EventLoop::default();
    // The loop that is running was made before.
    event_loop
        .run_until_complete(async { get_running_loop().map(|_| ()).map_err(Into::into) })
        .unwrap();
    assert_eq!(CLOCKS.take(), ["virtual", "real", "real"]);
    let again = std::panic::catch_unwind(|| observe::on_new_loop(|_| ()));
    assert!(again.is_err(), "a process has one hook");
}

/// A leaf that is polled while it waits, because its neighbour is done, is not awaited anew.
#[test]
fn a_leaf_is_awaited_once_however_often_it_is_polled() {
    let events = events_of(async {
        let (short, long) = futures::join!(sleep(seconds(1)), sleep(seconds(2)));
        Ok(short.and(long)?)
    });
    let awaits = events
        .iter()
        .filter(|event| matches!(event.kind, Kind::Awaits { .. }));
    let awaits: Vec<String> = awaits.map(line).collect();
    assert_eq!(
        awaits,
        [
            "0 s Task-1: Task-1 awaits promise 1",
            "0 s Task-1: Task-1 awaits promise 2"
        ]
    );
}

//! A process whose loops all get an observer when they are made. It is a process of its own: the hook is set once for all.

use std::cell::RefCell;

use asyncio::{Lock, Queue, create_task, observe};
use asyncio_trace::sentence;

thread_local! {
    static HEARD: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

#[test]
fn what_a_program_makes_before_its_loop_is_heard_of_too() {
    observe::on_new_loop(|event_loop| {
        event_loop.set_observer(|event| {
            HEARD.with_borrow_mut(|heard| heard.push(sentence(&event.kind)));
        });
    });
    let (queue, lock) = (Queue::new(), Lock::new());
    asyncio::run(async move {
        let guard = lock.acquire().await?;
        let waits = lock.clone();
        let waiting = create_task(async move {
            drop(waits.acquire().await?);
            Ok(())
        });
        queue.put(1).await?;
        asyncio::yield_now().await?;
        drop(guard);
        waiting.await
    })
    .unwrap();
    let heard = HEARD.take();
    for expected in ["queue 1 is given an item: 1", "promise 1 is made: lock"] {
        assert!(heard.iter().any(|line| line == expected), "{heard:#?}");
    }
}

//! What a panic in a task leaves behind.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use asyncio::{EventLoop, Result, yield_now};

async fn dies() -> Result<()> {
    yield_now().await?;
    panic!("on purpose");
}

async fn lives() -> Result<&'static str> {
    yield_now().await?;
    yield_now().await?;
    Ok("lives")
}

#[test]
fn a_loop_whose_main_task_panicked_completes_the_next_one() {
    let event_loop = EventLoop::with_virtual_clock();
    let run = catch_unwind(AssertUnwindSafe(|| event_loop.run_until_complete(dies())));
    assert!(run.is_err());
    assert_eq!(event_loop.run_until_complete(lives()).unwrap(), "lives");
}

#[test]
fn a_panic_is_not_reported_a_second_time_as_an_error_that_nobody_saw() {
    let reports = Rc::new(RefCell::new(Vec::new()));
    let seen = reports.clone();
    let event_loop = EventLoop::with_virtual_clock();
    event_loop
        .set_exception_handler(move |context| seen.borrow_mut().push(context.message.clone()));
    let run = catch_unwind(AssertUnwindSafe(|| event_loop.run_until_complete(dies())));
    assert!(run.is_err());
    event_loop.close().unwrap();
    assert_eq!(*reports.borrow(), [""; 0]);
}

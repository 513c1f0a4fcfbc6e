mod exercise;

use std::cell::RefCell;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use asyncio::{Error, Promise, Result, get_running_loop};
use exercise::then;

const SECOND: Duration = Duration::from_secs(1);

/// Says how a promise ended.
fn end_of<T: Clone + std::fmt::Debug + 'static>(promise: &Promise<T>) -> String {
    match promise.result() {
        Ok(value) => format!("{value:?}"),
        Err(_) if promise.is_cancelled() => "a cancellation".to_owned(),
        Err(error) => format!("the error \"{error}\""),
    }
}

/// Waits for a promise, and says how it ended.
async fn heard<T: Clone + std::fmt::Debug + 'static>(promise: &Promise<T>) -> Result<String> {
    let _ = promise.await;
    Ok(end_of(promise))
}

/// Notes that it was called.
fn sweeten(degrees: u32) -> Result<u32> {
    check::note("called");
    Ok(degrees + 20)
}

fn main() -> ExitCode {
    check::program(|checks| {
        let run = checks.on_loop(async {
            let event_loop = get_running_loop()?;
            let water = event_loop.create_promise();
            let filled = water.clone();
            event_loop.call_later(SECOND, move || filled.set_result(80));
            let warm = then(&water, sweeten)?;
            let tea = then(&warm, |degrees| Ok(format!("tea of {degrees} degrees")))?;
            heard(&tea).await
        });
        checks.value(
            "chain",
            "each function gets what the one before it made",
            &run,
            &"\"tea of 100 degrees\"".to_owned(),
        );
        checks.elapsed("time", "it is there as soon as the value is", &run, SECOND);

        let run = checks.on_loop(async {
            let water = get_running_loop()?.create_promise();
            let warm = then(&water, sweeten)?;
            water.set_exception(Error::msg("no water"))?;
            heard(&warm).await
        });
        checks.value(
            "failure",
            "a failure comes through",
            &run,
            &"the error \"no water\"".to_owned(),
        );
        checks.trace(
            "not_called",
            "the function is not called after a failure",
            &run,
            &[],
        );

        let run = checks.on_loop(async {
            let water = get_running_loop()?.create_promise();
            let warm = then(&water, sweeten)?;
            water.cancel();
            heard(&warm).await
        });
        checks.value(
            "cancellation",
            "a cancellation comes through as a cancellation",
            &run,
            &"a cancellation".to_owned(),
        );

        let run = checks.on_loop(async {
            let water = get_running_loop()?.create_promise();
            let warm = then(&water, |_: u32| Err::<u32, _>(Error::msg("no power")))?;
            water.set_result(15)?;
            heard(&warm).await
        });
        checks.value(
            "own_failure",
            "an error of the function is an error of the new promise",
            &run,
            &"the error \"no power\"".to_owned(),
        );

        let run = checks.on_loop(async {
            let called = Rc::new(RefCell::new(Vec::new()));
            let water = get_running_loop()?.create_promise();
            water.set_result(80)?;
            let seen = called.clone();
            let warm = then(&water, move |degrees: u32| {
                seen.borrow_mut().push(degrees);
                Ok(degrees)
            })?;
            let at_once = called.borrow().len();
            heard(&warm).await?;
            let calls = called.borrow().len();
            Ok((at_once, calls))
        });
        checks.value(
            "late",
            "the function is called once, and not inside of `then`, even if the value is there already",
            &run,
            &(0, 1),
        );
    })
}

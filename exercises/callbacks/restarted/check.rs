mod exercise;

use std::cell::Cell;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use asyncio::{Error, Promise, Result, Task, create_task, get_running_loop, sleep, wait_for};
use exercise::restarted;

const SECOND: Duration = Duration::from_secs(1);

/// Makes a function that starts a sensor; each try takes two seconds, and the first ones fail.
fn sensor(failures: u32) -> impl Fn() -> Task<u32> + 'static {
    let tries = Rc::new(Cell::new(0));
    move || {
        let number = tries.get() + 1;
        tries.set(number);
        create_task(async move {
            let _try = check::enter("try");
            sleep(2 * SECOND).await?;
            if number <= failures {
                return Err(Error::msg(format!("try {number} failed")));
            }
            Ok(number)
        })
    }
}

/// Waits for a promise, and says how it ended.
async fn heard(promise: Promise<u32>) -> Result<String> {
    Ok(match (&promise).await {
        Ok(number) => format!("try {number} succeeded"),
        Err(_) if promise.is_cancelled() => "a cancellation".to_owned(),
        Err(error) => error.to_string(),
    })
}

fn main() -> ExitCode {
    check::program(|checks| {
        let run = checks.on_loop(async { heard(restarted(sensor(2), 5)?).await });
        checks.value(
            "first_value",
            "the promise gets the first value",
            &run,
            &"try 3 succeeded".to_owned(),
        );
        checks.overlap(
            "one_by_one",
            "one try follows the other",
            &run,
            "try",
            1..=1,
        );
        checks.elapsed("time", "three tries take six seconds", &run, 6 * SECOND);

        let run = checks.on_loop(async { heard(restarted(sensor(9), 3)?).await });
        checks.value(
            "last_error",
            "after so many tries the promise gets the error of the last one",
            &run,
            &"try 3 failed".to_owned(),
        );

        let run = checks.on_loop(async {
            let started = Rc::new(Cell::new(0));
            let count = started.clone();
            let promise = restarted(
                move || {
                    count.set(count.get() + 1);
                    let task = create_task(async { Ok(sleep(9 * SECOND).await.map(|()| 0)?) });
                    let cancelled = task.promise();
                    let event_loop = get_running_loop().expect("inside of the loop");
                    event_loop.call_later(SECOND, move || {
                        cancelled.cancel();
                    });
                    task
                },
                3,
            )?;
            let ended = heard(promise).await?;
            Ok((ended, started.get()))
        });
        checks.value(
            "cancelled",
            "a task that is cancelled is not started anew",
            &run,
            &("a cancellation".to_owned(), 1),
        );

        // The second try fails, succeeds, or is the last one and fails, when nobody waits any more.
        for (failures, most) in [(9, 5), (1, 5), (9, 2)] {
            let run = checks.on_loop(async move {
                let reports = Rc::new(Cell::new(0));
                let counted = reports.clone();
                get_running_loop()?.set_exception_handler(move |_| counted.set(counted.get() + 1));
                let waited = wait_for(restarted(sensor(failures), most)?, 3 * SECOND).await;
                sleep(9 * SECOND).await?;
                let heard = waited.map_or_else(|error| error.to_string(), |_| "a value".to_owned());
                Ok((heard, reports.get()))
            });
            checks.value(
            "gave_up",
            &format!("nothing is reported after whoever waits has given up ({failures} tries fail, {most} are allowed)"),
            &run,
            &("timed out".to_owned(), 0),
        );
            let claim = "no new try is made after whoever waits has given up";
            checks.equal_in("no_more", claim, &run, &2, |_| run.entered("try"));
        }
    })
}

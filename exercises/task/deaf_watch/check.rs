mod exercise;

use std::cell::Cell;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use asyncio::{Error, ReturnWhen, create_task, sleep, wait};
use check::{Checks, Run};

fn millis(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// Watches a sensor whose second reading fails, cancels the watch at this time, and waits for its end for five seconds.
fn watch(checks: &mut Checks, cancelled_at: Duration) -> Run<&'static str> {
    checks.on_loop(async move {
        let readings = Rc::new(Cell::new(0));
        let task = create_task(exercise::watch(move || {
            let readings = readings.clone();
            async move {
                sleep(millis(500)).await?;
                readings.set(readings.get() + 1);
                match readings.get() {
                    2 => Err(Error::msg("no contact")),
                    number => Ok(19 + number),
                }
            }
        }));
        sleep(cancelled_at).await?;
        task.cancel();
        let tasks = [task];
        wait(&tasks, millis(5000), ReturnWhen::AllCompleted).await?;
        let [task] = tasks;
        Ok(match task.result() {
            _ if !task.is_done() => "still watching",
            Ok(()) => "finished as if nothing had happened",
            Err(error) if error.is_cancelled() => "cancelled",
            Err(_) => "failed",
        })
    })
}

fn main() -> ExitCode {
    check::program(|checks| {
        let run = watch(checks, millis(4250));
        checks.value(
            "sleeping",
            "a cancellation ends the watch while it sleeps",
            &run,
            &"cancelled",
        );
        checks.elapsed("at_once", "it ends at once", &run, millis(4250));
        checks.trace(
            "goes_on",
            "a failed reading is noted, and does not end the watch",
            &run,
            &["reading: 20", "no reading: no contact", "reading: 22"],
        );

        let run = watch(checks, millis(1750));
        checks.value(
            "reading",
            "a cancellation ends the watch while it reads",
            &run,
            &"cancelled",
        );
        checks.elapsed("at_once", "then, too, it ends at once", &run, millis(1750));
        checks.trace(
            "no_note",
            "a cancellation is not noted as a failed reading",
            &run,
            &["reading: 20"],
        );
        checks.all_left("sensor", "the sensor is free at the end", &run, "sensor");
    })
}

mod exercise;

use std::cell::RefCell;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use asyncio::{get_running_loop, sleep};
use exercise::{Every, every};

fn seconds(n: f64) -> Duration {
    Duration::from_secs_f64(n)
}

/// Notes the time, and keeps the thread for a quarter of a second.
fn ring() {
    let event_loop = get_running_loop().expect("inside a callback");
    check::note(format!("{:?}", event_loop.time().as_secs_f64()));
    event_loop.advance(seconds(0.25));
}

fn main() -> ExitCode {
    check::program(|checks| {
        let run = checks.on_loop(async {
            let pulse = every(seconds(1.0), ring)?;
            sleep(seconds(3.5)).await?;
            pulse.cancel();
            sleep(seconds(3.0)).await?;
            Ok(get_running_loop()?.timer_count())
        });
        checks.trace(
            "rings",
            "it rings each second, however long the callback takes, until it is cancelled",
            &run,
            &["1.0", "2.0", "3.0"],
        );
        checks.value(
            "timers",
            "the loop has no timer when it is cancelled",
            &run,
            &0,
        );

        let run = checks.on_loop(async {
            let mut first = true;
            let pulse = every(seconds(1.0), move || {
                ring();
                if first {
                    let event_loop = get_running_loop().expect("inside a callback");
                    event_loop.advance(seconds(1.25));
                }
                first = false;
            })?;
            sleep(seconds(5.5)).await?;
            pulse.cancel();
            Ok(())
        });
        // Whether a ring that is late is made up for or left out is not asked.
        checks.that_in(
            "no_drift",
            "after a callback that took longer than the period it rings on the full seconds again",
            &run,
            "… | 4.0 | 5.0",
            |()| {
                let trace = run.trace();
                let ends = trace.ends_with(&["4.0", "5.0"].map(str::to_owned));
                (ends, trace.join(" | "))
            },
        );

        let run = checks.on_loop(async {
            let pulse: Rc<RefCell<Option<Every>>> = Rc::default();
            let inner = pulse.clone();
            let mut rings = 0;
            let made = every(seconds(0.5), move || {
                ring();
                rings += 1;
                if rings == 2
                    && let Some(pulse) = &*inner.borrow()
                {
                    pulse.cancel();
                }
            })?;
            pulse.replace(Some(made));
            Ok(sleep(seconds(5.0)).await?)
        });
        checks.trace(
            "inside",
            "the callback itself can end it",
            &run,
            &["0.5", "1.0"],
        );

        let run = checks.on_loop(async {
            let pulse = every(seconds(1.0), ring)?;
            pulse.cancel();
            Ok(sleep(seconds(3.0)).await?)
        });
        checks.trace(
            "before",
            "it never rings if it is cancelled first",
            &run,
            &[],
        );

        let run = checks.on_loop(async {
            drop(every(seconds(2.0), ring)?);
            Ok(sleep(seconds(5.0)).await?)
        });
        checks.trace(
            "dropped",
            "it rings on when the `Every` is dropped",
            &run,
            &["2.0", "4.0"],
        );
    })
}

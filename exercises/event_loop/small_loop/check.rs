mod exercise;

use std::process::ExitCode;
use std::time::Duration;

use check::{Checks, Run, note};
use exercise::SmallLoop;

/// Lets a new loop be used, and gives its clock at the end in seconds.
fn on_small_loop(checks: &mut Checks, using: fn(&SmallLoop)) -> Run<f64> {
    checks.on_loop(async move {
        let small = SmallLoop::default();
        using(&small);
        Ok(small.time().as_secs_f64())
    })
}

fn later(small: &SmallLoop, seconds: f64, name: &'static str) {
    small.call_later(Duration::from_secs_f64(seconds), move |small| {
        note(format!("{name} at {:?}", small.time().as_secs_f64()));
    });
}

/// Notes its number, and schedules the next one until there were four.
fn spin(small: &SmallLoop, number: u32) {
    note(number.to_string());
    if number < 4 {
        small.call_soon(move |small| spin(small, number + 1));
    }
}

fn main() -> ExitCode {
    check::program(|checks| {
        let run = on_small_loop(checks, |small| {
            small.call_soon(|small| {
                note("a");
                small.call_soon(|small| {
                    note("d");
                    small.call_soon(|_| note("e"));
                });
            });
            small.call_soon(|_| note("b"));
            small.call_soon(SmallLoop::stop);
            small.call_soon(|_| note("c"));
            small.run();
            note("returned");
            small.run();
        });
        checks.trace(
            "passes",
            "`stop` ends the run after the current pass, and the next run goes on from there",
            &run,
            &["a", "b", "c", "returned", "d", "e"],
        );

        let run = on_small_loop(checks, |small| {
            for (seconds, name) in [(3.0, "late"), (1.0, "one"), (1.0, "two"), (0.5, "early")] {
                later(small, seconds, name);
            }
            small.call_later(Duration::from_secs(2), |small| later(small, 2.0, "nested"));
            small.run();
        });
        checks.trace(
            "timers",
            "timers ring by deadline, and equal deadlines in the order in which they were set",
            &run,
            &[
                "early at 0.5",
                "one at 1.0",
                "two at 1.0",
                "late at 3.0",
                "nested at 4.0",
            ],
        );
        checks.value("clock", "the clock stands at the last deadline", &run, &4.0);

        // So many that a sort which does not keep the order mixes them.
        let run = on_small_loop(checks, |small| {
            for number in 1..=60 {
                let delay = Duration::from_secs(1 + number % 2);
                small.call_later(delay, move |_| note(number.to_string()));
            }
            small.run();
        });
        let numbers = (2..=60).step_by(2).chain((1..=59).step_by(2));
        let numbers: Vec<_> = numbers.map(|number| number.to_string()).collect();
        checks.equal_in(
            "equal_deadlines",
            "of 60 timers the even ones ring in second 1 and the odd ones in second 2, as they were set",
            &run,
            &numbers.join(" "),
            |_| run.trace().join(" "),
        );

        let run = on_small_loop(checks, |small| {
            later(small, 0.0, "timer");
            spin(small, 1);
            small.call_soon(|_| note("ready"));
            small.run();
        });
        checks.trace(
            "busy",
            "timers that are due come behind what is ready, even if something always is",
            &run,
            &["1", "2", "ready", "timer at 0.0", "3", "4"],
        );

        let run = on_small_loop(checks, |small| {
            later(small, 9.0, "far");
            small.stop();
            small.run();
        });
        checks.value(
            "no_sleep",
            "a loop that was told to stop sleeps no more",
            &run,
            &0.0,
        );
        checks.trace("no_sleep", "and no timer rings early", &run, &[]);
    })
}

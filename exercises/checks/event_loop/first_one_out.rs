mod exercise;

use std::process::ExitCode;

use asyncio::{EventLoop, Result};
use check::Checks;

/// Brews on a loop of its own, and gives the teas with the time and the number of tasks left.
fn brew(teas: &[(&'static str, u64)]) -> (Result<Vec<&'static str>>, u64, usize) {
    let event_loop = EventLoop::with_virtual_clock();
    let ready = exercise::brew_all(&event_loop, teas);
    let seen = (event_loop.time().as_secs(), event_loop.all_tasks().len());
    // What is left is counted, and needs no report.
    event_loop.set_exception_handler(|_| {});
    (ready, seen.0, seen.1)
}

fn shown(ready: Result<Vec<&'static str>>) -> String {
    match ready {
        Ok(teas) if teas.is_empty() => "nothing".to_owned(),
        Ok(teas) => teas.join(", "),
        Err(error) => format!("the error \"{error}\""),
    }
}

fn teas(checks: &mut Checks, claim: &str, teas: &[(&'static str, u64)], expected: &str, time: u64) {
    let (ready, seconds, left) = brew(teas);
    let seen = shown(ready);
    checks.that("ready", claim, seen == expected, expected, &seen);
    checks.that(
        "time",
        "the loop stops when the last tea has ended, and not before",
        seconds == time,
        format!("{time} s"),
        format!("{seconds} s"),
    );
    checks.that(
        "tasks",
        "no task is left",
        left == 0,
        "no task left",
        format!("{left} left"),
    );
}

fn main() -> ExitCode {
    check::program(|checks| {
        teas(
            checks,
            "all teas are ready, in the order of the orders",
            &[("green", 2), ("black", 4), ("mint", 1)],
            "green, black, mint",
            4,
        );
        teas(
            checks,
            "the others are brewed to their end when one is spilled",
            &[("green", 2), ("herbal", 1), ("black", 3)],
            "green, black",
            3,
        );
        teas(
            checks,
            "the loop stops even if the slowest one is spilled",
            &[("green", 1), ("herbal", 5)],
            "green",
            5,
        );
        teas(checks, "no orders give no teas", &[], "nothing", 0);
    })
}

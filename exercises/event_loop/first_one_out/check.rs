mod exercise;

use std::process::ExitCode;
use std::time::Duration;

use asyncio::{Error, EventLoop, Result, sleep};
use check::Checks;

/// Brews one tea; the herbal one is always spilled.
async fn tea(name: &'static str, milliseconds: u64) -> Result<&'static str> {
    sleep(Duration::from_millis(milliseconds)).await?;
    match name {
        "herbal" => Err(Error::msg("spilled")),
        _ => Ok(name),
    }
}

/// Brews on a loop of its own, and gives the teas with the time and the number of tasks left.
fn brew(teas: &[(&'static str, u64)]) -> (Result<Vec<&'static str>>, Duration, usize) {
    let event_loop = EventLoop::with_virtual_clock();
    let teas = teas.iter().map(|&(name, time)| tea(name, time)).collect();
    let ready = exercise::brew_all(&event_loop, teas);
    let seen = (event_loop.time(), event_loop.all_tasks().len());
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
    let (ready, ended, left) = brew(teas);
    let seen = shown(ready);
    checks.that("ready", claim, seen == expected, expected, &seen);
    checks.that(
        "time",
        "the loop stops when the last tea has ended, and not before or after",
        ended == Duration::from_millis(time),
        format!("{time} ms"),
        format!("{} ms", ended.as_millis()),
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
            &[("green", 2000), ("black", 4321), ("mint", 1000)],
            "green, black, mint",
            4321,
        );
        teas(
            checks,
            "the others are brewed to their end when one is spilled",
            &[("green", 2000), ("herbal", 1000), ("black", 2500)],
            "green, black",
            2500,
        );
        teas(
            checks,
            "the loop stops even if the slowest one is spilled",
            &[("green", 100), ("herbal", 4700)],
            "green",
            4700,
        );
        teas(checks, "no orders give no teas", &[], "nothing", 0);
    })
}

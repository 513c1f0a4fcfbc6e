mod exercise;

use std::process::ExitCode;
use std::time::Duration;

use check::{Checks, Run};
use tokio::time::Instant;

/// Runs the lamp with works of so many milliseconds, and notes when it blinks.
fn run_lamp(checks: &mut Checks, works: &[u64]) -> Run<()> {
    let works = works.iter().map(|&work| Duration::from_millis(work));
    let works = works.collect();
    checks.on_tokio(async move {
        let start = Instant::now();
        let blink = || check::note(format!("{} ms", start.elapsed().as_millis()));
        exercise::run_lamp(works, blink).await;
    })
}

fn main() -> ExitCode {
    check::program(|checks| {
        let run = run_lamp(checks, &[500, 700, 100, 0]);
        checks.trace(
            "steady",
            "it blinks every two seconds, however long short work takes",
            &run,
            &["0 ms", "2000 ms", "4000 ms", "6000 ms"],
        );

        let run = run_lamp(checks, &[500, 500, 5000, 500, 500]);
        checks.trace(
            "skips",
            "after long work it blinks once, late, and is back in its beat",
            &run,
            &["0 ms", "2000 ms", "4000 ms", "9000 ms", "10000 ms"],
        );

        let run = run_lamp(checks, &[9500, 100]);
        checks.trace(
            "once",
            "it never makes up for more than one blink",
            &run,
            &["0 ms", "9500 ms"],
        );
    })
}

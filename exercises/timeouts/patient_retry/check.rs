mod exercise;

use std::process::ExitCode;
use std::time::Duration;

use check::{Checks, Run};
use tokio::time::{Instant, sleep};

/// How long an attempt takes, and what it gives.
type Attempt = (u64, Result<u32, &'static str>);

/// Asks with these attempts, the last of which is repeated.
fn ask(checks: &mut Checks, limit: u64, attempts: &'static [Attempt]) -> Run<Result<u32, String>> {
    checks.on_tokio(async move {
        let start = Instant::now();
        let mut number = 0;
        let attempt = move || {
            let (seconds, answer) = attempts[number.min(attempts.len() - 1)];
            number += 1;
            async move {
                let _line = check::enter("line");
                check::note(format!("second {}", start.elapsed().as_secs()));
                sleep(Duration::from_secs(seconds)).await;
                answer.map_err(str::to_owned)
            }
        };
        exercise::ask_until(Duration::from_secs(limit), attempt).await
    })
}

fn main() -> ExitCode {
    const BUSY: Result<u32, &str> = Err("busy");
    check::program(|checks| {
        let run = ask(
            checks,
            60,
            &[(1, BUSY), (1, Err("closed")), (0, BUSY), (2, Ok(5))],
        );
        checks.value("again", "it asks until there is an answer", &run, &Ok(5));
        checks.trace(
            "pauses",
            "the pauses are 1, 2 and 4 seconds",
            &run,
            &["second 0", "second 2", "second 5", "second 9"],
        );

        let run = ask(checks, 60, &[(9, Ok(1)), (3, BUSY), (2, Ok(2))]);
        checks.value("slow", "an attempt has 3 seconds", &run, &Ok(2));
        checks.trace(
            "slow_pauses",
            "an attempt that is late is followed by a pause like any other",
            &run,
            &["second 0", "second 4", "second 9"],
        );

        let run = ask(
            checks,
            12,
            &[(1, BUSY), (60, Ok(1)), (1, Err("closed")), (1, BUSY)],
        );
        checks.elapsed(
            "limit",
            "the whole ends at the limit",
            &run,
            Duration::from_secs(12),
        );
        let closed = Err("no answer, last: closed".to_owned());
        checks.value(
            "last",
            "the error tells what went wrong last",
            &run,
            &closed,
        );

        let run = ask(checks, 6, &[(1, BUSY), (9, Ok(1)), (9, Ok(1))]);
        checks.elapsed(
            "limit",
            "a pause does not make it longer",
            &run,
            Duration::from_secs(6),
        );
        let slow = Err("no answer, last: too slow".to_owned());
        checks.value("last", "a late attempt is told as `too slow`", &run, &slow);

        let run = ask(checks, 2, &[(9, Ok(1))]);
        checks.elapsed(
            "limit",
            "an attempt does not make it longer",
            &run,
            Duration::from_secs(2),
        );
        let untried = Err("no answer, last: not tried".to_owned());
        checks.value(
            "last",
            "an attempt that the limit ended did not go wrong",
            &run,
            &untried,
        );
        checks.all_left("line", "no attempt goes on", &run, "line");
    })
}

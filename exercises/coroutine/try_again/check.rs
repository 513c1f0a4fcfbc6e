mod exercise;

use std::cell::Cell;
use std::io::{self, ErrorKind};
use std::process::ExitCode;
use std::time::Duration;

use check::{Checks, Run};

/// Tries a server that gives these answers, one after another.
fn ask(
    checks: &mut Checks,
    attempts: u32,
    answers: &'static [Result<u32, ErrorKind>],
) -> Run<Result<u32, ErrorKind>> {
    checks.on_tokio(async move {
        let calls = Cell::new(0);
        let ended = exercise::try_again(attempts, || {
            let call = calls.replace(calls.get() + 1);
            check::note("called");
            let answer = answers
                .get(call)
                .expect("`make` was called more often than there are attempts");
            async move {
                check::note("awaited");
                answer.map_err(io::Error::from)
            }
        });
        ended.await.map_err(|error| error.kind())
    })
}

fn main() -> ExitCode {
    const REFUSED: Result<u32, ErrorKind> = Err(ErrorKind::ConnectionRefused);
    check::program(|checks| {
        let run = ask(checks, 5, &[REFUSED, REFUSED, REFUSED, Ok(7)]);
        checks.value("fourth", "the fourth attempt succeeds", &run, &Ok(7));
        checks.trace(
            "calls",
            "each attempt has a future of its own, and none is made in vain",
            &run,
            &[
                "called", "awaited", "called", "awaited", "called", "awaited", "called", "awaited",
            ],
        );
        checks.elapsed(
            "time",
            "the pauses are 1, 2 and 4 seconds",
            &run,
            Duration::from_secs(7),
        );

        let run = ask(checks, 3, &[REFUSED; 3]);
        checks.value(
            "given_up",
            "after the last attempt its error is returned",
            &run,
            &REFUSED,
        );
        checks.elapsed(
            "no_pause",
            "nothing is waited for after the last attempt",
            &run,
            Duration::from_secs(3),
        );

        let run = ask(checks, 5, &[REFUSED, Err(ErrorKind::NotFound), Ok(7)]);
        checks.value(
            "other",
            "another error is returned at once",
            &run,
            &Err(ErrorKind::NotFound),
        );
        checks.elapsed(
            "other_at_once",
            "only the refusal before it was followed by a pause",
            &run,
            Duration::from_secs(1),
        );

        let run = ask(checks, 1, &[Ok(7)]);
        checks.value("once", "one attempt will do if it succeeds", &run, &Ok(7));
        checks.elapsed(
            "no_pause",
            "success waits for nothing",
            &run,
            Duration::ZERO,
        );
    })
}

mod exercise;

use std::process::ExitCode;
use std::time::Duration;

use check::{Checks, Run};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// Closes tasks that need so many seconds each, and says how many have closed, and how many are at work then.
fn close(checks: &mut Checks, seconds: &[u64], limit: u64) -> Run<usize> {
    let seconds = seconds.to_vec();
    checks.on_tokio(async move {
        let closing = CancellationToken::new();
        let mut tasks = Vec::new();
        for last in seconds {
            let closing = closing.clone();
            tasks.push(tokio::spawn(async move {
                let _work = check::enter("work");
                closing.cancelled().await;
                sleep(Duration::from_secs(last)).await;
                check::note(format!("closed after {last} s"));
            }));
        }
        sleep(Duration::from_secs(1)).await;
        let closed = exercise::close(closing, tasks, Duration::from_secs(limit)).await;
        check::note("end");
        sleep(Duration::from_secs(100)).await;
        closed
    })
}

fn main() -> ExitCode {
    check::program(|checks| {
        let run = close(checks, &[3, 1, 2], 5);
        let claim = "all are told, and it comes back when the last of them has ended";
        let expected = [
            "closed after 1 s",
            "closed after 2 s",
            "closed after 3 s",
            "end",
        ];
        checks.trace("told", claim, &run, &expected);
        checks.value("all", "all three are counted", &run, &3);

        let run = close(checks, &[60, 1, 70, 3], 5);
        let claim = "nobody who is late is at work after the end";
        let expected = ["closed after 1 s", "closed after 3 s", "end"];
        checks.trace("gone", claim, &run, &expected);
        checks.value("count", "those who are late are not counted", &run, &2);

        let run = checks.on_tokio(async {
            let closing = CancellationToken::new();
            let tasks = [60, 70, 80].map(|last| tokio::spawn(sleep(Duration::from_secs(last))));
            exercise::close(closing, tasks.into(), Duration::from_secs(5)).await
        });
        let claim = "the limit is one for all of them";
        checks.elapsed("time", claim, &run, Duration::from_secs(5));
    })
}

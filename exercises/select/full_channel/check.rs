mod exercise;

use std::process::ExitCode;
use std::time::Duration;

use check::{Checks, Run};
use exercise::Reading;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

fn millis(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// Reports readings, and takes one at each of these times, in milliseconds, and the rest after the last.
fn report(checks: &mut Checks, readings: &[u32], taken_at: &'static [u64]) -> Run<Vec<u32>> {
    let readings = readings.iter().copied().map(Reading).collect();
    checks.on_tokio(async move {
        let start = Instant::now();
        let (sender, mut receiver) = mpsc::channel(2);
        let station = tokio::spawn(exercise::report(readings, sender));
        let mut taken = Vec::new();
        for &at in taken_at {
            sleep_until(start + millis(at)).await;
            taken.extend(receiver.recv().await.map(|Reading(number)| number));
        }
        while let Some(Reading(number)) = receiver.recv().await {
            taken.push(number);
        }
        station.await.expect("`report` does not panic");
        taken
    })
}

fn main() -> ExitCode {
    check::program(|checks| {
        let run = report(checks, &[3, 1, 4, 1, 5], &[2500, 3400, 4800]);
        let claim = "every reading arrives once";
        checks.same_items_in("none_lost", claim, &run, &[3, 1, 4, 1, 5], Vec::clone);
        checks.value("order", "they arrive in order", &run, &vec![3, 1, 4, 1, 5]);
        checks.trace(
            "noted",
            "each second of waiting is noted, from when a reading begins to wait: three wait, for 2.5 s, 0.9 s and 1.4 s",
            &run,
            &["full"; 3],
        );

        let run = report(checks, &[2, 7, 1, 8], &[500, 600]);
        checks.value(
            "quick",
            "a short wait loses nothing",
            &run,
            &vec![2, 7, 1, 8],
        );
        checks.trace("quiet", "less than a second is not noted", &run, &[]);
        checks.elapsed(
            "time",
            "nobody waits for a second that is not needed",
            &run,
            millis(600),
        );

        let run = checks.on_tokio(async {
            let (sender, receiver) = mpsc::channel(2);
            drop(receiver);
            exercise::report(vec![Reading(1), Reading(2)], sender).await;
        });
        checks.elapsed("gone", "it stops when nobody listens", &run, Duration::ZERO);
    })
}

mod exercise;

use std::process::ExitCode;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use tokio::sync::{Semaphore, oneshot};
use tokio::task::yield_now;

/// Longer than any right program takes.
const LONG: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    check::program(|checks| {
        for limit in [1, 2] {
            let run = checks.on_tokio(async {
                let permits = Arc::new(Semaphore::new(limit));
                let (begin, has_begun) = oneshot::channel();
                let (open, gate) = mpsc::channel::<()>();
                let waiting = tokio::spawn(exercise::limited(permits.clone(), move || {
                    let _ = begin.send(());
                    let _ = gate.recv_timeout(LONG);
                }));
                let begun = has_begun.await.is_ok();
                let while_awaited = permits.available_permits();
                waiting.abort();
                let _ = waiting.await;
                let given_up = permits.available_permits();
                let _ = open.send(());
                let back = permits.acquire_many(limit as u32).await.is_ok();
                (begun, while_awaited, given_up, back)
            });
            let claim = "a job that runs has a permit";
            let expected = (true, limit - 1);
            checks.equal_in("taken", claim, &run, &expected, |(begun, left, ..)| {
                (*begun, *left)
            });
            let claim = "it keeps the permit until it ends, even if nobody waits for it any more";
            let expected = limit - 1;
            checks.equal_in("until_the_end", claim, &run, &expected, |(.., left, _)| {
                *left
            });
            let claim = "then the permit comes back";
            checks.equal_in("back", claim, &run, &true, |(.., back)| *back);
        }

        let run = checks.on_tokio(async {
            let permits = Arc::new(Semaphore::new(1));
            let (begin, has_begun) = oneshot::channel();
            let (open, gate) = mpsc::channel::<()>();
            let first = tokio::spawn(exercise::limited(permits.clone(), move || {
                let _ = begin.send(());
                gate.recv_timeout(LONG).is_ok()
            }));
            let _ = has_begun.await;
            let second = tokio::spawn(exercise::limited(permits.clone(), || {
                check::note("a job that was given up");
            }));
            let third = tokio::spawn(exercise::limited(permits, || 3));
            yield_now().await;
            second.abort();
            let _ = second.await;
            let opened = open.send(()).is_ok();
            (opened, first.await.ok(), third.await.ok())
        });
        checks.value(
            "results",
            "the jobs give their results, one after another",
            &run,
            &(true, Some(true), Some(3)),
        );
        checks.trace(
            "given_up",
            "a job that still waits for a permit when it is given up never begins",
            &run,
            &[],
        );
        checks.never_blocked("free", "the loop stays free", &run);
    })
}

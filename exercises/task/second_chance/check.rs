mod exercise;

use std::process::ExitCode;
use std::time::Duration;

use check::{Checks, Run};
use tokio::time::{sleep, timeout};

/// What one attempt comes to.
#[derive(Clone, Copy)]
enum Ends {
    Well,
    Fails,
    Panics,
}

/// One attempt, which takes a second.
async fn attempt(ends: Ends) -> Result<u32, String> {
    let in_task = tokio::task::try_id().is_some();
    let _place = check::enter(if in_task { "task" } else { "no task" });
    sleep(Duration::from_secs(1)).await;
    match ends {
        Ends::Well => Ok(7),
        Ends::Fails => Err("no water".to_owned()),
        Ends::Panics => panic!("the pot is broken, as planned"),
    }
}

fn supervise(
    checks: &mut Checks,
    restarts: u32,
    attempts: &'static [Ends],
) -> Run<Result<u32, String>> {
    checks.on_tokio(async move {
        let mut attempts = attempts.iter();
        let job = move || {
            attempt(
                *attempts
                    .next()
                    .expect("the job was started more often than the restarts allow"),
            )
        };
        exercise::supervise(restarts, job).await
    })
}

fn main() -> ExitCode {
    use Ends::{Fails, Panics, Well};
    check::program(|checks| {
        let run = supervise(checks, 3, &[Fails, Well]);
        checks.value(
            "restarted",
            "a job that failed is started again",
            &run,
            &Ok(7),
        );
        checks.trace("noted", "the failure is noted", &run, &["failed: no water"]);

        let run = supervise(checks, 3, &[Panics, Fails, Well]);
        checks.value(
            "panic",
            "a job that panicked is started again",
            &run,
            &Ok(7),
        );
        checks.trace(
            "noted",
            "panic and failure are noted",
            &run,
            &["panicked", "failed: no water"],
        );
        checks.elapsed(
            "time",
            "three attempts take three seconds",
            &run,
            Duration::from_secs(3),
        );

        let run = supervise(checks, 1, &[Panics, Fails]);
        checks.value(
            "last",
            "the last error is returned when the restarts are used up",
            &run,
            &Err("no water".to_owned()),
        );
        checks.trace(
            "noted",
            "the last failure is noted like any other",
            &run,
            &["panicked", "failed: no water"],
        );
        let run = supervise(checks, 0, &[Panics]);
        checks.value(
            "last",
            "a panic is an error, too",
            &run,
            &Err("panicked".to_owned()),
        );
        checks.trace("noted", "so is the last panic", &run, &["panicked"]);

        let run = checks.on_tokio(async {
            let supervisor = exercise::supervise(3, || attempt(Well));
            let ended = timeout(Duration::from_millis(500), supervisor).await;
            // The attempt would end in second 1.
            sleep(Duration::from_millis(100)).await;
            ended.is_err()
        });
        checks.value("dropped", "it can be dropped in the middle", &run, &true);
        checks.all_left(
            "dropped",
            "each attempt is a task, which ends with its supervisor",
            &run,
            "task",
        );
    })
}

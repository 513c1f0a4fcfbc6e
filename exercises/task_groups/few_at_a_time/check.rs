mod exercise;

use std::process::ExitCode;
use std::time::Duration;

use asyncio::{Error, ErrorGroup, Result, ReturnWhen, create_task, sleep, wait};
use check::{Checks, Run};

/// A page that takes so many seconds, and whether the scanner jams.
type Page = (&'static str, u64, bool);

/// What came of a book: its pages, or the errors.
type Book = Result<Vec<&'static str>, Vec<String>>;

async fn scan((name, seconds, jams): Page) -> Result<&'static str> {
    let _scanner = check::enter("scanner");
    check::note(name);
    if let Err(cancelled) = sleep(Duration::from_secs(seconds)).await {
        sleep(Duration::from_secs(1)).await?;
        check::note(format!("{name} is put back"));
        return Err(cancelled.into());
    }
    match jams {
        true => Err(Error::msg(format!("paper jam at {name}"))),
        false => Ok(name),
    }
}

/// Scans a book with so many scanners.
fn book(checks: &mut Checks, scanners: usize, pages: &'static [Page]) -> Run<Book> {
    checks.on_loop(async move {
        let jobs = pages.iter().map(|&page| move || scan(page)).collect();
        let scanned = exercise::few_at_a_time(scanners, jobs).await;
        Ok(
            scanned.map_err(|error| match error.downcast_ref::<ErrorGroup>() {
                Some(group) => group.errors().iter().map(Error::to_string).collect(),
                None => vec![format!("no group: {error}")],
            }),
        )
    })
}

fn main() -> ExitCode {
    check::program(|checks| {
        let run = book(
            checks,
            2,
            &[
                ("one", 3, false),
                ("two", 1, false),
                ("three", 1, false),
                ("four", 2, false),
            ],
        );
        checks.value(
            "order",
            "the results are listed in the order of the jobs",
            &run,
            &Ok(vec!["one", "two", "three", "four"]),
        );
        checks.overlap(
            "at_most",
            "two jobs run at the same time, and no more",
            &run,
            "scanner",
            2..=2,
        );
        checks.elapsed(
            "time",
            "a job begins whenever another one ends",
            &run,
            Duration::from_secs(4),
        );
        let run = book(
            checks,
            3,
            &[
                ("one", 2, false),
                ("two", 2, false),
                ("three", 2, false),
                ("four", 2, false),
            ],
        );
        checks.overlap(
            "at_most",
            "with three permits three jobs run at the same time",
            &run,
            "scanner",
            3..=3,
        );

        let run = book(
            checks,
            2,
            &[
                ("one", 9, false),
                ("cover", 1, true),
                ("two", 1, false),
                ("three", 1, false),
            ],
        );
        let noted = |line: &str| run.trace().iter().any(|noted| noted == line);
        let trace = run.trace().join(" | ");
        let claim = "after a failure those that run are ended, and clean up";
        let line = "one is put back";
        checks.that_in("ended", claim, &run, line, |_| (noted(line), &trace));
        let claim = "those that wait for their turn never begin";
        checks.that_in("never_begun", claim, &run, "no three", |_| {
            (!noted("three"), &trace)
        });
        checks.value(
            "failure",
            "the failure is returned in a group",
            &run,
            &Err(vec!["paper jam at cover".to_owned()]),
        );
        checks.elapsed(
            "cleaned",
            "the clean-up of the others is waited for",
            &run,
            Duration::from_secs(2),
        );
        checks.no_task_left("tasks", "no task is left", &run);

        let run = checks.on_loop(async {
            let jobs = [("one", 9, false), ("two", 9, false), ("three", 9, false)];
            let jobs = jobs.iter().map(|&page| move || scan(page)).collect();
            let task = create_task(exercise::few_at_a_time(2, jobs));
            sleep(Duration::from_secs(3)).await?;
            task.cancel();
            wait([&task], None, ReturnWhen::AllCompleted).await?;
            Ok(task.is_cancelled())
        });
        checks.value(
            "cancelled",
            "a cancellation of the caller ends it",
            &run,
            &true,
        );
        checks.trace(
            "cancelled",
            "and its jobs, which clean up",
            &run,
            &["one", "two", "one is put back", "two is put back"],
        );
        checks.no_task_left("tasks", "no task is left then either", &run);
    })
}

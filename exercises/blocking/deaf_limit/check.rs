mod exercise;

use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use asyncio::{Result, TimedOut, create_task, sleep, wait_for};
use check::{Checks, Run};

fn millis(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// A book in which the word stands on every second page.
fn book(pages: usize) -> Rc<Vec<String>> {
    let page = |number: usize| ["a green tea", "nothing"][number % 2].to_owned();
    Rc::new((0..pages).map(page).collect())
}

/// Searches under a limit while another task has its turns, and says what came of it.
fn search(checks: &mut Checks, pages: usize, limit: Duration) -> Run<String> {
    checks.on_loop(async move {
        let other: asyncio::Task<()> = create_task(async {
            loop {
                sleep(millis(250)).await?;
                check::note("a turn");
            }
        });
        let outcome: Result<usize> = wait_for(exercise::search(book(pages), "tea"), limit).await;
        other.cancel();
        Ok(match outcome {
            Ok(found) => format!("found {found}"),
            Err(error) if error.is::<TimedOut>() => "timed out".to_owned(),
            Err(error) => error.to_string(),
        })
    })
}

fn main() -> ExitCode {
    check::program(|checks| {
        let run = search(checks, 50, millis(1000));
        checks.value(
            "limit",
            "a limit ends the search",
            &run,
            &"timed out".to_owned(),
        );
        let seen = format!("{} s", run.elapsed.as_secs_f64());
        checks.that_in(
            "heard",
            "it ends soon after the limit",
            &run,
            "1.3 s or less",
            |_| (run.elapsed <= millis(1300), seen),
        );

        let run = search(checks, 20, millis(5000));
        checks.value(
            "found",
            "the word is counted on all pages",
            &run,
            &"found 10".to_owned(),
        );
        checks.elapsed("time", "20 pages take 2 seconds", &run, millis(2000));
        let turns = run.trace().len();
        let claim = "another task has its turns meanwhile";
        checks.that_in("turns", claim, &run, "3 or more", |_| (turns >= 3, turns));

        let run = search(checks, 1, millis(5000));
        checks.value(
            "short",
            "a book may have one page",
            &run,
            &"found 1".to_owned(),
        );
    })
}

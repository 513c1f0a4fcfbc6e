mod exercise;

use std::process::ExitCode;
use std::time::Duration;

use check::{Checks, Run};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

/// What a brewing comes to.
#[derive(Clone, Copy)]
enum Ends {
    Well,
    Fails,
    Panics,
    /// Its pot breaks when it is cleaned.
    Breaks,
}

type Brewed = Result<Vec<&'static str>, Vec<String>>;

/// Brews for so many seconds, or cleans the pot if the token says so.
async fn brew(
    name: &'static str,
    seconds: u64,
    ends: Ends,
    token: CancellationToken,
) -> Result<Option<&'static str>, String> {
    let in_task = tokio::task::try_id().is_some();
    let _pot = check::enter(if in_task { "pot" } else { "no task" });
    if token
        .run_until_cancelled(sleep(Duration::from_secs(seconds)))
        .await
        .is_none()
    {
        sleep(Duration::from_secs(1)).await;
        if let Ends::Breaks = ends {
            return Err(format!("the pot of {name} broke"));
        }
        check::note(format!("{name}: pot clean"));
        return Ok(None);
    }
    match ends {
        Ends::Well | Ends::Breaks => Ok(Some(name)),
        Ends::Fails => Err(format!("{name} is spilled")),
        Ends::Panics => panic!("{name} panics, as planned"),
    }
}

type Tea = (&'static str, u64, Ends);

async fn table(teas: &[Tea]) -> Brewed {
    let brewers = teas
        .iter()
        .map(|&(name, seconds, ends)| move |token| brew(name, seconds, ends, token));
    exercise::brew_all(brewers.collect()).await
}

fn brew_all(checks: &mut Checks, teas: &'static [Tea]) -> Run<Brewed> {
    checks.on_tokio(table(teas))
}

fn main() -> ExitCode {
    use Ends::{Breaks, Fails, Panics, Well};
    check::program(|checks| {
        let run = brew_all(
            checks,
            &[("black", 4, Well), ("green", 1, Well), ("white", 2, Well)],
        );
        checks.value(
            "teas",
            "the teas are listed in the order of the brewers",
            &run,
            &Ok(vec!["black", "green", "white"]),
        );
        checks.overlap(
            "overlap",
            "three teas are brewed at the same time, each in a task of its own",
            &run,
            "pot",
            3..=3,
        );
        checks.elapsed(
            "time",
            "it takes as long as the slowest",
            &run,
            Duration::from_secs(4),
        );

        let run = brew_all(
            checks,
            &[("black", 9, Well), ("herbal", 2, Fails), ("white", 1, Well)],
        );
        checks.trace(
            "clean",
            "after a failure the pots in use are cleaned",
            &run,
            &["black: pot clean"],
        );
        checks.elapsed(
            "at_once",
            "the others are told at once, and waited for",
            &run,
            Duration::from_secs(3),
        );
        checks.value(
            "error",
            "the error is returned",
            &run,
            &Err(vec!["herbal is spilled".to_owned()]),
        );
        checks.no_task_left("tasks", "no task is left", &run);

        let run = brew_all(
            checks,
            &[
                ("black", 9, Breaks),
                ("mint", 2, Panics),
                ("white", 9, Well),
            ],
        );
        checks.trace(
            "panic",
            "after a panic, too, the pots are cleaned",
            &run,
            &["white: pot clean"],
        );
        let errors = ["the pot of black broke", "panicked"].map(str::to_owned);
        checks.value(
            "errors",
            "two errors are listed in the order of the brewers",
            &run,
            &Err(errors.to_vec()),
        );

        let run = checks.on_tokio(async {
            let teas = [("black", 9, Well), ("green", 8, Well)];
            let in_time = timeout(Duration::from_secs(3), table(&teas)).await.is_ok();
            sleep(Duration::from_secs(2)).await;
            in_time
        });
        checks.value("dropped", "it can be dropped in the middle", &run, &false);
        let cleaned = ["black: pot clean", "green: pot clean"].map(str::to_owned);
        let claim = "the pots are cleaned then, too";
        checks.same_items_in("dropped", claim, &run, &cleaned, |_| run.trace().to_vec());
        checks.no_task_left("tasks", "no task is left behind it", &run);
    })
}

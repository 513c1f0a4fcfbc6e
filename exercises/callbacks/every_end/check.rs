mod exercise;

use std::process::ExitCode;
use std::time::Duration;

use exercise::start;
use tokio::time::sleep;

const SECOND: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    check::program(|checks| {
        let run = checks.on_tokio(async {
            start("green", 1, false);
            start("mint", 2, true);
            let black = start("black", 9, false);
            sleep(3 * SECOND).await;
            black.abort();
            sleep(SECOND).await;
        });
        checks.trace(
            "every_end",
            "a success, a failure and an abort are noted",
            &run,
            &["green is made", "mint is spilled", "nobody wants black"],
        );
        checks.all_left(
            "kettles",
            "the abort ends the brewing, and no kettle is in use any more",
            &run,
            "kettle",
        );
        checks.no_task_left("tasks", "no task is left", &run);

        let run = checks.on_tokio(async {
            start("white", 2, false).abort();
            start("green", 3, false);
            sleep(4 * SECOND).await;
        });
        checks.trace(
            "early",
            "an abort before the first step is noted, too",
            &run,
            &["nobody wants white", "green is made"],
        );
        checks.overlap(
            "overlap",
            "no kettle is used for a tea that is aborted before its first step",
            &run,
            "kettle",
            1..=1,
        );
    })
}

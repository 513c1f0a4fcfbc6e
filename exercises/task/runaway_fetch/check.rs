mod exercise;

use std::process::ExitCode;
use std::time::Duration;

fn main() -> ExitCode {
    check::program(|checks| {
        let limit = Duration::from_secs(3);
        let run = checks.on_tokio(exercise::fetch_in_time(
            &[("a", 9), ("b", 1), ("c", 2), ("d", 70)],
            limit,
        ));
        checks.value(
            "pages",
            "each page that is there in time is listed in its place",
            &run,
            &vec![None, Some("b"), Some("c"), None],
        );
        checks.elapsed("time", "it returns at the limit", &run, limit);
        checks.overlap(
            "overlap",
            "all pages are fetched at the same time",
            &run,
            "connection",
            4..=4,
        );
        checks.no_task_left("tasks", "no task is left when it returns", &run);
        checks.all_left(
            "connections",
            "no connection is open when it returns",
            &run,
            "connection",
        );

        let run = checks.on_tokio(exercise::fetch_in_time(
            &[("e", 2), ("f", 1)],
            Duration::from_secs(10),
        ));
        checks.value(
            "pages",
            "nothing is late under a generous limit",
            &run,
            &vec![Some("e"), Some("f")],
        );
        checks.elapsed(
            "time",
            "it returns when all pages are there",
            &run,
            Duration::from_secs(2),
        );
    })
}

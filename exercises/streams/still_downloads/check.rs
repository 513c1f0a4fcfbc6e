mod exercise;

use std::process::ExitCode;
use std::time::Duration;

fn main() -> ExitCode {
    check::program(|checks| {
        for pages in [vec![1, 2, 3, 4], vec![9, 8, 7, 6, 5, 4]] {
            let run = checks.on_tokio(exercise::print_all(pages.clone()));
            let lines: Vec<String> = pages.iter().map(|page| format!("page {page}")).collect();
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            checks.trace(
                "order",
                "the pages are printed in their order",
                &run,
                &lines,
            );
            checks.overlap(
                "printer",
                "one page is printed at a time",
                &run,
                "printer",
                1..=1,
            );
            checks.overlap(
                "two",
                "two downloads are under way at the same time, and no more",
                &run,
                "connection",
                2..=2,
            );
            let seconds = 2 + 3 * pages.len() as u64;
            checks.elapsed(
                "time",
                "after the first two seconds the printer never waits",
                &run,
                Duration::from_secs(seconds),
            );
            checks.no_task_left("tasks", "no task is left", &run);
        }
    })
}

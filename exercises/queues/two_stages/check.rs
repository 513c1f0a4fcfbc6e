mod exercise;

use std::process::ExitCode;
use std::time::Duration;

fn main() -> ExitCode {
    check::program(|checks| {
        let run = checks.on_loop(async { exercise::make(&[1, 2, 3, 4], 1).await });
        checks.same_items_in(
            "painted",
            "every part is sawn and painted once",
            &run,
            &[1, 2, 3, 4],
            Vec::clone,
        );
        checks.overlap(
            "sawyers",
            "two sawyers work at the same time",
            &run,
            "saw",
            2..=2,
        );
        checks.overlap("painter", "there is one painter", &run, "brush", 1..=1);
        checks.elapsed(
            "time",
            "parts are sawn while others are painted",
            &run,
            Duration::from_secs(6),
        );
        checks.no_task_left("tasks", "no worker is left", &run);

        let numbers: Vec<u32> = (1..=9).collect();
        let expected = numbers.clone();
        let run = checks.on_loop(async move { exercise::make(&numbers, 10).await });
        checks.same_items_in(
            "slow",
            "a slow painter paints every part",
            &run,
            &expected,
            Vec::clone,
        );
        checks.overlap(
            "back_pressure",
            "a slow painter holds the sawyers back: one part with him, one between, one with each sawyer",
            &run,
            "part",
            4..=4,
        );

        let run = checks.on_loop(async { exercise::make(&[], 1).await });
        checks.value("nothing", "without parts it ends at once", &run, &vec![]);
    })
}

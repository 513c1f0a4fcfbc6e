mod exercise;

use std::process::ExitCode;
use std::time::Duration;

use asyncio::sleep;
use exercise::Both;

async fn kettle(liters: u32, seconds: u64) -> asyncio::Result<u32> {
    let _stove = check::enter("stove");
    sleep(Duration::from_secs(seconds)).await?;
    check::note(format!("{liters} boils"));
    Ok(liters)
}

async fn both(first: (u32, u64), second: (u32, u64)) -> asyncio::Result<(u32, u32)> {
    let (first, second) = Both::new(kettle(first.0, first.1), kettle(second.0, second.1)).await;
    Ok((first?, second?))
}

fn main() -> ExitCode {
    check::program(|checks| {
        let run = checks.on_loop(both((1, 3), (2, 3)));
        checks.value(
            "same",
            "two kettles that boil in the same second give both values",
            &run,
            &(1, 2),
        );

        let run = checks.on_loop(both((1, 2), (2, 5)));
        checks.value(
            "values",
            "both values are there when the second kettle is slower",
            &run,
            &(1, 2),
        );
        checks.overlap(
            "overlap",
            "both kettles are on the stove at the same time",
            &run,
            "stove",
            2..=2,
        );
        checks.elapsed(
            "time",
            "it takes as long as the slower kettle",
            &run,
            Duration::from_secs(5),
        );
        checks.trace(
            "once",
            "each kettle boils once",
            &run,
            &["1 boils", "2 boils"],
        );

        let run = checks.on_loop(both((1, 4), (2, 1)));
        checks.value(
            "values",
            "both values are there when the first kettle is slower",
            &run,
            &(1, 2),
        );
        checks.elapsed(
            "time",
            "the order of the two does not matter",
            &run,
            Duration::from_secs(4),
        );
        checks.no_task_left("tasks", "no task is left", &run);
    })
}

mod exercise;

use std::process::ExitCode;
use std::time::Duration;

use exercise::both;

async fn brew(name: &'static str, seconds: u64) -> &'static str {
    let _kettle = check::enter("kettle");
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    name
}

/// The same on the workbook's loop.
async fn brew_here(name: &'static str, seconds: u64) -> &'static str {
    let _kettle = check::enter("kettle");
    let slept = asyncio::sleep(Duration::from_secs(seconds)).await;
    slept.map_or("cancelled", |()| name)
}

fn main() -> ExitCode {
    check::program(|checks| {
        let run = checks.on_tokio(async { both(brew("green", 2), brew("mint", 3)).await });
        checks.overlap(
            "overlap",
            "both teas are brewed at the same time",
            &run,
            "kettle",
            2..=2,
        );
        checks.elapsed(
            "time",
            "it takes as long as the slower tea",
            &run,
            Duration::from_secs(3),
        );
        checks.value(
            "order",
            "the teas are given in the order of the arguments",
            &run,
            &["green", "mint"],
        );

        let run = checks.on_tokio(async { both(brew("black", 4), brew("mint", 1)).await });
        checks.elapsed(
            "second_first",
            "the second tea may be ready first",
            &run,
            Duration::from_secs(4),
        );
        checks.value(
            "second_first",
            "the teas are given in the order of the arguments, whichever is ready first",
            &run,
            &["black", "mint"],
        );

        let run = checks.on_tokio(async { both(async { "cold" }, async { "iced" }).await });
        checks.value(
            "at_once",
            "two teas that need no time are ready at once",
            &run,
            &["cold", "iced"],
        );

        let run =
            checks.on_loop(async { Ok(both(brew_here("green", 2), brew_here("mint", 3)).await) });
        checks.elapsed(
            "loop",
            "the workbook's own loop can drive it, too",
            &run,
            Duration::from_secs(3),
        );
    })
}

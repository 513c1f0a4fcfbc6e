mod exercise;

use std::process::ExitCode;
use std::time::Duration;

use asyncio::{Error, Result, create_task, get_running_loop, sleep};
use exercise::all_done;

const SECOND: Duration = Duration::from_secs(1);

async fn tea(name: &'static str, seconds: u32, spilled: bool) -> Result<&'static str> {
    sleep(seconds * SECOND).await?;
    if spilled {
        return Err(Error::msg(format!("{name} is spilled")));
    }
    Ok(name)
}

fn main() -> ExitCode {
    check::program(|checks| {
        let run = checks.on_loop(async {
            let tasks = [tea("green", 3, false), tea("mint", 2, false)].map(create_task);
            all_done(&tasks)?.await
        });
        checks.value(
            "order",
            "the teas are listed in the order in which they were ready",
            &run,
            &vec!["mint", "green"],
        );

        let run = checks.on_loop(async {
            let tasks = [tea("green", 3, false), tea("herbal", 1, true)].map(create_task);
            all_done(&tasks)?.await
        });
        checks.value(
            "failure",
            "a tea that is spilled counts, and is not listed",
            &run,
            &vec!["green"],
        );

        let run = checks.on_loop(async {
            let tasks = [tea("green", 1, false), tea("herbal", 2, true)].map(create_task);
            all_done(&tasks)?.await
        });
        checks.value(
            "last_failure",
            "a tea that is spilled counts even if it is the last one",
            &run,
            &vec!["green"],
        );

        let run = checks.on_loop(async {
            let tasks = [tea("black", 9, false), tea("green", 3, false)].map(create_task);
            let black = tasks[0].promise();
            get_running_loop()?.call_later(SECOND, move || {
                black.cancel();
            });
            all_done(&tasks)?.await
        });
        checks.value(
            "cancellation",
            "a tea that is cancelled counts, and is not listed",
            &run,
            &vec!["green"],
        );
        checks.elapsed(
            "time",
            "the report is there when the last tea is done",
            &run,
            3 * SECOND,
        );

        let run = checks.on_loop(async { all_done(&[])?.await });
        checks.value(
            "nobody",
            "without any task the report is there at once",
            &run,
            &vec![],
        );
    })
}

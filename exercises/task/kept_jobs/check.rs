mod exercise;

use std::process::ExitCode;
use std::time::Duration;

use exercise::Background;
use tokio::time::sleep;

async fn job(seconds: u64, ends: Result<(), &'static str>) -> Result<(), String> {
    let _desk = check::enter("desk");
    sleep(Duration::from_secs(seconds)).await;
    ends.map_err(str::to_owned)
}

fn main() -> ExitCode {
    check::program(|checks| {
        let run = checks.on_tokio(async {
            let mut background = Background::default();
            background.start("mail", job(1, Err("no network")));
            background.start("backup", job(60, Ok(())));
            background.start("print", job(2, Ok(())));
            background.start("sync", job(3, Err("no space")));
            sleep(Duration::from_millis(2500)).await;
            check::note("noon");
            sleep(Duration::from_millis(1000)).await;
            background.close().await;
            check::note("closed");
        });
        checks.trace(
            "failures",
            "each failure is noted with its name when it happens, and nothing else is",
            &run,
            &[
                "mail failed: no network",
                "noon",
                "sync failed: no space",
                "closed",
            ],
        );
        checks.overlap("overlap", "jobs run at the same time", &run, "desk", 4..=4);
        checks.all_left(
            "ended",
            "what was left has ended when `close` returns",
            &run,
            "desk",
        );
        checks.no_task_left("tasks", "no task is left", &run);
        checks.elapsed(
            "time",
            "`close` does not wait for jobs to finish",
            &run,
            Duration::from_millis(3500),
        );

        let run = checks.on_tokio(async {
            let mut background = Background::default();
            background.start("backup", job(60, Ok(())));
            sleep(Duration::from_secs(1)).await;
            drop(background);
            // One second is enough for the runtime to drop what was aborted.
            sleep(Duration::from_secs(1)).await;
        });
        checks.all_left(
            "dropped",
            "to drop a `Background` ends its jobs, too",
            &run,
            "desk",
        );
    })
}

mod exercise;

use std::process::ExitCode;
use std::time::Duration;

use exercise::run;
use rustix::io::Errno;
use rustix::process::{WaitOptions, wait};
use tokio::time::{Instant, sleep, timeout};

/// Longer than any right program takes, and shorter than the children that it has to kill.
const LIMIT: Duration = Duration::from_secs(5);

const RUNS: &str = "a child that runs";

/// Asks the operating system for children of this process.
fn children() -> &'static str {
    match wait(WaitOptions::NOHANG) {
        Err(Errno::CHILD) => "no child",
        Err(_) => "nobody knows",
        Ok(None) => RUNS,
        Ok(Some(_)) => "a zombie",
    }
}

fn main() -> ExitCode {
    check::program(|checks| {
        for words in ["tea", "tea with milk"] {
            let script = format!("echo {words}");
            let seen = checks.in_real_time(LIMIT, async {
                let output = run(&script, LIMIT).await;
                let text = |bytes| String::from_utf8(bytes).unwrap_or_default();
                (output.ok().map(|bytes| bytes.map(text)), children())
            });
            let line = format!("{words}\n");
            checks.value(
                "output",
                "what the child writes is collected, and no child is left",
                &seen,
                &(Some(Some(line)), "no child"),
            );
        }
        let scripts = [
            ("waits", "exec sleep 9"),
            ("writes", "echo begin; exec sleep 9"),
            ("closes its output", "exec sleep 9 >&-"),
        ];
        for (what, script) in scripts {
            let seen = checks.in_real_time(LIMIT, async {
                let output = run(script, Duration::from_millis(20)).await;
                (output.ok(), children())
            });
            checks.value(
                "gone",
                &format!("a child that {what} for too long is killed and waited for"),
                &seen,
                &(Some(None), "no child"),
            );
        }

        let seen = checks.in_real_time(LIMIT, async {
            let dropped = timeout(Duration::from_millis(20), run("exec sleep 9", LIMIT)).await;
            let patience = Instant::now() + LIMIT / 2;
            while children() == RUNS && Instant::now() < patience {
                sleep(Duration::from_millis(1)).await;
            }
            // A zombie, or none if the runtime was faster.
            (dropped.is_err(), children() != RUNS)
        });
        checks.value(
            "dropped",
            "the child is killed if `run` is dropped in the middle",
            &seen,
            &(true, true),
        );
    })
}

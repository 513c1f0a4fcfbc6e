mod exercise;

use std::process::ExitCode;
use std::time::Duration;

fn main() -> ExitCode {
    check::program(|checks| {
        let run = checks.on_loop(async { exercise::answer().await });
        checks.value("answer", "the answer is right", &run, &42);
        checks.elapsed("time", "it takes a second", &run, Duration::from_secs(1));
    })
}

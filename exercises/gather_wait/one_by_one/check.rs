mod exercise;

use std::process::ExitCode;
use std::time::Duration;

fn main() -> ExitCode {
    check::program(|checks| {
        let run = checks.on_loop(async {
            exercise::ask_all(&[("Bergen", 2), ("Oslo", 4), ("Narvik", 1)]).await
        });
        let answers = ["Bergen answers", "Oslo answers", "Narvik answers"].map(str::to_owned);
        checks.value(
            "order",
            "the answers are listed in the order of the stations",
            &run,
            &answers.to_vec(),
        );
        checks.overlap(
            "overlap",
            "all three stations are asked at the same time",
            &run,
            "call",
            3..=3,
        );
        checks.elapsed(
            "time",
            "it takes as long as the slowest answer",
            &run,
            Duration::from_secs(4),
        );

        let run = checks.on_loop(async { exercise::ask_all(&[("Bodø", 3), ("Vardø", 3)]).await });
        checks.elapsed(
            "time",
            "it takes as long as the slowest answer with two stations, too",
            &run,
            Duration::from_secs(3),
        );
    })
}

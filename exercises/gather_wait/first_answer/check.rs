mod exercise;

use std::process::ExitCode;
use std::time::Duration;

fn main() -> ExitCode {
    check::program(|checks| {
        let run = checks.on_loop(async {
            exercise::first_answer(&[("Graz", 3), ("Linz", 1), ("Wien", 2)]).await
        });
        checks.value(
            "fastest",
            "the answer is that of the fastest mirror",
            &run,
            &"Linz",
        );
        checks.overlap(
            "overlap",
            "all three mirrors are asked at the same time",
            &run,
            "connection",
            3..=3,
        );
        checks.all_left(
            "connections",
            "no connection is open when the answer is there",
            &run,
            "connection",
        );
        let closed = ["Graz closed", "Wien closed"].map(str::to_owned);
        let claim = "the others say goodbye, and nobody else does";
        checks.same_items_in("goodbye", claim, &run, &closed, |_| run.trace().to_vec());
        checks.no_task_left("tasks", "no task is left", &run);
        checks.elapsed(
            "time",
            "it takes one second for the answer and half a second for the goodbyes",
            &run,
            Duration::from_millis(1500),
        );

        let run = checks.on_loop(async { exercise::first_answer(&[("Steyr", 2)]).await });
        checks.value("alone", "one mirror alone will do", &run, &"Steyr");
    })
}

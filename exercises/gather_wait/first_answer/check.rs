mod exercise;

use std::process::ExitCode;
use std::time::Duration;

fn main() -> ExitCode {
    check::program(|checks| {
        let run = checks.on_loop(async {
            exercise::first_answer(&[("Graz", 3), ("Linz", 1), ("Lech", 2)]).await
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
        let closed = ["Graz closed", "Lech closed"].map(str::to_owned);
        let claim = "the others say goodbye, and nobody else does";
        checks.same_items_in("goodbye", claim, &run, &closed, |_| run.trace().to_vec());
        checks.no_task_left("tasks", "no task is left", &run);
        checks.elapsed(
            "time",
            "it takes one second for the answer and half a second for the goodbyes",
            &run,
            Duration::from_millis(1500),
        );

        let run = checks.on_loop(async {
            exercise::first_answer(&[("Graz", 3), ("Linz", 2), ("Wien", 1)]).await
        });
        let claim = "a mirror that is down does not count";
        checks.value("down", claim, &run, &"Linz");
        let closed = ["Graz closed"].map(str::to_owned);
        let claim = "after a failure, too, only those who are late say goodbye";
        checks.same_items_in("late", claim, &run, &closed, |_| run.trace().to_vec());

        let run = checks.on_loop(async {
            let failed = exercise::first_answer(&[("Wien", 1)]).await;
            Ok(failed.is_err_and(|error| error.to_string() == "Wien is down"))
        });
        let claim = "if all are down, their failure is the answer";
        checks.value("all_down", claim, &run, &true);

        let run = checks.on_loop(async { exercise::first_answer(&[("Steyr", 2)]).await });
        checks.value("alone", "one mirror alone will do", &run, &"Steyr");
    })
}

mod exercise;

use std::process::ExitCode;
use std::time::Duration;

use exercise::Order;

fn order(name: &'static str, seconds: u64, spilled: bool) -> Order {
    Order {
        name,
        seconds,
        spilled,
    }
}

fn main() -> ExitCode {
    check::program(|checks| {
        let run = checks.on_tokio(async {
            let orders = [
                order("black", 4, false),
                order("green", 1, false),
                order("white", 2, false),
            ];
            exercise::all_or_none(&orders).await
        });
        checks.value(
            "order",
            "the teas are listed in the order of the orders",
            &run,
            &Ok(vec!["black", "green", "white"]),
        );
        checks.overlap(
            "overlap",
            "three teas are brewed at the same time, each in a task of its own",
            &run,
            "kettle",
            3..=3,
        );
        checks.elapsed(
            "time",
            "it takes as long as the slowest tea",
            &run,
            Duration::from_secs(4),
        );

        let run = checks.on_tokio(async {
            let orders = [
                order("black", 4, false),
                order("herbal", 2, true),
                order("mint", 3, true),
            ];
            exercise::all_or_none(&orders).await
        });
        checks.value(
            "failure",
            "the first failure is returned",
            &run,
            &Err("herbal is spilled".to_owned()),
        );
        checks.elapsed(
            "at_once",
            "it is returned at once",
            &run,
            Duration::from_secs(2),
        );
        checks.all_left(
            "kettles",
            "no kettle is in use after a failure",
            &run,
            "kettle",
        );
        checks.no_task_left("tasks", "no task is left after a failure", &run);
    })
}

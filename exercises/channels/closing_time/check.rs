mod exercise;

use std::process::ExitCode;
use std::time::Duration;

fn main() -> ExitCode {
    check::program(|checks| {
        let orders = [1, 2, 3, 4, 5, 6];
        let run = checks.on_tokio(async move { exercise::pack_all(orders.to_vec()).await });
        let claim = "every order is packed once";
        checks.same_items_in("packed", claim, &run, &orders, Vec::clone);
        checks.overlap(
            "overlap",
            "three packers work at the same time",
            &run,
            "table",
            3..=3,
        );
        checks.elapsed(
            "time",
            "six orders take three packers two seconds",
            &run,
            Duration::from_secs(2),
        );
        checks.no_task_left("tasks", "every packer has gone home", &run);

        let run = checks.on_tokio(async { exercise::pack_all(Vec::new()).await });
        checks.value("nothing", "without orders nothing is packed", &run, &vec![]);
    })
}

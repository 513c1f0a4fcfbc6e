mod exercise;

use std::process::ExitCode;
use std::time::Duration;

fn main() -> ExitCode {
    check::program(|checks| {
        let run = checks.on_loop(async { exercise::buy_all(&["Green", "black"]).await });
        checks.value(
            "receipts",
            "the receipts are listed in the order of the names",
            &run,
            &vec!["green: 5 euros".to_owned(), "black: 5 euros".to_owned()],
        );
        checks.elapsed(
            "time",
            "teas in season take two seconds, however many",
            &run,
            Duration::from_secs(2),
        );
        let run = checks
            .on_loop(async { exercise::buy_all(&["Green", "Sakura", "black", "mugicha"]).await });
        checks.never_blocked("free", "no order keeps the loop's thread", &run);
        checks.elapsed(
            "time",
            "no order waits for another one's question",
            &run,
            Duration::from_secs(2),
        );
        let receipts = ["green: 5", "sakura: 6", "black: 5", "mugicha: 7"];
        let receipts = receipts.map(|receipt| format!("{receipt} euros"));
        checks.value(
            "receipts",
            "the receipts are listed in the order of the names",
            &run,
            &receipts.to_vec(),
        );
        checks.no_task_left("tasks", "no task is left", &run);
    })
}

mod exercise;

use std::process::ExitCode;
use std::time::Duration;

use exercise::{Ledger, pay};

fn main() -> ExitCode {
    check::program(|checks| {
        let run = checks.on_loop(async {
            let ledger = Ledger::default();
            pay(ledger.clone(), 3, Some(1)).await?;
            Ok(ledger.0.take())
        });
        checks.value(
            "booked",
            "price and tip are booked when `pay` returns",
            &run,
            &vec![3, 1],
        );
        checks.elapsed(
            "time",
            "two amounts take two seconds",
            &run,
            Duration::from_secs(2),
        );
        checks.no_task_left("tasks", "nothing goes on behind the caller's back", &run);

        let run = checks.on_loop(async {
            let ledger = Ledger::default();
            pay(ledger.clone(), 4, None).await?;
            Ok(ledger.0.take())
        });
        checks.value(
            "no_tip",
            "without a tip the price alone is booked",
            &run,
            &vec![4],
        );

        let run = checks.on_loop(async {
            let ledger = Ledger::default();
            let paid = pay(ledger.clone(), 5, Some(0)).await;
            Ok((paid.map_err(|error| error.to_string()), ledger.0.take()))
        });
        checks.value(
            "refused",
            "the caller learns that a tip of zero was refused",
            &run,
            &(Err("nothing to book".to_owned()), vec![5]),
        );
    })
}

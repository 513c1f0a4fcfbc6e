mod exercise;

use std::process::ExitCode;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::sleep;

fn main() -> ExitCode {
    check::program(|checks| {
        let run = checks.on_tokio(async {
            let (guests, orders) = mpsc::channel(8);
            for order in [1, 2, 3] {
                guests.send(order).await.unwrap();
            }
            drop(guests);
            exercise::serve(orders).await
        });
        let claim = "every order is served once";
        checks.same_items_in("none_lost", claim, &run, &[1, 2, 3], Vec::clone);
        checks.elapsed(
            "time",
            "three orders are cooked one after another",
            &run,
            Duration::from_secs(6),
        );

        let run = checks.on_tokio(async {
            let (guests, orders) = mpsc::channel(8);
            let late = async move {
                sleep(Duration::from_millis(3500)).await;
                guests.send(7).await.unwrap();
            };
            tokio::join!(late, exercise::serve(orders)).1
        });
        checks.value("late", "a late guest is served", &run, &vec![7]);
        checks.trace(
            "call",
            "the cook calls after each second of waiting for an order, and not while something is cooked",
            &run,
            &["still open"; 3],
        );
    })
}

mod exercise;

use std::process::ExitCode;
use std::time::Duration;

use check::{Checks, Run};
use tokio::io::{AsyncWriteExt, duplex};
use tokio::time::sleep;

/// Sends pieces, each after so many milliseconds, and hangs up.
fn listen(checks: &mut Checks, pieces: &'static [(u64, &str)]) -> Run<Vec<String>> {
    checks.on_tokio(async move {
        let (mut office, ours) = duplex(64);
        let sends = async move {
            for (pause, piece) in pieces {
                sleep(Duration::from_millis(*pause)).await;
                let written = office.write_all(piece.as_bytes()).await;
                written.expect("somebody listens");
            }
        };
        tokio::join!(exercise::listen(ours), sends).0
    })
}

fn main() -> ExitCode {
    check::program(|checks| {
        let owned = |orders: &[&str]| orders.iter().map(|&order| order.to_owned()).collect();

        let run = listen(checks, &[(0, "ca"), (1500, "keteas")]);
        let claim = "every order is heard, although it comes in pieces";
        checks.value("none_lost", claim, &run, &owned(&["cake", "teas"]));
        let claim = "a second without a whole order is noted";
        checks.trace("noted", claim, &run, &["still open"]);

        let run = listen(
            checks,
            &[(500, "milk"), (1700, "r"), (1600, "ic"), (300, "e")],
        );
        let claim = "an order may take several seconds";
        checks.value("slow", claim, &run, &owned(&["milk", "rice"]));
        let claim = "seconds are counted from the last order or the last note";
        checks.trace("counted", claim, &run, &["still open"; 3]);
        let claim = "it ends when the office hangs up";
        checks.elapsed("end", claim, &run, Duration::from_millis(4100));

        let run = listen(checks, &[(0, "cake"), (100, "te")]);
        let claim = "an order that was broken off does not count";
        checks.value("half", claim, &run, &owned(&["cake"]));
    })
}

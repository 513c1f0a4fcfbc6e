mod exercise;

use std::process::ExitCode;
use std::time::Duration;

use check::{Checks, Run};
use tokio::sync::mpsc::{self, Receiver};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

/// A channel that gives each order at its second, and then ends.
fn orders(at: &'static [(u64, u32)]) -> Receiver<u32> {
    let (sender, receiver) = mpsc::channel(8);
    let start = Instant::now();
    tokio::spawn(async move {
        for &(second, order) in at {
            sleep_until(start + Duration::from_secs(second)).await;
            let _ = sender.send(order).await;
        }
    });
    receiver
}

/// A channel that has these orders already, and stays open.
fn full() -> (mpsc::Sender<u32>, Receiver<u32>) {
    let (sender, receiver) = mpsc::channel(8);
    for order in 1..=3 {
        sender.try_send(order).expect("there is room");
    }
    (sender, receiver)
}

/// Takes orders, and sets the token in some second.
fn take(
    checks: &mut Checks,
    calls: &'static [(u64, u32)],
    guests: &'static [(u64, u32)],
    closes: u64,
) -> Run<Vec<u32>> {
    checks.on_tokio(async move {
        let closing = CancellationToken::new();
        let token = closing.clone();
        tokio::spawn(async move {
            sleep(Duration::from_secs(closes)).await;
            token.cancel();
        });
        exercise::take_orders(orders(calls), orders(guests), closing).await
    })
}

fn main() -> ExitCode {
    check::program(|checks| {
        let run = checks.on_tokio(async {
            let closing = CancellationToken::new();
            let _token = closing.clone();
            let (calls, guests) = (orders(&[(1, 1), (4, 4)]), orders(&[(2, 2), (3, 3)]));
            exercise::take_orders(calls, guests, closing).await
        });
        let claim = "orders of both channels are taken, in the order in which they come";
        checks.value("all", claim, &run, &vec![1, 2, 3, 4]);
        let claim = "it closes when the last channel has ended";
        checks.elapsed("last", claim, &run, Duration::from_secs(4));

        let run = take(checks, &[], &[(2, 7), (5, 8)], 60);
        let claim = "one channel may end long before the other";
        checks.value("one", claim, &run, &vec![7, 8]);

        let run = take(checks, &[(1, 1), (9, 2)], &[(2, 3), (8, 4)], 5);
        checks.value("token", "the token closes it", &run, &vec![1, 3]);
        let claim = "it closes when the token is set";
        checks.elapsed("at_once", claim, &run, Duration::from_secs(5));

        let run = checks.on_tokio(async {
            let closing = CancellationToken::new();
            closing.cancel();
            let ((_phone, calls), (_door, guests)) = (full(), full());
            exercise::take_orders(calls, guests, closing).await
        });
        let claim = "nothing is taken after the token was set, even if it is there";
        checks.value("closing", claim, &run, &vec![]);
    })
}

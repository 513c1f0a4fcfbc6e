mod exercise;

use std::ops::Range;
use std::process::ExitCode;
use std::sync::mpsc as threads;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::{spawn_blocking, yield_now};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

async fn cook(order: u32, seconds: u64) -> u32 {
    let _stove = check::enter("stove");
    sleep(Duration::from_secs(seconds)).await;
    order
}

/// Lets the clock stand still meanwhile, because threads need real time.
async fn with_threads<T>(main: impl Future<Output = T>) -> T {
    let (end, ended) = threads::channel::<()>();
    // Tokio's paused clock does not jump while a blocking job runs.
    let job = spawn_blocking(move || ended.recv());
    let value = main.await;
    drop(end);
    let _ = job.await;
    value
}

/// Orders these from a thread until one is refused, and lists what was accepted.
fn order(orders: mpsc::Sender<u32>, numbers: Range<u32>) -> Vec<u32> {
    numbers
        .take_while(|&number| orders.blocking_send(number).is_ok())
        .collect()
}

fn main() -> ExitCode {
    check::program(|checks| {
        let run = checks.on_tokio(async {
            let (guest, orders) = mpsc::channel(4);
            for order in [1, 2, 3] {
                guest.send(order).await.unwrap();
            }
            drop(guest);
            exercise::serve(orders, CancellationToken::new(), |order| cook(order, 2)).await
        });
        checks.overlap(
            "overlap",
            "orders are cooked at the same time",
            &run,
            "stove",
            3..=3,
        );
        checks.elapsed(
            "time",
            "three orders take as long as one",
            &run,
            Duration::from_secs(2),
        );
        let claim = "each order is cooked when all guests are gone";
        checks.same_items_in("cooked", claim, &run, &[1, 2, 3], Vec::clone);

        let run = checks.on_tokio(async {
            let (guest, orders) = mpsc::channel(4);
            let closing = CancellationToken::new();
            let kitchen = tokio::spawn(exercise::serve(orders, closing.clone(), |order| {
                cook(order, 4)
            }));
            guest.send(1).await.unwrap();
            sleep(Duration::from_secs(1)).await;
            // These are in the channel when the kitchen closes.
            guest.try_send(2).unwrap();
            guest.try_send(3).unwrap();
            closing.cancel();
            sleep(Duration::from_secs(1)).await;
            let late = guest.try_send(4).is_ok();
            sleep(Duration::from_secs(1)).await;
            let closed = guest.is_closed();
            (kitchen.await.unwrap(), late, closed)
        });
        checks.that_in(
            "closes",
            "a late order is refused while the others are cooked",
            &run,
            "refused",
            |(_, late, closed)| {
                let seen = if *late { "accepted" } else { "refused" };
                (!late && *closed, seen)
            },
        );
        let claim = "what was under way or in the channel is cooked, and nothing else";
        checks.same_items_in("accepted", claim, &run, &[1, 2, 3], |(cooked, ..)| {
            cooked.clone()
        });
        checks.elapsed(
            "waits",
            "`serve` ends when the last order is cooked",
            &run,
            Duration::from_secs(5),
        );
        checks.no_task_left("tasks", "no task is left", &run);

        let run = checks.on_tokio(async {
            let (guest, orders) = mpsc::channel(4);
            let closing = CancellationToken::new();
            let kitchen = tokio::spawn(exercise::serve(orders, closing.clone(), |order| {
                cook(order, 4)
            }));
            guest.send(1).await.unwrap();
            // What `send` does in two steps, with the end of the kitchen in between.
            let place = guest.reserve().await.unwrap();
            sleep(Duration::from_secs(1)).await;
            closing.cancel();
            sleep(Duration::from_secs(1)).await;
            place.send(2);
            kitchen.await.unwrap()
        });
        checks.same_items_in(
            "under_way",
            "an order whose `send` had reserved its place when the kitchen closed is cooked: `recv` waits for it, `try_recv` does not",
            &run,
            &[1, 2],
            Vec::clone,
        );

        let run = checks.on_tokio(with_threads(async {
            let (guest, orders) = mpsc::channel(2);
            let closing = CancellationToken::new();
            let guests = [1..1000, 1001..2000].map(|numbers| {
                let guest = guest.clone();
                spawn_blocking(move || order(guest, numbers))
            });
            drop(guest);
            let close = closing.clone();
            let kitchen = exercise::serve(orders, closing, move |order| {
                let close = close.clone();
                async move {
                    if order % 1000 == 20 {
                        close.cancel();
                    }
                    yield_now().await;
                    order
                }
            });
            let cooked = kitchen.await;
            let mut accepted = Vec::new();
            for guest in guests {
                accepted.extend(guest.await.unwrap());
            }
            (accepted, cooked)
        }));
        checks.that_in(
            "threads",
            "of two busy threads each order is cooked that was accepted",
            &run,
            "the same orders accepted and cooked",
            |(accepted, cooked)| {
                let seen = format!("{} accepted, {} cooked", accepted.len(), cooked.len());
                let [accepted, cooked] = [accepted, cooked].map(|orders| {
                    let mut sorted = orders.clone();
                    sorted.sort();
                    sorted
                });
                (accepted == cooked, seen)
            },
        );
        checks.that_in(
            "refused",
            "the threads are refused when the kitchen closes",
            &run,
            "fewer than 1998 orders",
            |(accepted, _)| (accepted.len() < 1998, accepted.len()),
        );
    })
}

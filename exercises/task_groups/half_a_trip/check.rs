mod exercise;

use std::process::ExitCode;
use std::time::Duration;

use asyncio::{ReturnWhen, create_task, sleep, wait};
use check::{Checks, Run};
use exercise::Part;

fn part(name: &'static str, seconds: u64) -> Part {
    Part {
        name,
        seconds,
        sold_out: false,
    }
}

fn sold_out(name: &'static str, seconds: u64) -> Part {
    Part {
        sold_out: true,
        ..part(name, seconds)
    }
}

/// Books a trip, and says what came of it.
fn book(checks: &mut Checks, parts: Vec<Part>) -> Run<Result<Vec<&'static str>, String>> {
    checks.on_loop(async move {
        let booked = exercise::book_trip(&parts).await;
        Ok(booked.map_err(|error| error.to_string()))
    })
}

fn main() -> ExitCode {
    check::program(|checks| {
        let parts = vec![part("train", 3), part("hotel", 1), part("boat", 2)];
        let run = book(checks, parts);
        checks.value(
            "order",
            "the parts are listed in the order of the trip",
            &run,
            &Ok(vec!["train", "hotel", "boat"]),
        );
        checks.overlap(
            "overlap",
            "they are booked at the same time",
            &run,
            "counter",
            3..=3,
        );
        checks.elapsed(
            "time",
            "it takes as long as the slowest",
            &run,
            Duration::from_secs(3),
        );

        let parts = vec![part("train", 5), sold_out("hotel", 2), part("boat", 1)];
        let run = book(checks, parts);
        checks.trace(
            "given_up",
            "what is not booked yet is given up, before the guest is told",
            &run,
            &["train is given up"],
        );
        checks.all_left("counter", "no part is left half booked", &run, "counter");
        checks.no_task_left("tasks", "no task is left", &run);
        checks.elapsed(
            "told",
            "the guest is told after that second",
            &run,
            Duration::from_secs(3),
        );
        checks.value(
            "error",
            "the guest learns why",
            &run,
            &Err("hotel is sold out".to_owned()),
        );

        let parts = vec![part("train", 5), sold_out("boat", 2), sold_out("hotel", 2)];
        let run = book(checks, parts);
        checks.value(
            "first",
            "of two failures the first is told",
            &run,
            &Err("boat is sold out".to_owned()),
        );

        let run = checks.on_loop(async {
            let guest = create_task(async {
                exercise::book_trip(&[part("train", 5), part("hotel", 9)]).await
            });
            sleep(Duration::from_secs(2)).await?;
            guest.cancel();
            wait([&guest], None, ReturnWhen::AllCompleted).await?;
            Ok(guest.is_cancelled())
        });
        checks.value(
            "cancelled",
            "a guest who leaves ends cancelled",
            &run,
            &true,
        );
        checks.all_left(
            "leaves",
            "the parts are given up for a guest who leaves, too",
            &run,
            "counter",
        );
        checks.elapsed("leaves", "that is waited for", &run, Duration::from_secs(3));
    })
}

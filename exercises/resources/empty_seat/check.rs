mod exercise;

use std::process::ExitCode;
use std::time::Duration;

use asyncio::{Error, Result, Semaphore, Task, create_task, gather_return_exceptions, sleep};

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// A guest who eats for two seconds, fails if the soup is too hot, and walks for three.
fn guest(seats: &Semaphore, too_hot: bool) -> Task<()> {
    let eat = async move || {
        let _table = check::enter("table");
        sleep(seconds(2)).await?;
        match too_hot {
            true => Err(Error::msg("the soup is too hot")),
            false => Ok(()),
        }
    };
    let walk_home = async || {
        let _street = check::enter("street");
        Ok(sleep(seconds(3)).await?)
    };
    create_task(exercise::visit(seats.clone(), eat, walk_home))
}

fn main() -> ExitCode {
    check::program(|checks| {
        let run = checks.on_loop(async {
            let seats = Semaphore::new(2);
            let guests: Vec<_> = (0..6).map(|_| guest(&seats, false)).collect();
            let outcomes: Vec<Result<()>> = gather_return_exceptions(guests).await?;
            Ok(outcomes.iter().filter(|outcome| outcome.is_ok()).count())
        });
        checks.overlap(
            "seats",
            "two guests sit at the same time, and no more",
            &run,
            "table",
            2..=2,
        );
        checks.elapsed(
            "walk",
            "nobody keeps a seat on the way home",
            &run,
            seconds(9),
        );
        checks.value("all", "six guests have eaten", &run, &6);

        let run = checks.on_loop(async {
            let seats = Semaphore::new(1);
            let guests = [true, true, false].map(|too_hot| guest(&seats, too_hot));
            let outcomes: Vec<Result<()>> = gather_return_exceptions(guests).await?;
            Ok((
                outcomes.iter().filter(|outcome| outcome.is_err()).count(),
                seats.is_locked(),
            ))
        });
        checks.value(
            "failed",
            "a guest who fails to eat says so and gives the seat back",
            &run,
            &(2, false),
        );
        checks.elapsed(
            "failed",
            "the next one then sits down at once",
            &run,
            seconds(9),
        );

        let run = checks.on_loop(async {
            let seats = Semaphore::new(1);
            let guests = [(); 3].map(|()| guest(&seats, false));
            sleep(seconds(1)).await?;
            guests[0].cancel(); // It sits.
            guests[1].cancel(); // It waits for a seat.
            let outcomes: Vec<Result<()>> = gather_return_exceptions(guests).await?;
            Ok((
                outcomes.iter().filter(|outcome| outcome.is_ok()).count(),
                seats.is_locked(),
            ))
        });
        checks.value(
            "called_away",
            "a guest who is called away leaves a free seat",
            &run,
            &(1, false),
        );
        checks.elapsed(
            "called_away",
            "the last one sits down at once",
            &run,
            seconds(6),
        );
    })
}

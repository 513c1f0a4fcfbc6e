mod exercise;

use std::cell::Cell;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use asyncio::get_running_loop;
use check::{Checks, Run};

/// Counts these shelves, and tells when the bell rang that was set for this time.
fn stock(
    checks: &mut Checks,
    shelves: &'static [u32],
    bell: Duration,
) -> Run<(u32, Option<Duration>)> {
    checks.on_loop(async move {
        let event_loop = get_running_loop()?;
        let (rang, ringer) = (Rc::new(Cell::new(None)), event_loop.clone());
        let heard = rang.clone();
        event_loop.call_at(bell, move || heard.set(Some(ringer.time())));
        let total = exercise::take_stock(shelves).await?;
        Ok((total, rang.get()))
    })
}

/// Checks that the bell rang, and not much later than it was set for.
fn bell_in_time(checks: &mut Checks, run: &Run<(u32, Option<Duration>)>, bell: Duration) {
    let latest = bell + Duration::from_millis(1200);
    checks.that_in(
        "bell",
        "the bell rings while the shelves are counted",
        run,
        format!("a ring between {:?} and {latest:?}", bell),
        |(_, rang)| {
            let seen = match rang {
                Some(time) => format!("it rang at {} s", time.as_secs_f64()),
                None => "it had not rung when all was counted".to_owned(),
            };
            (rang.is_some_and(|time| time <= latest), seen)
        },
    );
}

fn main() -> ExitCode {
    check::program(|checks| {
        let bell = Duration::from_secs(1);
        let run = stock(checks, &[3, 1, 4, 1, 5, 9], bell);
        bell_in_time(checks, &run, bell);
        checks.equal_in("total", "all jars are counted", &run, &23, |(total, _)| {
            *total
        });
        checks.elapsed(
            "time",
            "it takes no longer than the work itself",
            &run,
            Duration::from_millis(2400),
        );
        checks.never_blocked("short", "no step is as long as three shelves", &run);

        let bell = Duration::from_secs(5);
        let run = stock(checks, &[1; 20], bell);
        bell_in_time(checks, &run, bell);
        checks.equal_in("total", "all jars are counted", &run, &20, |(total, _)| {
            *total
        });
        checks.elapsed(
            "time",
            "twenty shelves take eight seconds",
            &run,
            Duration::from_secs(8),
        );
        checks.no_task_left("tasks", "no task is left", &run);
    })
}

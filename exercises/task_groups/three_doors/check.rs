mod exercise;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use check::{Checks, Run};
use tokio::runtime::Handle;
use tokio::time::sleep;

/// What a download comes to after so many seconds.
#[derive(Clone, Copy)]
enum Ends {
    Well(u64),
    Fails(u64),
    Panics(u64),
}

/// What came of the downloads, and how many tasks were alive at most.
type Downloaded = (Vec<Result<u64, String>>, usize);

/// Downloads files that end like these.
fn download(checks: &mut Checks, files: &'static [Ends]) -> Run<Downloaded> {
    checks.on_tokio(async move {
        let most_tasks = Arc::new(AtomicUsize::new(0));
        let seen = most_tasks.clone();
        let names = (0..files.len()).map(|number| number.to_string()).collect();
        let downloaded = exercise::download_all(names, move |name| {
            let (number, most_tasks) = (name.parse::<usize>().unwrap(), seen.clone());
            async move {
                let _connection = check::enter("connection");
                most_tasks.fetch_max(Handle::current().metrics().num_alive_tasks(), SeqCst);
                let (Ends::Well(seconds) | Ends::Fails(seconds) | Ends::Panics(seconds)) =
                    files[number];
                sleep(Duration::from_secs(seconds)).await;
                match files[number] {
                    Ends::Well(_) => Ok(number as u64),
                    Ends::Fails(_) => Err(format!("file {number} is gone")),
                    Ends::Panics(_) => panic!("a download panics, as planned"),
                }
            }
        });
        (downloaded.await, most_tasks.load(SeqCst))
    })
}

fn main() -> ExitCode {
    use Ends::{Fails, Panics, Well};
    check::program(|checks| {
        let run = download(checks, &[Well(2); 7]);
        checks.overlap(
            "at_most",
            "three connections are open at the same time, and no more",
            &run,
            "connection",
            3..=3,
        );
        let numbers: Vec<_> = (0..7).map(Ok).collect();
        let claim = "every file is downloaded";
        checks.equal_in("outcomes", claim, &run, &numbers, |(outcomes, _)| {
            outcomes.clone()
        });
        let claim = "no more than three tasks are alive at the same time";
        checks.that_in("tasks", claim, &run, "3", |(_, most)| (*most <= 3, *most));
        checks.elapsed(
            "time",
            "seven files of two seconds take three rounds",
            &run,
            Duration::from_secs(6),
        );

        let run = download(checks, &[Well(9), Well(1), Well(1), Well(1), Well(5)]);
        checks.elapsed(
            "refill",
            "a new download begins whenever one ends, and waits for no round",
            &run,
            Duration::from_secs(9),
        );

        let run = download(
            checks,
            &[Fails(1), Panics(1), Panics(1), Well(1), Fails(2), Well(3)],
        );
        checks.elapsed(
            "returned",
            "a download that fails or panics gives its permit back",
            &run,
            Duration::from_secs(4),
        );
        let claim = "each outcome is listed in its place";
        let expected = vec![None, None, None, Some(3), None, Some(5)];
        checks.equal_in("in_place", claim, &run, &expected, |(outcomes, _)| {
            let well = outcomes.iter().map(|outcome| outcome.clone().ok());
            well.collect()
        });
        checks.overlap(
            "at_most",
            "three connections are open, whatever the downloads come to",
            &run,
            "connection",
            3..=3,
        );
        checks.no_task_left("left", "no task is left", &run);
    })
}

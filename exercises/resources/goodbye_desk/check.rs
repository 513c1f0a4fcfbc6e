mod exercise;

use std::process::ExitCode;
use std::time::Duration;

use check::{Checks, Run};
use exercise::Desk;
use tokio::time::sleep;

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// A desk whose goodbyes take a second.
fn desk() -> Desk {
    Desk::new(|number| async move {
        let _desk = check::enter("desk");
        sleep(seconds(1)).await;
        check::note(format!("goodbye {number}"));
    })
}

/// The goodbyes of a run, sorted, because those of the same second have no order.
fn goodbyes<T>(run: &Run<T>) -> Vec<String> {
    let mut lines: Vec<String> = run
        .trace()
        .iter()
        .filter(|line| line.starts_with("goodbye"))
        .cloned()
        .collect();
    lines.sort();
    lines
}

fn check_goodbyes<T>(checks: &mut Checks, id: &str, claim: &str, run: &Run<T>, numbers: &[u32]) {
    let expected: Vec<String> = numbers
        .iter()
        .map(|number| format!("goodbye {number}"))
        .collect();
    checks.same_items_in(id, claim, run, &expected, |_| goodbyes(run));
}

fn main() -> ExitCode {
    check::program(|checks| {
        let run = checks.on_tokio(async {
            let desk = desk();
            for number in [1, 2, 3] {
                drop(desk.open(number));
            }
            desk.finish().await;
        });
        check_goodbyes(
            checks,
            "said",
            "each connection gets a goodbye, and `finish` waits for it",
            &run,
            &[1, 2, 3],
        );
        checks.overlap(
            "together",
            "three goodbyes are said at the same time",
            &run,
            "desk",
            3..=3,
        );
        checks.elapsed("together", "so they take one second", &run, seconds(1));
        checks.no_task_left("tasks", "no task is left after `finish`", &run);

        let run = checks.on_tokio(async {
            let desk = desk();
            let endings = [(1, "success"), (2, "error"), (3, "panic"), (4, "abort")];
            let uses = endings.map(|(number, ending)| {
                let connection = desk.open(number);
                tokio::spawn(async move {
                    sleep(seconds(2)).await;
                    match ending {
                        "error" => return Err(connection.number),
                        "panic" => panic!("a user panics, as planned"),
                        "abort" => sleep(seconds(60)).await,
                        _ => {}
                    }
                    Ok(connection.number)
                })
            });
            let aborted = uses[3].abort_handle();
            let late = desk.open(9);
            let finished = tokio::spawn(async move {
                desk.finish().await;
                check::note("finished");
            });
            sleep(seconds(3)).await;
            aborted.abort();
            sleep(seconds(3)).await;
            check::note("one is still open");
            drop(late);
            finished.await.unwrap();
        });
        check_goodbyes(
            checks,
            "endings",
            "success, error, panic and abort all lead to one goodbye",
            &run,
            &[1, 2, 3, 4, 9],
        );
        checks.equal_in(
            "waits",
            "`finish` waits for a connection that is still open, and for its goodbye",
            &run,
            &vec!["finished", "goodbye 9", "one is still open"],
            |()| {
                run.trace()
                    .iter()
                    .rev()
                    .take(3)
                    .map(String::as_str)
                    .collect()
            },
        );
        checks.elapsed(
            "waits",
            "it takes as long as that one is open, and a second",
            &run,
            seconds(7),
        );
        checks.no_task_left("tasks", "no task is left then either", &run);

        let run = checks.on_tokio(async {
            let desk = desk();
            let connections: Vec<_> = (0..2000).map(|number| desk.open(number)).collect();
            drop(connections);
            desk.finish().await;
        });
        let claim = "of 2000 connections that are dropped in one moment each gets its goodbye";
        checks.equal_in("many", claim, &run, &2000, |()| goodbyes(&run).len());

        let run = checks.on_tokio(async { desk().finish().await });
        checks.elapsed(
            "unused",
            "a desk without connections is finished at once",
            &run,
            Duration::ZERO,
        );
    })
}

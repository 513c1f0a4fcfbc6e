mod exercise;

use std::process::ExitCode;
use std::time::Duration;

use check::{Checks, Run};
use exercise::Database;
use tokio::time::{sleep, timeout};

/// A database that notes what happens to it, and takes a second for everything that waits.
struct Hotel {
    full: bool,
}

async fn second(then: &str) {
    sleep(Duration::from_secs(1)).await;
    check::note(then);
}

impl Database for Hotel {
    async fn begin(&self) {
        second("begin").await;
    }

    async fn commit(&self) -> Result<(), String> {
        if self.full {
            return Err("no room".to_owned());
        }
        second("commit").await;
        Ok(())
    }

    async fn roll_back(&self) {
        second("roll back").await;
    }

    fn abandon(&self) {
        check::note("abandon");
    }
}

/// What the body comes to after two seconds.
#[derive(Clone, Copy)]
enum Ends {
    Well,
    Fails,
    Panics,
}

async fn body(ends: Ends) -> Result<u32, String> {
    sleep(Duration::from_secs(2)).await;
    match ends {
        Ends::Well => Ok(7),
        Ends::Fails => Err("no money".to_owned()),
        Ends::Panics => panic!("the body panics, as planned"),
    }
}

/// Books for so many milliseconds at most, and says what came of it.
fn book(checks: &mut Checks, full: bool, ends: Ends, limit: u64) -> Run<String> {
    checks.on_tokio(async move {
        let task = tokio::spawn(async move {
            let hotel = Hotel { full };
            let booking = exercise::in_transaction(&hotel, async || body(ends).await);
            timeout(Duration::from_millis(limit), booking).await
        });
        match task.await {
            Ok(Ok(Ok(value))) => value.to_string(),
            Ok(Ok(Err(error))) => error,
            Ok(Err(_)) => "dropped".to_owned(),
            Err(_) => "panicked".to_owned(),
        }
    })
}

fn main() -> ExitCode {
    check::program(|checks| {
        let run = book(checks, false, Ends::Well, 60_000);
        checks.trace(
            "commit",
            "it commits after success",
            &run,
            &["begin", "commit"],
        );
        checks.value("value", "the value is given", &run, &"7".to_owned());

        let run = book(checks, false, Ends::Fails, 60_000);
        checks.trace(
            "roll_back",
            "it rolls back after an error",
            &run,
            &["begin", "roll back"],
        );
        checks.value("error", "the error is given", &run, &"no money".to_owned());
        let run = book(checks, true, Ends::Well, 60_000);
        checks.trace(
            "no_commit",
            "it rolls back if it cannot commit",
            &run,
            &["begin", "roll back"],
        );
        checks.value(
            "error",
            "the error of the commit is given",
            &run,
            &"no room".to_owned(),
        );

        let run = book(checks, false, Ends::Panics, 60_000);
        checks.trace(
            "panic",
            "after a panic it is abandoned",
            &run,
            &["begin", "abandon"],
        );
        checks.value("panic", "the panic goes on", &run, &"panicked".to_owned());
        for (limit, where_it_is) in [(2500, "body"), (3500, "commit")] {
            let run = book(checks, false, Ends::Well, limit);
            checks.trace(
                "dropped",
                &format!("it is abandoned if it is dropped in the {where_it_is}"),
                &run,
                &["begin", "abandon"],
            );
        }
        let run = book(checks, false, Ends::Fails, 3500);
        checks.trace(
            "dropped",
            "it is abandoned if it is dropped in the roll back",
            &run,
            &["begin", "abandon"],
        );
    })
}

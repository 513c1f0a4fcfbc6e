mod exercise;

use std::cell::Cell;
use std::io;
use std::process::ExitCode;
use std::time::Duration;

use check::{Checks, Run};
use exercise::serve;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// What `accept` gives, one after the other; then nobody comes.
#[derive(Clone, Copy)]
enum Comes {
    Client(u32),
    Error,
}
use Comes::{Client, Error};

/// A client stays for five seconds; number 13 panics after one.
async fn talk(client: u32) {
    let _talk = check::enter("talk");
    if client == 13 {
        sleep(seconds(1)).await;
        panic!("client 13 panics, as planned");
    }
    sleep(seconds(5)).await;
    check::note(format!("{client} is served"));
}

/// Serves, and stops after so many seconds; gives how often `accept` was called.
fn run(checks: &mut Checks, comes: &'static [Comes], stop_after: Duration) -> Run<usize> {
    checks.on_tokio(async move {
        let (stop, calls, start) = (CancellationToken::new(), Cell::new(0), Instant::now());
        let mut comes = comes.iter();
        let accept = async || {
            calls.set(calls.get() + 1);
            assert!(
                calls.get() < 1000,
                "`accept` was called 1000 times in {} s",
                start.elapsed().as_secs()
            );
            match comes.next() {
                Some(Client(number)) => Ok(*number),
                Some(Error) => Err(io::Error::other("too many open files, as planned")),
                None => std::future::pending().await,
            }
        };
        let stops = async {
            sleep(stop_after).await;
            stop.cancel();
        };
        tokio::join!(serve(accept, talk, stop.clone()), stops);
        calls.get()
    })
}

fn main() -> ExitCode {
    check::program(|checks| {
        let seen = run(checks, &[Client(1), Client(2)], seconds(20));
        let claim = "clients are served at the same time";
        checks.overlap("at_once", claim, &seen, "talk", 2..=2);

        let seen = run(checks, &[Client(1), Error, Error, Client(2)], seconds(20));
        let claim = "after errors of `accept` it goes on";
        checks.trace("goes_on", claim, &seen, &["1 is served", "2 is served"]);
        checks.value("goes_on", "`accept` is called until the stop", &seen, &5);
        let claim = "a talk goes on in the pauses";
        checks.overlap("meanwhile", claim, &seen, "talk", 2..=2);

        let seen = run(checks, &[Error; 2000], Duration::from_millis(3500));
        checks.value("pause", "there is a pause after each error", &seen, &4);
        let claim = "the stop is heard in a pause";
        checks.elapsed("pause", claim, &seen, Duration::from_millis(3500));

        let seen = run(checks, &[Client(13), Error, Error, Client(1)], seconds(20));
        let claim = "a talk that panics disturbs nobody";
        checks.trace("panic", claim, &seen, &["1 is served"]);

        let seen = run(checks, &[Client(1), Client(13), Client(2)], seconds(0));
        checks.no_task_left("stop", "no task is left at the end", &seen);
        let seen = run(
            checks,
            &[Client(1), Error, Client(13), Error, Client(2)],
            seconds(3),
        );
        let claim = "after the stop all talks are waited for";
        checks.trace("stop", claim, &seen, &["1 is served", "2 is served"]);
        checks.elapsed("stop", "and nothing else", &seen, seconds(7));
    })
}

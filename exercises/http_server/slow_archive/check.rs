mod exercise;

use std::process::ExitCode;
use std::sync::{Condvar, Mutex, mpsc};
use std::time::Duration;

use check::{Site, with_site};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

/// Gives the status and the body of the answer.
async fn ask(site: &Site, path: &str) -> String {
    site.get(path).await.to_string()
}

/// Lets clients ask while the pages are served; a report may be read on any thread.
async fn with_archive<T>(read: exercise::Read, clients: impl AsyncFnOnce(&Site) -> T) -> T {
    // Tokio's paused clock does not jump while a blocking job runs.
    let (stay, gone) = mpsc::channel::<()>();
    let job = spawn_blocking(move || gone.recv());
    let value = with_site(exercise::router(read), clients).await;
    drop(stay);
    let _ = job.await;
    value
}

fn report(number: u32) -> String {
    check::block(Duration::from_secs(3));
    match number {
        1..=9 => format!("report {number}"),
        _ => panic!("there is no report {number}, as planned"),
    }
}

/// Reports that are being read; each is held until all are allowed to go on.
static STARTED: Semaphore = Semaphore::const_new(0);
static GO_ON: (Mutex<bool>, Condvar) = (Mutex::new(false), Condvar::new());

/// Longer than any right program takes.
const LIMIT: Duration = Duration::from_secs(2);

fn held(number: u32) -> String {
    STARTED.add_permits(1);
    let (go_on, changed) = &GO_ON;
    let guard = go_on.lock().expect("nobody panics with it");
    let waited = changed.wait_timeout_while(guard, LIMIT, |go_on| !*go_on);
    let (_guard, waited) = waited.expect("nobody panics with it");
    match waited.timed_out() {
        true => format!("report {number}, while which nothing else went on"),
        false => format!("report {number}"),
    }
}

fn main() -> ExitCode {
    check::program(|checks| {
        let run = checks.on_tokio(with_archive(report, async |site| {
            [ask(site, "/hello").await, ask(site, "/report/7").await]
        }));
        checks.never_blocked("blocked", "reading a report keeps nobody", &run);
        let expected = ["200 hello", "200 report 7"].map(str::to_owned);
        checks.value("pages", "both pages are answered", &run, &expected);

        let run = checks.on_tokio(with_archive(report, async |site| {
            let panicked = site.get("/report/77").await;
            (panicked.status, ask(site, "/report/6").await)
        }));
        let claim = "a report that cannot be read is answered with 500";
        let expected = "500".to_owned();
        checks.equal_in("panic", claim, &run, &expected, |(panicked, _)| {
            panicked.clone()
        });
        let claim = "the next one is answered";
        let expected = "200 report 6".to_owned();
        checks.equal_in("panic", claim, &run, &expected, |(_, next)| next.clone());

        // A handler that blocks would wait here until the time is over, and was found already.
        if run.blocked.is_none() {
            let run = checks.on_tokio(with_archive(held, async |site| {
                let hello = async {
                    let _ = STARTED.acquire_many(2).await;
                    let hello = ask(site, "/hello").await;
                    *GO_ON.0.lock().expect("nobody panics with it") = true;
                    GO_ON.1.notify_all();
                    hello
                };
                let (hello, one, two) =
                    tokio::join!(hello, ask(site, "/report/1"), ask(site, "/report/2"));
                [hello, one, two]
            }));
            let expected = ["200 hello", "200 report 1", "200 report 2"].map(str::to_owned);
            checks.value(
                "others",
                "while two reports are read, another page is answered",
                &run,
                &expected,
            );
        }
    })
}

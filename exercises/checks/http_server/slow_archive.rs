mod exercise;

use std::process::ExitCode;
use std::sync::mpsc as threads;
use std::sync::{Condvar, Mutex};
use std::time::Duration;

use axum::serve::Listener;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{Semaphore, oneshot};
use tokio::task::spawn_blocking;

/// Clients come out of a channel.
struct Clients(UnboundedReceiver<DuplexStream>);

impl Listener for Clients {
    type Io = DuplexStream;
    type Addr = ();

    async fn accept(&mut self) -> (DuplexStream, ()) {
        match self.0.recv().await {
            Some(client) => (client, ()),
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Gives the status and the body of the answer.
async fn ask(site: &UnboundedSender<DuplexStream>, path: &str) -> String {
    let (mut ours, theirs) = duplex(4096);
    site.send(theirs).expect("the site is served");
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    let mut answer = String::new();
    let _ = ours.write_all(request.as_bytes()).await;
    let _ = ours.read_to_string(&mut answer).await;
    match (answer.split(' ').nth(1), answer.split_once("\r\n\r\n")) {
        (Some(status), Some((_, body))) => format!("{status} {body}").trim_end().to_owned(),
        _ => "no answer".to_owned(),
    }
}

/// Serves the pages until the future ends.
async fn with_site<T>(
    read: exercise::Read,
    ask: impl AsyncFnOnce(&UnboundedSender<DuplexStream>) -> T,
) -> T {
    let (site, clients) = unbounded_channel();
    let (end, ended) = oneshot::channel::<()>();
    let router = exercise::router(read);
    // Tokio's paused clock does not jump while a blocking job runs, so reports may be read on any thread.
    let (stay, gone) = threads::channel::<()>();
    let job = spawn_blocking(move || gone.recv());
    let serving = tokio::spawn(async {
        let end = async { drop(ended.await) };
        axum::serve(Clients(clients), router)
            .with_graceful_shutdown(end)
            .await
    });
    let value = ask(&site).await;
    drop(end);
    let _ = serving.await;
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
        let run = checks.on_tokio(with_site(report, async |site| {
            [ask(site, "/hello").await, ask(site, "/report/7").await]
        }));
        checks.never_blocked("blocked", "reading a report keeps nobody", &run);
        let expected = ["200 hello", "200 report 7"].map(str::to_owned);
        checks.value("pages", "both pages are answered", &run, &expected);

        let run = checks.on_tokio(with_site(report, async |site| {
            [ask(site, "/report/77").await, ask(site, "/report/6").await]
        }));
        if let Some([panicked, next]) = &run.value {
            let status = panicked.split(' ').next().unwrap_or_default().to_owned();
            checks.equal(
                "panic",
                "a report that cannot be read is answered with 500",
                &"500".to_owned(),
                &status,
            );
            let expected = "200 report 6".to_owned();
            checks.equal("panic", "the next one is answered", &expected, next);
        }

        // A handler that blocks would wait here until the time is over, and was found already.
        if run.blocked.is_none() {
            let run = checks.on_tokio(with_site(held, async |site| {
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

mod exercise;

use std::process::ExitCode;
use std::time::Duration;

use axum::serve::Listener;
use futures::future::join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout};

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

/// Gives the status of the answer, and when to come again.
async fn ask(site: &UnboundedSender<DuplexStream>, path: &str) -> String {
    let (mut ours, theirs) = duplex(4096);
    site.send(theirs).expect("the site is served");
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    let mut answer = String::new();
    let _ = ours.write_all(request.as_bytes()).await;
    let _ = ours.read_to_string(&mut answer).await;
    let status = answer.split(' ').nth(1).unwrap_or("no answer");
    match answer.to_lowercase().contains("\r\nretry-after: 2\r\n") {
        true => format!("{status}, again after 2 s"),
        false => status.to_owned(),
    }
}

/// Serves the pages until the future ends.
async fn with_site<T>(
    most: usize,
    ask: impl AsyncFnOnce(&UnboundedSender<DuplexStream>) -> T,
) -> T {
    let (site, clients) = unbounded_channel();
    let (end, ended) = oneshot::channel::<()>();
    let router = exercise::router(most);
    let serving = tokio::spawn(async {
        let end = async { drop(ended.await) };
        axum::serve(Clients(clients), router)
            .with_graceful_shutdown(end)
            .await
    });
    let value = ask(&site).await;
    drop(end);
    let _ = serving.await;
    value
}

/// Asks so many times at once; gives the answers and the seconds in which they came, sorted.
async fn ask_often(site: &UnboundedSender<DuplexStream>, times: usize) -> Vec<String> {
    let start = Instant::now();
    let asks = (0..times).map(|_| async {
        let answer = ask(site, "/report").await;
        format!("{answer} in second {}", start.elapsed().as_secs())
    });
    let mut answers = join_all(asks).await;
    answers.sort();
    answers
}

fn main() -> ExitCode {
    check::program(|checks| {
        let run = checks.on_tokio(with_site(2, async |site| {
            (ask_often(site, 2).await, ask_often(site, 1).await)
        }));
        let answered = "200 in second 2".to_owned();
        let expected = (vec![answered.clone(); 2], vec![answered.clone()]);
        checks.value("reports", "reports are answered", &run, &expected);

        for (most, times) in [(2, 5), (3, 4)] {
            let run = checks.on_tokio(with_site(most, async |site| {
                let others = async {
                    sleep(Duration::from_millis(500)).await;
                    ask(site, "/hello").await
                };
                tokio::join!(ask_often(site, times), others)
            }));
            let claim = format!("at most {most} reports are in work");
            checks.overlap("at_most", &claim, &run, "work", most..=most);
            if let Some((answers, hello)) = &run.value {
                let refused = "503, again after 2 s in second 0".to_owned();
                let expected = [vec![answered.clone(); most], vec![refused; times - most]];
                checks.equal(
                    "refused",
                    "the others are refused at once",
                    &expected.concat(),
                    answers,
                );
                let expected = "200".to_owned();
                checks.equal("hello", "another page is answered", &expected, hello);
            }
        }

        let run = checks.on_tokio(with_site(2, async |site| {
            let leaves = timeout(Duration::from_millis(500), ask_often(site, 2));
            let has_left = leaves.await.is_err();
            sleep(Duration::from_millis(500)).await;
            (has_left, ask_often(site, 2).await)
        }));
        checks.value(
            "gone",
            "the places of clients that have gone are free again",
            &run,
            &(true, vec![answered.clone(); 2]),
        );
    })
}

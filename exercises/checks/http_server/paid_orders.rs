mod exercise;

use std::process::ExitCode;
use std::time::Duration;

use axum::serve::Listener;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{sleep, timeout};

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

type Shop = UnboundedSender<DuplexStream>;

/// Opens the shop, in a task that ends with the runtime.
fn open() -> Shop {
    let (shop, clients) = unbounded_channel();
    let router = exercise::router();
    tokio::spawn(async { axum::serve(Clients(clients), router).await });
    shop
}

/// Gives the status and the body of the answer; whoever drops this future has left.
async fn ask(shop: &Shop, path: &str) -> String {
    let (mut ours, theirs) = duplex(4096);
    shop.send(theirs).expect("the shop is open");
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    let mut answer = String::new();
    let _ = ours.write_all(request.as_bytes()).await;
    let _ = ours.read_to_string(&mut answer).await;
    match (answer.split(' ').nth(1), answer.split_once("\r\n\r\n")) {
        (Some(status), Some((_, body))) => format!("{status} {body}").trim_end().to_owned(),
        _ => "no answer".to_owned(),
    }
}

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

fn main() -> ExitCode {
    check::program(|checks| {
        let run = checks.on_tokio(async {
            let shop = open();
            tokio::join!(ask(&shop, "/order/green"), ask(&shop, "/order/black"))
        });
        let yours = ["green is yours", "black is yours"].map(|body| format!("200 {body}"));
        let claim = "clients that stay are answered";
        checks.value("stays", claim, &run, &yours.into());
        if run.value.is_some() {
            let steps = [
                "green is paid",
                "black is paid",
                "green is booked",
                "black is booked",
            ];
            let steps = steps.map(str::to_owned);
            let claim = "each tea is paid and booked, once, before the answer";
            checks.same_items("stays", claim, &steps, run.trace());
        }
        checks.elapsed(
            "stays",
            "both orders are carried out at the same time",
            &run,
            seconds(4),
        );

        for (tea, left, claim) in [
            ("white", 3, "who leaves between paying and booking has both"),
            (
                "herbal",
                1,
                "who leaves before the paying has ended has both, too",
            ),
        ] {
            let run = checks.on_tokio(async {
                let shop = open();
                let order = format!("/order/{tea}");
                let _ = timeout(seconds(left), ask(&shop, &order)).await;
                sleep(seconds(10)).await;
            });
            let expected = [format!("{tea} is paid"), format!("{tea} is booked")];
            checks.trace(
                "leaves",
                claim,
                &run,
                &expected.each_ref().map(String::as_str),
            );
        }

        let run = checks.on_tokio(async {
            let shop = open();
            let answers = [
                ask(&shop, "/order/chai").await,
                ask(&shop, "/order/green").await,
            ];
            answers.map(|answer| match answer.split_once(' ') {
                Some((status, _)) if answer != "no answer" => status.to_owned(),
                _ => answer,
            })
        });
        let expected = ["500", "200"].map(str::to_owned);
        checks.value(
            "panic",
            "a tea that cannot be booked is answered with 500, and the next one with 200",
            &run,
            &expected,
        );

        let run = checks.on_tokio(async {
            let shop = open();
            let answer = ask(&shop, "/search/oolong").await;
            let _ = timeout(seconds(1), ask(&shop, "/search/coffee")).await;
            sleep(seconds(10)).await;
            answer
        });
        let expected = "200 no oolong".to_owned();
        checks.value("search", "a search is answered", &run, &expected);
        checks.trace(
            "search",
            "a search that nobody waits for is given up",
            &run,
            &["looked for oolong"],
        );
    })
}

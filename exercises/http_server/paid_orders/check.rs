mod exercise;

use std::process::ExitCode;
use std::time::Duration;

use check::{Site, with_site};
use tokio::time::{sleep, timeout};

/// Lets clients into the shop.
async fn in_shop<T>(clients: impl AsyncFnOnce(&Site) -> T) -> T {
    with_site(exercise::router(), clients).await
}

/// Gives the status and the body of the answer; whoever drops this future has left.
async fn ask(shop: &Site, path: &str) -> String {
    shop.get(path).await.to_string()
}

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

fn main() -> ExitCode {
    check::program(|checks| {
        let run = checks.on_tokio(in_shop(async |shop| {
            tokio::join!(ask(shop, "/order/green"), ask(shop, "/order/black"))
        }));
        let yours = ["green is yours", "black is yours"].map(|body| format!("200 {body}"));
        let claim = "clients that stay are answered";
        checks.value("stays", claim, &run, &yours.into());
        let steps = [
            "green is paid",
            "black is paid",
            "green is booked",
            "black is booked",
        ];
        let steps = steps.map(str::to_owned);
        let claim = "each tea is paid and booked, once, before the answer";
        checks.same_items_in("stays", claim, &run, &steps, |_| run.trace().to_vec());
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
            let run = checks.on_tokio(in_shop(async |shop| {
                let order = format!("/order/{tea}");
                let _ = timeout(seconds(left), ask(shop, &order)).await;
                sleep(seconds(10)).await;
            }));
            let expected = [format!("{tea} is paid"), format!("{tea} is booked")];
            checks.trace(
                "leaves",
                claim,
                &run,
                &expected.each_ref().map(String::as_str),
            );
        }

        let run = checks.on_tokio(in_shop(async |shop| {
            let answers = [
                shop.get("/order/chai").await,
                shop.get("/order/green").await,
            ];
            answers.map(|answer| answer.status)
        }));
        let expected = ["500", "200"].map(str::to_owned);
        checks.value(
            "panic",
            "a tea that cannot be booked is answered with 500, and the next one with 200",
            &run,
            &expected,
        );

        let run = checks.on_tokio(in_shop(async |shop| {
            let answer = ask(shop, "/search/oolong").await;
            let _ = timeout(seconds(1), ask(shop, "/search/coffee")).await;
            sleep(seconds(10)).await;
            answer
        }));
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

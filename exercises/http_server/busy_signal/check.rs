mod exercise;

use std::process::ExitCode;
use std::time::Duration;

use check::{Site, with_site};
use futures::future::join_all;
use tokio::time::{Instant, sleep, timeout};

/// Gives the status of the answer, and when to come again.
async fn ask(site: &Site, path: &str) -> String {
    let answer = site.get(path).await;
    match answer.head.contains("\r\nretry-after: 2\r\n") {
        true => format!("{}, again after 2 s", answer.status),
        false => answer.status,
    }
}

/// Asks so many times at once; gives the answers and the seconds in which they came, sorted.
async fn ask_often(site: &Site, times: usize) -> Vec<String> {
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
        let run = checks.on_tokio(with_site(exercise::router(2), async |site| {
            (ask_often(site, 2).await, ask_often(site, 1).await)
        }));
        let answered = "200 in second 2".to_owned();
        let expected = (vec![answered.clone(); 2], vec![answered.clone()]);
        checks.value("reports", "reports are answered", &run, &expected);

        for (most, times) in [(2, 5), (3, 4)] {
            let run = checks.on_tokio(with_site(exercise::router(most), async |site| {
                let others = async {
                    sleep(Duration::from_millis(500)).await;
                    ask(site, "/hello").await
                };
                tokio::join!(ask_often(site, times), others)
            }));
            let claim = format!("at most {most} reports are in work");
            checks.overlap("at_most", &claim, &run, "work", most..=most);
            let claim = "the others are refused at once";
            let refused = "503, again after 2 s in second 0".to_owned();
            let expected = [vec![answered.clone(); most], vec![refused; times - most]].concat();
            checks.equal_in("refused", claim, &run, &expected, |(answers, _)| {
                answers.clone()
            });
            let claim = "another page is answered";
            let expected = "200".to_owned();
            checks.equal_in("hello", claim, &run, &expected, |(_, hello)| hello.clone());
        }

        let run = checks.on_tokio(with_site(exercise::router(2), async |site| {
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

//! How often, how long, and how many at a time.

use std::cell::RefCell;
use std::time::Duration;

use futures::future::join_all;
use reqwest::Url;
use tokio::net::TcpListener;
use tokio::task::yield_now;
use tokio::time::Instant;

use crate::downloads::{Failure, Limits, Retry, retry};
use crate::local_servers::{Answer, Folder, Gate, Site, answer, leaves, scripted};
use crate::{ONCE, downloader, once, run, tea, until, url};

/// For what shall never be over.
const LONG: Duration = Duration::from_secs(3600);

/// Lets the other tasks do all that they can do.
async fn settle() {
    for _ in 0..5000 {
        yield_now().await;
    }
}

#[test]
fn each_kind_of_failure_is_told_apart_and_tried_again_only_if_that_may_help() {
    let folder = Folder::new().unwrap();
    run(async {
        let site = tea().serve().await.unwrap();
        let bad = async |answer| scripted([answer]).await.unwrap();
        let garbage = bad(Answer::Say("GREEN TEA\r\n\r\n".to_owned())).await;
        let closed = bad(Answer::Say(String::new())).await;
        let reset = bad(Answer::Reset).await;
        let busy = bad(answer("503 Service Unavailable", "")).await;
        let gone = bad(answer("410 Gone", "the page that says so")).await;
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let nobody = Url::parse(&format!("http://{}/tea", free.local_addr().unwrap())).unwrap();
        drop(free);
        let patient = downloader(Limits {
            retry: Retry {
                tries: 3,
                pause: Duration::ZERO,
            },
            ..Limits::default()
        });
        let mut outcomes = Vec::new();
        for url in [
            url(&site, "coffee"),
            url(&site, "loop"),
            url(&garbage, "tea"),
            url(&closed, "tea"),
            url(&reset, "tea"),
            url(&busy, "tea"),
            url(&gone, "tea"),
            nobody,
        ] {
            let failure = patient.download(&url, &folder.tea()).await.unwrap_err();
            outcomes.push(failure.to_string());
        }
        let expected = [
            "the server answered 404 Not Found",
            "too many redirects",
            "the answer is not HTTP",
            "the connection was lost",
            "the connection was lost",
            "the server answered 503 Service Unavailable",
            "the server answered 410 Gone",
            "cannot connect",
        ];
        assert_eq!(outcomes, expected);
        let servers = [&site, &garbage, &closed, &reset, &busy, &gone];
        let requests = servers.map(|server| server.requests().len());
        assert_eq!(requests, [1, 1, 3, 3, 3, 1]);
    });
    assert!(folder.names().is_empty());
}

#[test]
fn a_redirect_is_followed() {
    let folder = Folder::new().unwrap();
    run(async {
        let server = tea().serve().await.unwrap();
        once()
            .download(&url(&server, "moved/tea"), &folder.tea())
            .await
            .unwrap();
    });
    folder.has_the_tea();
}

#[test]
fn silence_and_dripping_each_have_a_limit_that_ends_them() {
    let folder = Folder::new().unwrap();
    run(async {
        let begin = "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n";
        let silent = scripted([Answer::Silence(begin.to_owned())]).await.unwrap();
        let mute = scripted([Answer::Silence(String::new())]).await.unwrap();
        let dripping = scripted([Answer::Drip(begin.to_owned())]).await.unwrap();
        let short = Duration::from_millis(30);
        for (server, idle, total) in [
            (silent, short, None),
            (mute, short, None),
            (dripping, LONG, Some(short)),
        ] {
            let limited = downloader(Limits {
                idle,
                total,
                retry: ONCE,
                ..Limits::default()
            });
            let failure = limited.download(&url(&server, "tea"), &folder.tea()).await;
            assert!(matches!(failure, Err(Failure::TimedOut)), "{failure:?}");
        }
    });
    assert!(folder.names().is_empty());
}

#[test]
fn a_host_never_has_more_requests_than_it_may() {
    let folder = Folder::new().unwrap();
    run(async {
        let mut site = Site::new([]);
        site.gate = Gate::of(usize::MAX);
        let names: Vec<_> = (0..20).map(|number| number.to_string()).collect();
        names
            .iter()
            .for_each(|name| site.replace(name, leaves(100)));
        let server = site.serve().await.unwrap();
        let limited = downloader(Limits {
            per_host: 3,
            idle: LONG,
            ..Limits::default()
        });
        let downloads = join_all(names.iter().map(async |name| {
            limited
                .download(&url(&server, name), &folder.join(name))
                .await
                .unwrap()
        }));
        let watch = async {
            until(|| server.requests().len() == 3).await;
            settle().await;
            assert_eq!(server.requests().len(), 3);
            site.gate.open();
        };
        tokio::join!(downloads, watch);
        assert_eq!((server.requests().len(), server.most_at_once()), (20, 3));
    });
    assert_eq!(folder.names().len(), 20);
}

#[test]
fn a_slow_host_takes_no_place_from_another() {
    let folder = Folder::new().unwrap();
    run(async {
        let mut slow = tea();
        slow.gate = Gate::of(usize::MAX);
        let (slow, quick) = (slow.serve().await.unwrap(), tea().serve().await.unwrap());
        let limited = downloader(Limits {
            per_host: 1,
            idle: LONG,
            ..Limits::default()
        });
        let (slow, other) = (url(&slow, "tea"), folder.join("other"));
        let (quick, target) = (url(&quick, "tea"), folder.tea());
        tokio::select! {
            _ = limited.download(&slow, &other) => panic!("nobody answers it"),
            bytes = limited.download(&quick, &target) => assert_eq!(bytes.unwrap(), 1000),
        }
    });
    folder.has_the_tea();
}

#[test]
fn a_pause_before_a_retry_keeps_no_place() {
    let folder = Folder::new().unwrap();
    run(async {
        let answers = [
            answer("503 Service Unavailable", ""),
            answer("200 OK", "green"),
        ];
        let server = scripted(answers).await.unwrap();
        let limited = downloader(Limits {
            per_host: 1,
            retry: Retry {
                tries: 2,
                pause: LONG,
            },
            ..Limits::default()
        });
        let (other, target) = (folder.join("other"), folder.tea());
        let url = url(&server, "tea");
        tokio::select! {
            biased;
            _ = limited.download(&url, &other) => panic!("it pauses for an hour"),
            bytes = limited.download(&url, &target) => assert_eq!(bytes.unwrap(), 5),
        }
    });
    assert_eq!(folder.names(), ["tea"]);
}

#[tokio::test(start_paused = true)]
async fn pauses_grow_up_to_a_limit_and_the_last_failure_is_reported() {
    let pause = Duration::from_secs(4);
    let (start, pauses) = (Instant::now(), RefCell::new(Vec::new()));
    let report = |_: &Failure, pause: Duration| pauses.borrow_mut().push(pause.as_secs());
    let attempt = async || Err::<(), _>(Failure::TimedOut);
    let result = retry(Retry { tries: 7, pause }, report, attempt).await;
    assert!(matches!(result, Err(Failure::TimedOut)));
    assert_eq!(pauses.take(), [4, 8, 16, 30, 30, 30]);
    assert_eq!(start.elapsed().as_secs(), 118);
}

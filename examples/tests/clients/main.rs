//! What the downloads of the chapter `clients` promise, tried on servers of every kind.

#[path = "../../downloads/mod.rs"]
#[allow(dead_code, reason = "the example uses the rest")]
mod downloads;
#[path = "../../local_servers/mod.rs"]
#[allow(dead_code, reason = "the example uses the rest")]
mod local_servers;

#[path = "../common/mod.rs"]
#[allow(dead_code, reason = "the other tests use the rest")]
mod common;

mod command;
mod files;
mod limits;

use std::fs;
use std::future::Future;
use std::path::PathBuf;
use std::time::Duration;

use downloads::{Downloader, Limits, Retry, client};
use local_servers::{Folder, Server, Site, leaves};
use reqwest::Url;
use tokio::task::yield_now;
use tokio::time::timeout;

const ONCE: Retry = Retry {
    tries: 1,
    pause: Duration::ZERO,
};

/// Runs a test on one thread, servers included. One that hangs fails after two minutes.
fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build().unwrap();
    let limit = Duration::from_secs(120);
    runtime.block_on(async { timeout(limit, test).await.expect("the test hangs") });
}

fn downloader(limits: Limits) -> Downloader {
    Downloader::new(client().no_proxy(), limits, |_, _, _| {}).unwrap()
}

fn once() -> Downloader {
    downloader(Limits {
        retry: ONCE,
        ..Limits::default()
    })
}

fn url(server: &Server, path: &str) -> Url {
    Url::parse(&server.url(path)).unwrap()
}

fn tea() -> Site {
    Site::new([("tea", leaves(1000))])
}

impl Folder {
    fn tea(&self) -> PathBuf {
        self.join("tea")
    }

    fn names(&self) -> Vec<String> {
        self.list().expect("the folder is there")
    }

    /// Asserts that the whole tea is there, and nothing else.
    #[track_caller]
    fn has_the_tea(&self) {
        assert_eq!(self.names(), ["tea"]);
        assert!(fs::read(self.tea()).unwrap() == leaves(1000));
    }
}

/// Waits for something that other tasks bring about.
async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        yield_now().await;
    }
}

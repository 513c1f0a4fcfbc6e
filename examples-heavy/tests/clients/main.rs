//! What the downloads of the chapter `clients` promise, tried on servers of every kind.

#[path = "../../../examples/downloads/mod.rs"]
#[allow(dead_code, reason = "the example uses the rest")]
mod downloads;
#[path = "../../../examples/local_servers/mod.rs"]
#[allow(dead_code, reason = "the example uses the rest")]
mod local_servers;

#[path = "../common/mod.rs"]
#[allow(dead_code, reason = "the other tests use the rest")]
mod common;

mod command;
mod files;
mod limits;

use std::env;
use std::fs;
use std::future::Future;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use downloads::{Downloader, Limits, Retry, client};
use local_servers::{Server, Site};
use reqwest::Url;
use tokio::task::yield_now;
use tokio::time::timeout;

const ONCE: Retry = Retry {
    tries: 1,
    pause: Duration::ZERO,
};

/// Runs a test on one thread, servers included. One that hangs fails after a minute.
fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build().unwrap();
    let limit = Duration::from_secs(60);
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

/// Makes a file in which no two neighbouring parts are alike, so that one in a wrong place is noticed.
fn leaves(length: usize) -> Vec<u8> {
    (0..length).map(|place| (place % 251) as u8).collect()
}

fn tea() -> Site {
    Site::new([("tea", leaves(1000))])
}

/// An empty folder for one test, removed with all that is in it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let test = thread::current().name().unwrap_or("main").to_owned();
        let name = format!("{}-{}", test.replace("::", "-"), std::process::id());
        let folder = env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir(&folder).unwrap();
        Folder(folder)
    }

    fn tea(&self) -> PathBuf {
        self.0.join("tea")
    }

    fn list(&self) -> Vec<String> {
        let names = fs::read_dir(&self.0).unwrap();
        let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    }

    /// Asserts that the whole tea is there, and nothing else.
    #[track_caller]
    fn has_the_tea(&self) {
        assert_eq!(self.list(), ["tea"]);
        assert!(fs::read(self.tea()).unwrap() == leaves(1000));
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Waits for something that other tasks bring about.
async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        yield_now().await;
    }
}

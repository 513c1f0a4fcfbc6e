//! Fills files from servers.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use reqwest::header::{self, HeaderMap};
use reqwest::{Client, ClientBuilder, Response, StatusCode, Url, redirect};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::failure::Failure;
use super::partial::Partial;
use super::retry::{Retry, retry};

/// What a downloader allows.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How many requests one host has to bear at the same time.
    pub per_host: usize,
    /// How long a connection may take to come about, and the server to say the next thing.
    pub idle: Duration,
    /// How long a try may take as a whole. A large file takes long, so there need not be a limit.
    pub total: Option<Duration>,
    pub redirects: usize,
    pub retry: Retry,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            per_host: 4,
            idle: Duration::from_secs(20),
            total: None,
            redirects: 5,
            retry: Retry {
                tries: 4,
                pause: Duration::from_secs(1),
            },
        }
    }
}

type Report = Box<dyn Fn(&Url, &Failure, Duration) + Send + Sync>;

/// Begins a client. The library is built without a choice of cryptography; this is it.
pub fn client() -> ClientBuilder {
    // An error says that it was done before.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
}

/// Downloads into files, many at a time.
pub struct Downloader {
    client: Client,
    limits: Limits,
    /// The places at each host. A redirect may lead to another host, which is not counted here.
    hosts: Mutex<HashMap<String, Arc<Semaphore>>>,
    bars: MultiProgress,
    report: Report,
}

impl Downloader {
    /// `report` hears of every failure that leads to another try, and of the pause before it.
    pub fn new(
        client: ClientBuilder,
        limits: Limits,
        report: impl Fn(&Url, &Failure, Duration) + Send + Sync + 'static,
    ) -> Result<Self, Failure> {
        let client = client
            .redirect(redirect::Policy::limited(limits.redirects))
            .connect_timeout(limits.idle)
            .read_timeout(limits.idle);
        Ok(Downloader {
            client: client.build()?,
            limits,
            hosts: Mutex::default(),
            bars: MultiProgress::new(),
            report: Box::new(report),
        })
    }

    /// Borrows the bars, to print beside them.
    pub fn bars(&self) -> &MultiProgress {
        &self.bars
    }

    /// Downloads one file, and tells how long it is.
    ///
    /// Whatever happens, the file has its final name only when it is complete.
    ///
    /// # Cancellation
    /// As after a failure, the part stays if the server can send the rest later, and is removed otherwise.
    pub async fn download(&self, url: &Url, target: &Path) -> Result<u64, Failure> {
        let bar = self.bars.add(new_bar(target));
        let report = |failure: &Failure, pause| {
            self.bars.suspend(|| (self.report)(url, failure, pause));
        };
        let attempt = || self.attempt(url, target, &bar);
        let result = retry(self.limits.retry, report, attempt).await;
        bar.finish_and_clear();
        result
    }

    /// Waits for a place at the host.
    async fn place(&self, url: &Url) -> OwnedSemaphorePermit {
        let host = url.origin().ascii_serialization();
        let new = || Arc::new(Semaphore::new(self.limits.per_host));
        let places = {
            let mut hosts = self.hosts.lock().expect("no panic");
            hosts.entry(host).or_insert_with(new).clone()
        };
        places.acquire_owned().await.expect("it is never closed")
    }

    /// One try. It has a place at the host only while it lasts, so a pause between tries blocks nobody.
    async fn attempt(&self, url: &Url, target: &Path, bar: &ProgressBar) -> Result<u64, Failure> {
        let _place = self.place(url).await;
        let all = self.fill(url, target, bar);
        match self.limits.total {
            Some(total) => timeout(total, all).await.unwrap_or(Err(Failure::TimedOut)),
            None => all.await,
        }
    }

    // ANCHOR: fill
    async fn fill(&self, url: &Url, target: &Path, bar: &ProgressBar) -> Result<u64, Failure> {
        let mut partial = Partial::find(target, url.as_str());
        let mut response = self.ask(url, &partial).await?;
        if refuses(&response, &partial) {
            partial.forget();
            response = self.ask(url, &partial).await?;
        }
        match response.status() {
            StatusCode::OK => partial.start_afresh(version(response.headers()))?,
            StatusCode::PARTIAL_CONTENT if partial.version().is_some() => partial.go_on()?,
            status => return Err(Failure::Status(status)),
        }
        let expected = whole_length(&response);
        expected.map_or_else(|| bar.unset_length(), |bytes| bar.set_length(bytes));
        loop {
            bar.set_position(partial.length());
            let received = partial.length();
            match response.chunk().await {
                Ok(Some(chunk)) => partial.write(&chunk)?,
                Ok(None) if expected.is_none_or(|expected| expected == received) => {
                    return partial.finish().await;
                }
                Err(error) if error.is_timeout() => return Err(Failure::TimedOut),
                Ok(None) | Err(_) => return Err(Failure::Cut { received, expected }),
            }
        }
    }
    // ANCHOR_END: fill

    /// Asks for the file, or, if there is a beginning, for the rest of it.
    async fn ask(&self, url: &Url, partial: &Partial) -> Result<Response, Failure> {
        let mut request = self.client.get(url.clone());
        if let Some(version) = partial.version() {
            let rest = format!("bytes={}-", partial.length());
            // "The rest, if it is still this version, and all of it otherwise."
            request = request
                .header(header::RANGE, rest)
                .header(header::IF_RANGE, version);
        }
        Ok(request.send().await?)
    }
}

/// Gives the name of the file's version. A weak one does not promise the same bytes.
fn version(headers: &HeaderMap) -> Option<String> {
    let tag = headers.get(header::ETAG)?.to_str().ok()?;
    tag.starts_with('"').then(|| tag.to_owned())
}

/// Tells whether the server has no rest that fits the part: it is the beginning of some other file.
fn refuses(response: &Response, partial: &Partial) -> bool {
    let begins = content_range(response).map(|(begin, _)| begin);
    match response.status() {
        StatusCode::RANGE_NOT_SATISFIABLE => true,
        StatusCode::PARTIAL_CONTENT => begins != Some(partial.length()),
        _ => false,
    }
}

/// Tells how long the file is, if the server says so.
fn whole_length(response: &Response) -> Option<u64> {
    match response.status() {
        StatusCode::PARTIAL_CONTENT => content_range(response)?.1,
        _ => response.content_length(),
    }
}

/// Reads `bytes 500-999/1000`: with which byte the answer begins, and how long the whole is, if that is known.
fn content_range(response: &Response) -> Option<(u64, Option<u64>)> {
    let range = response
        .headers()
        .get(header::CONTENT_RANGE)?
        .to_str()
        .ok()?;
    let (part, whole) = range.strip_prefix("bytes ")?.split_once('/')?;
    let (begin, _) = part.split_once('-')?;
    Some((begin.parse().ok()?, whole.parse().ok()))
}

// ANCHOR: bar
/// A bar of one file. It is drawn on standard error if that is a terminal, and nowhere otherwise.
fn new_bar(target: &Path) -> ProgressBar {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let form = "{msg:24!} [{bar:24}] {bytes:>12} of {total_bytes}";
    let style = ProgressStyle::with_template(form).expect("the template is right");
    let style = style.progress_chars("=> ");
    ProgressBar::no_length()
        .with_style(style)
        .with_message(name.into_owned())
}
// ANCHOR_END: bar

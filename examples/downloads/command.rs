//! The command line `clients [--into DIR] URL...`.

use std::collections::HashSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use futures::stream::{self, StreamExt};
use lexopt::prelude::*;
use reqwest::Url;

use super::downloader::{Downloader, Limits, client};
use super::failure::Failure;

/// How many files are in work at once, whatever hosts they are on.
const AT_ONCE: usize = 32;

/// Tells whether these arguments name something to download.
pub fn is_meant(arguments: &[OsString]) -> bool {
    let texts = arguments.iter().map(|argument| argument.to_string_lossy());
    texts
        .into_iter()
        .any(|text| text.contains("://") || text.starts_with("--into"))
}

/// Downloads what the arguments name. A failure is reported, and the others go on; then the exit code is not 0.
pub fn run(arguments: Vec<OsString>) -> u8 {
    let wishes = match read(arguments) {
        Ok(wishes) => wishes,
        Err(error) => {
            eprintln!("error: {error}; try --help");
            return 2;
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    match runtime.map(|runtime| runtime.block_on(download_all(wishes))) {
        Ok(0) => 0,
        Ok(_) => 1,
        Err(error) => {
            eprintln!("error: cannot start: {error}");
            1
        }
    }
}

struct Wishes {
    urls: Vec<String>,
    into: PathBuf,
}

fn read(arguments: Vec<OsString>) -> Result<Wishes, lexopt::Error> {
    let mut wishes = Wishes {
        urls: Vec::new(),
        into: PathBuf::new(),
    };
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(argument) = parser.next()? {
        match argument {
            Long("into") => wishes.into = parser.value()?.into(),
            Value(url) => wishes.urls.push(url.string()?),
            other => return Err(other.unexpected()),
        }
    }
    if wishes.urls.is_empty() {
        return Err("nothing to download: name a URL".into());
    }
    if !wishes.into.as_os_str().is_empty() && !wishes.into.is_dir() {
        return Err(format!("{} is no folder", wishes.into.display()).into());
    }
    Ok(wishes)
}

/// Downloads everything, and tells how many downloads failed.
async fn download_all(wishes: Wishes) -> usize {
    let downloader = Downloader::new(client(), Limits::default(), |url, failure, pause| {
        eprintln!("{url}: {}; trying again in {pause:?}", failure.in_full());
    });
    let downloader = match downloader {
        Ok(downloader) => downloader,
        Err(failure) => {
            eprintln!("error: {}", failure.in_full());
            return wishes.urls.len();
        }
    };
    let mut names = HashSet::new();
    let plans: Vec<_> = wishes
        .urls
        .into_iter()
        .map(|text| {
            let plan = plan(&text, &wishes.into, &mut names);
            (text, plan)
        })
        .collect();
    let downloads = stream::iter(plans).map(async |(text, plan)| {
        let result = match plan {
            Ok((url, target)) => downloader
                .download(&url, &target)
                .await
                .map(|bytes| (target, bytes)),
            Err(failure) => Err(failure),
        };
        downloader.bars().suspend(|| match &result {
            Ok((target, bytes)) => println!("{}: {bytes} bytes", target.display()),
            Err(failure) => eprintln!("error: {text}: {}", failure.in_full()),
        });
        usize::from(result.is_err())
    });
    downloads
        .buffer_unordered(AT_ONCE)
        .fold(0, async |all, one| all + one)
        .await
}

/// Reads an address, and chooses the file's name: the last part of the path.
fn plan(text: &str, into: &Path, names: &mut HashSet<String>) -> Result<(Url, PathBuf), Failure> {
    let refuse = |why: String| Err(Failure::Address(why));
    let url = match Url::parse(text) {
        Ok(url) if ["http", "https"].contains(&url.scheme()) => url,
        Ok(url) => {
            return refuse(format!(
                "cannot download from {}://, only from http:// and https://",
                url.scheme()
            ));
        }
        Err(error) => return refuse(format!("not a URL: {error}")),
    };
    let last = url.path_segments().and_then(|mut parts| parts.next_back());
    let name = last.filter(|name| !name.is_empty()).unwrap_or("index.html");
    if name.ends_with(".part") || name.ends_with(".part.origin") {
        return refuse(format!("{name} would look like an unfinished download"));
    }
    // Some systems take names that differ in case for the same.
    if !names.insert(name.to_lowercase()) {
        return refuse(format!("another download is called {name}, too"));
    }
    // What Windows does not allow in a name.
    let target = into.join(name.replace([':', '*', '|'], "_"));
    Ok((url, target))
}

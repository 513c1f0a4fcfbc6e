//! Clients: header lines by hand, bytes counted, files that are complete or not there, and limits.
//!
//! Run it with `cargo run --example clients`; add `-- --help` for its parts, or name what to download:
//! `cargo run --example clients -- --into FOLDER URL...`.
//! Without that it asks servers of its own, on this machine, and prints what its Python twin, `clients.py`, prints.

mod downloads;
#[allow(dead_code, reason = "the tests use the rest")]
mod local_servers;
mod support;

use std::env;
use std::ffi::OsString;
use std::fmt::Display;
use std::fs;
use std::io;
use std::path::Path;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use asyncio::{Error, Result, gather, gather_return_exceptions, open_connection, timeout};
use downloads::{Downloader, Failure, Limits, Retry, client, command, part_of, retry};
use futures::future::{join_all, try_join_all};
use local_servers::{
    Answer, Fault, Folder, Gate, Server, Site, answer, bad_line, leaves, scripted, three_hosts,
};
use reqwest::{Client, Url};
use support::Part;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

const ABOUT: &str = "\
Clients: header lines by hand, bytes counted, files that are complete or not there, and limits.

The parts ask servers on this machine. To ask others, name them instead of parts:
  --into FOLDER URL...   downloads into a folder; without --into, into the current one
  --head HOST[:PORT]...  prints what the hosts say before the page, by hand, on port 80";

fn main() -> ExitCode {
    let arguments: Vec<OsString> = env::args_os().skip(1).collect();
    if command::is_meant(&arguments) {
        return ExitCode::from(command::run(arguments));
    }
    if arguments.first().is_some_and(|first| first == "--head") {
        return head_of(&arguments[1..]);
    }
    support::run(
        ABOUT,
        &[
            Part {
                name: "headers",
                about: "three hosts, line by line, on one thread",
                run: |_| asyncio::run(headers()),
            },
            Part {
                name: "tokio",
                about: "the same with Tokio",
                run: |_| on_tokio(headers_with_tokio()),
            },
            Part {
                name: "half",
                about: "half an answer, read in three ways",
                run: |_| on_tokio(half()),
            },
            Part {
                name: "count",
                about: "five downloads at once, their bytes counted",
                run: |_| on_tokio(count_bytes()),
            },
            Part {
                name: "files",
                about: "three downloads into files",
                run: |_| on_tokio(files()),
            },
            Part {
                name: "resume",
                about: "a download that breaks off, and goes on with the rest",
                run: |_| on_tokio(resume()),
            },
            Part {
                name: "afresh",
                about: "when the rest is not to be had",
                run: |_| on_tokio(afresh()),
            },
            Part {
                name: "cancel",
                about: "a download that is cancelled in the middle",
                run: |_| on_tokio(cancel()),
            },
            Part {
                name: "failures",
                about: "what goes wrong, in one sentence, and whether it is worth a retry",
                run: |_| on_tokio(failures()),
            },
            Part {
                name: "per_host",
                about: "two requests at a time for each of two hosts",
                run: |_| on_tokio(per_host()),
            },
            Part {
                name: "time",
                about: "a limit for silence, and one for the whole",
                run: |_| on_tokio(limits_of_time()),
            },
            Part {
                name: "retry",
                about: "trouble that passes, trouble that stays, and an order that must not be doubled",
                run: |_| on_tokio(retries()),
            },
        ],
    )
}

/// Runs a part on Tokio, on this thread; its servers end with the runtime.
fn on_tokio(part: impl Future<Output = Result<()>>) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread();
    { runtime }.enable_all().build()?.block_on(part)
}

/// Asks a host for the head of its first page, and says each line.
async fn head(host: &str, address: impl Display, mut say: impl FnMut(&str)) -> Result<()> {
    let (reader, writer) = open_connection(address).await?;
    writer
        .write(format!("HEAD / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").as_bytes());
    loop {
        let line = reader.read_line().await?;
        let line = String::from_utf8_lossy(line.trim_ascii_end());
        if line.is_empty() {
            writer.close();
            return Ok(());
        }
        say(&line);
    }
}

const TEAS: [&str; 3] = ["green", "black", "herbal"];

async fn headers() -> Result<()> {
    let (addresses, cue) = three_hosts()?;
    let this_thread = thread::current().id();
    let lines = TEAS.iter().zip(addresses).map(|(name, address)| {
        let cue = cue.clone();
        async move {
            let mut on_one_thread = true;
            let say = |line: &str| {
                println!("{name}: {line}");
                on_one_thread &= thread::current().id() == this_thread;
                let _ = cue.send(());
            };
            head(name, address, say).await?;
            Ok(on_one_thread)
        }
    });
    let on_one_thread = gather(lines).await?;
    println!("one thread: {}", on_one_thread.iter().all(|&one| one));
    Ok(())
}

async fn headers_with_tokio() -> Result<()> {
    let (addresses, cue) = three_hosts()?;
    let this_thread = thread::current().id();
    let lines = TEAS.iter().zip(addresses).map(async |(name, address)| {
        let mut stream = BufReader::new(TcpStream::connect(address).await?);
        let request = format!("HEAD / HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut lines = stream.lines();
        while let Some(line) = lines.next_line().await?.filter(|line| !line.is_empty()) {
            println!("{name}: {line}");
            let _ = cue.send(());
        }
        io::Result::Ok(thread::current().id() == this_thread)
    });
    let on_one_thread = try_join_all(lines).await?;
    println!("one thread: {}", on_one_thread.iter().all(|&one| one));
    Ok(())
}

async fn half() -> Result<()> {
    let text = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\ngreen";
    let server = scripted([Answer::Say(text.to_owned())]).await?;
    let url = Url::parse(&server.url("tea"))?;

    let mut stream = TcpStream::connect(url.socket_addrs(|| None)?.as_slice()).await?;
    stream.write_all(b"GET /tea HTTP/1.1\r\n\r\n").await?;
    let mut all = Vec::new();
    stream.read_to_end(&mut all).await?;
    println!(
        "to the end: {} bytes of text, no error",
        all.len() - (text.len() - 5)
    );

    let mut stream = TcpStream::connect(url.socket_addrs(|| None)?.as_slice()).await?;
    stream.write_all(b"GET /tea HTTP/1.1\r\n\r\n").await?;
    let mut head = vec![0; text.len() - 5];
    stream.read_exact(&mut head).await?;
    let exactly = stream.read_exact(&mut [0; 10]).await;
    let early = exactly.is_err_and(|error| error.kind() == io::ErrorKind::UnexpectedEof);
    println!("exactly 10: ended early: {early}");

    let folder = Folder::new()?;
    let downloaded = once()?.download(&url, &folder.join("tea")).await;
    println!("download: {}", downloaded.unwrap_err());
    Ok(())
}

async fn count_bytes() -> Result<()> {
    let teas = ["green", "black", "herbal", "mint", "white"];
    let mut site = Site::new(
        teas.iter()
            .zip(1..)
            .map(|(&tea, size)| (tea, leaves(size * 100_000))),
    );
    // Nobody is answered before all five have asked.
    site.gate = Gate::of(5);
    let server = site.serve().await?;
    let client = client().no_proxy().build()?;
    let counts = try_join_all(teas.map(|tea| count(&client, server.url(tea)))).await?;
    for (tea, bytes) in teas.iter().zip(&counts) {
        println!("{tea}: {bytes} bytes");
    }
    println!("together: {} bytes", counts.iter().sum::<usize>());
    println!("most at once: {}", server.most_at_once());
    Ok(())
}

async fn count(client: &Client, url: String) -> reqwest::Result<usize> {
    let mut response = client.get(url).send().await?.error_for_status()?;
    let mut bytes = 0;
    while let Some(chunk) = response.chunk().await? {
        bytes += chunk.len();
    }
    Ok(bytes)
}

fn listing(folder: &Folder) -> Result<String> {
    let names = folder.list()?;
    Ok(if names.is_empty() {
        "nothing".to_owned()
    } else {
        names.join(", ")
    })
}

/// A downloader for servers on this machine that reports its retries.
fn downloader(limits: Limits) -> Result<Downloader> {
    let report = |_: &Url, failure: &Failure, pause: Duration| {
        println!("{failure}; again in {pause:?}");
    };
    Ok(Downloader::new(client().no_proxy(), limits, report)?)
}

const ONCE: Retry = Retry {
    tries: 1,
    pause: Duration::ZERO,
};

/// A downloader that tries once.
fn once() -> Result<Downloader> {
    downloader(Limits {
        retry: ONCE,
        ..Limits::default()
    })
}

fn url(server: &Server, name: &str) -> Result<Url> {
    Ok(Url::parse(&server.url(name))?)
}

async fn files() -> Result<()> {
    let site = Site::new(TEAS.map(|tea| (tea, leaves(100_000))));
    let (server, folder, downloader) = (site.serve().await?, Folder::new()?, once()?);
    let downloads = TEAS.map(async |tea| {
        let bytes = downloader
            .download(&url(&server, tea)?, &folder.join(tea))
            .await?;
        Ok::<_, Error>(bytes)
    });
    for (tea, bytes) in TEAS.iter().zip(try_join_all(downloads).await?) {
        let whole = fs::read(folder.join(tea))? == leaves(100_000);
        println!("{tea}: {bytes} bytes, as on the server: {whole}");
    }
    println!("in the folder: {}", listing(&folder)?);
    Ok(())
}

/// Tells what became of a download, and what is in the folder now.
fn show(result: std::result::Result<u64, Failure>, folder: &Folder) -> Result<()> {
    match result {
        Ok(bytes) => println!("{bytes} bytes"),
        Err(failure) => println!("{failure}"),
    }
    println!("in the folder: {}", listing(folder)?);
    Ok(())
}

async fn resume() -> Result<()> {
    let server = Site::new([("tea", leaves(1000))]).serve().await?;
    let line = bad_line(&server, 400, Fault::Close).await?;
    let (folder, downloader) = (Folder::new()?, once()?);
    let target = folder.join("tea");
    for _ in 0..2 {
        show(
            downloader.download(&url(&line, "tea")?, &target).await,
            &folder,
        )?;
    }
    println!("as on the server: {}", fs::read(&target)? == leaves(1000));
    println!("requests: {}", server.requests().join(", "));
    Ok(())
}

async fn afresh() -> Result<()> {
    for trouble in ["another version", "no ranges", "no tags"] {
        println!("{trouble}:");
        let mut site = Site::new([("tea", leaves(1000))]);
        site.ranges = trouble != "no ranges";
        site.tags = trouble != "no tags";
        let server = site.serve().await?;
        let line = bad_line(&server, 400, Fault::Close).await?;
        let (folder, downloader) = (Folder::new()?, once()?);
        let target = folder.join("tea");
        show(
            downloader.download(&url(&line, "tea")?, &target).await,
            &folder,
        )?;
        if trouble == "another version" {
            site.replace("tea", leaves(900));
        }
        show(
            downloader.download(&url(&line, "tea")?, &target).await,
            &folder,
        )?;
        println!("requests: {}", server.requests().join(", "));
    }
    Ok(())
}

async fn cancel() -> Result<()> {
    for tags in [true, false] {
        println!("with tags: {tags}");
        let mut site = Site::new([("tea", leaves(1000))]);
        site.tags = tags;
        let server = site.serve().await?;
        let line = bad_line(&server, 400, Fault::Stall).await?;
        let (folder, downloader) = (Folder::new()?, once()?);
        let (url, target) = (url(&line, "tea")?, folder.join("tea"));
        let part = part_of(&target);
        tokio::select! {
            _ = downloader.download(&url, &target) => println!("done"),
            () = has_length(&part, 400) => println!("400 bytes are there: cancelled"),
        }
        println!("in the folder: {}", listing(&folder)?);
        show(downloader.download(&url, &target).await, &folder)?;
        println!("as on the server: {}", fs::read(&target)? == leaves(1000));
    }
    Ok(())
}

/// Waits until a file is so long.
async fn has_length(path: &Path, length: u64) {
    while fs::metadata(path).map_or(0, |file| file.len()) < length {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

async fn failures() -> Result<()> {
    let site = Site::new([("tea", leaves(10))]).serve().await?;
    let cut = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\ngreen";
    let cut = scripted([Answer::Say(cut.to_owned())]).await?;
    let garbage = scripted([Answer::Say("GREEN TEA\r\n\r\n".to_owned())]).await?;
    let busy = scripted([answer("503 Service Unavailable", "")]).await?;
    let reset = scripted([Answer::Reset]).await?;
    let nobody = {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        format!("http://{}/tea", listener.local_addr()?)
    };
    let (folder, downloader) = (Folder::new()?, once()?);
    let target = folder.join("tea");
    let moved = downloader
        .download(&url(&site, "moved/tea")?, &target)
        .await;
    println!("moved: {} bytes", moved?);
    fs::remove_file(&target)?;
    for (what, url) in [
        ("missing", site.url("coffee")),
        ("busy", busy.url("tea")),
        ("loop", site.url("loop")),
        ("garbage", garbage.url("tea")),
        ("cut", cut.url("tea")),
        ("reset", reset.url("tea")),
        ("nobody", nobody),
    ] {
        let failure = downloader.download(&Url::parse(&url)?, &target).await;
        say(what, &failure.unwrap_err());
    }
    let nowhere = folder.join("no-such-folder").join("tea");
    let failure = downloader.download(&url(&site, "tea")?, &nowhere).await;
    say("folder", &failure.unwrap_err());
    println!("in the folder: {}", listing(&folder)?);
    Ok(())
}

fn say(what: &str, failure: &Failure) {
    let worth = if failure.is_worth_a_retry() {
        "yes"
    } else {
        "no"
    };
    println!("{what}: {failure}; worth a retry: {worth}");
}

async fn per_host() -> Result<()> {
    let gate = Gate::of(4);
    let mut sites = [Site::new([]), Site::new([])];
    for site in &mut sites {
        TEAS.iter().for_each(|tea| site.replace(tea, leaves(100)));
        // Nobody is answered before two requests have come to each host.
        site.gate = gate.clone();
    }
    let servers = [sites[0].serve().await?, sites[1].serve().await?];
    let folder = Folder::new()?;
    let downloader = downloader(Limits {
        per_host: 2,
        retry: ONCE,
        ..Limits::default()
    })?;
    let downloads = servers
        .iter()
        .zip(["first", "second"])
        .flat_map(|(server, host)| {
            let (folder, downloader) = (&folder, &downloader);
            TEAS.map(|tea| async move {
                let target = folder.join(format!("{host}-{tea}"));
                Ok::<_, Error>(downloader.download(&url(server, tea)?, &target).await?)
            })
        });
    let ended = join_all(downloads).await;
    println!(
        "complete: {}",
        ended.iter().filter(|result| result.is_ok()).count()
    );
    for (server, host) in servers.iter().zip(["first", "second"]) {
        let (requests, most) = (server.requests().len(), server.most_at_once());
        println!("{host} host: {requests} requests, {most} at once");
    }
    Ok(())
}

async fn limits_of_time() -> Result<()> {
    let begin = "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n";
    let silent = scripted([Answer::Silence(begin.to_owned())]).await?;
    let dripping = scripted([Answer::Drip(begin.to_owned())]).await?;
    let (short, long) = (Duration::from_millis(50), Duration::from_secs(60));
    let folder = Folder::new()?;
    for (what, server, idle, total) in [
        ("silent, 50 ms for silence", &silent, short, None),
        (
            "dripping, 50 ms for the whole",
            &dripping,
            long,
            Some(short),
        ),
    ] {
        let limited = downloader(Limits {
            idle,
            total,
            retry: ONCE,
            ..Limits::default()
        })?;
        let result = limited
            .download(&url(server, "tea")?, &folder.join("tea"))
            .await;
        println!("{what}: {}", result.unwrap_err());
    }
    println!("in the folder: {}", listing(&folder)?);
    Ok(())
}

async fn retries() -> Result<()> {
    let (busy, ready) = (
        answer("503 Service Unavailable", ""),
        answer("200 OK", "green"),
    );
    let server = scripted([busy.clone(), Answer::Reset, ready]).await?;
    let folder = Folder::new()?;
    let patient = Retry {
        tries: 3,
        pause: Duration::from_millis(10),
    };
    let downloader = downloader(Limits {
        retry: patient,
        ..Limits::default()
    })?;
    let target = folder.join("tea");
    show(
        downloader.download(&url(&server, "tea")?, &target).await,
        &folder,
    )?;
    println!("requests: {}", server.requests().len());

    let busy = scripted([busy]).await?;
    show(
        downloader.download(&url(&busy, "tea")?, &target).await,
        &folder,
    )?;
    println!("requests: {}", busy.requests().len());

    let gone = scripted([answer("410 Gone", "")]).await?;
    show(
        downloader.download(&url(&gone, "tea")?, &target).await,
        &folder,
    )?;
    println!("requests: {}", gone.requests().len());

    // The shop takes the order, and the connection breaks before it can say so.
    let shop = scripted([Answer::Reset, answer("201 Created", "")]).await?;
    let client = client().no_proxy().build()?;
    let order = async || {
        let response = client
            .post(shop.url("orders"))
            .body("one tea")
            .send()
            .await?;
        Ok(response.status())
    };
    let report = |failure: &Failure, pause| println!("{failure}; again in {pause:?}");
    println!("the shop answered {}", retry(patient, report, order).await?);
    println!("orders: {}", shop.requests().len());
    Ok(())
}

/// Prints the heads of real hosts. One that fails does not keep the others from answering.
fn head_of(hosts: &[OsString]) -> ExitCode {
    let hosts: Vec<String> = hosts
        .iter()
        .map(|host| host.to_string_lossy().into_owned())
        .collect();
    if hosts.is_empty() {
        eprintln!("error: --head needs a host; try --help");
        return ExitCode::from(2);
    }
    let outcomes = asyncio::run(async move {
        gather_return_exceptions(hosts.into_iter().map(async |host| {
            let address = if host.contains(':') {
                host.clone()
            } else {
                format!("{host}:80")
            };
            let lines = head(&host, address, |line| println!("{host}: {line}"));
            let result = timeout(Duration::from_secs(20), lines).await;
            if let Err(error) = &result {
                eprintln!("error: {host}: {error}");
            }
            result
        }))
        .await
    });
    match outcomes {
        Ok(outcomes) if outcomes.iter().all(|outcome| outcome.is_ok()) => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

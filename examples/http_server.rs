//! HTTP servers: by hand on this library, and with axum on Tokio.
//!
//! Run it with `cargo run --example http_server`; add `-- --help` for its parts. The part `hundred` takes half a second.
//! With `-- --serve` it serves at http://127.0.0.1:8080/ until Ctrl-C.
//! It prints what its Python twin, `http_server.py`, prints.

mod pages;
mod serving;
mod support;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use asyncio::{Result, gather, get_running_loop, open_connection};
use pages::{WAIT, by_hand, with_axum};
use support::{Part, seconds};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

const ANY_PORT: &str = "127.0.0.1:0";

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["--serve", ref rest @ ..] => serve(rest),
        _ => parts(),
    }
}

fn parts() -> ExitCode {
    support::run(
        "HTTP servers: pages, names that bite, a hundred at once, and a graceful end.\n\n\
         To look at the pages yourself, until Ctrl-C:\n  \
         --serve [ADDRESS:PORT]",
        &[
            Part {
                name: "by_hand",
                about: "what a server says, and a hundred at once on one loop",
                run: |event_loop| event_loop.run(served_by_hand()),
            },
            Part {
                name: "pages",
                about: "a router, and what it does not know",
                run: |_| on_tokio(Clock::Paused, ask_for_pages),
            },
            Part {
                name: "names",
                about: "names are escaped",
                run: |_| on_tokio(Clock::Paused, greet),
            },
            Part {
                name: "hundred",
                about: "a hundred at once, in real time",
                run: |_| on_tokio(Clock::Real, a_hundred_at_once),
            },
            Part {
                name: "bad_input",
                about: "what is no request",
                run: |_| on_tokio(Clock::Paused, send_nonsense),
            },
            Part {
                name: "shutdown",
                about: "an end with requests in work",
                run: |_| on_tokio(Clock::Paused, shut_down),
            },
        ],
    )
}

/// Serves until Ctrl-C, and says in one sentence why it cannot.
fn serve(arguments: &[&str]) -> ExitCode {
    let address = match serving::address(arguments, "127.0.0.1:8080") {
        Ok(address) => address,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(2);
        }
    };
    match serve_at(&address) {
        Ok(in_time) => {
            println!("stopped; every client in time: {in_time}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: cannot listen at {address}: {error}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn serve_at(address: &str) -> io::Result<bool> {
    let listener = TcpListener::bind(address).await?;
    let pressed = serving::listen_for_ctrl_c().await;
    println!("listening at http://{}/", listener.local_addr()?);
    let stop = CancellationToken::new();
    let stop_too = stop.clone();
    tokio::spawn(async move {
        if pressed.await.is_ok() {
            stop_too.cancel();
        }
    });
    with_axum::serve(listener, stop).await
}

async fn served_by_hand() -> Result<()> {
    let listener = asyncio::TcpListener::bind(ANY_PORT).await?;
    let address = listener.local_addr()?;
    let server = by_hand::serve(listener);
    for line in ask_by_hand(address, "/").await?.lines() {
        println!("{}", format!("< {line}").trim_end());
    }
    let started = get_running_loop()?.time();
    let asked = (0..100).map(|number| ask_by_hand(address, format!("/hello/{number}")));
    let answers = gather(asked).await?;
    let took = get_running_loop()?.time() - started;
    let right = (0..)
        .zip(&answers)
        .filter(|(number, answer)| answer.ends_with(&format!("\r\n\r\n<h1>hello, {number}!</h1>")));
    println!("right answers: {}", right.count());
    println!("all after {}", seconds(took));
    server.cancel();
    Ok(())
}

async fn ask_by_hand(address: SocketAddr, path: impl AsRef<str>) -> Result<String> {
    let (reader, writer) = open_connection(address).await?;
    writer.write(request("GET", path.as_ref()).as_bytes());
    let answer = reader.read_to_end().await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn request(method: &str, path: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
}

enum Clock {
    Real,
    /// It jumps when nobody has anything to do.
    Paused,
}

/// A server on a loop of Tokio's, together with its clients.
struct Scene {
    address: SocketAddr,
    stop: CancellationToken,
    server: tokio::task::JoinHandle<io::Result<bool>>,
}

fn on_tokio<F: Future<Output = io::Result<()>>>(
    clock: Clock,
    act: impl FnOnce(Scene) -> F,
) -> Result<()> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(matches!(clock, Clock::Paused))
        .build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(ANY_PORT).await?;
        let address = listener.local_addr()?;
        let stop = CancellationToken::new();
        let server = tokio::spawn(with_axum::serve(listener, stop.clone()));
        act(Scene {
            address,
            stop,
            server,
        })
        .await?;
        Ok(())
    })
}

/// What a server answered: the line with the status, without the version, and the body.
struct Answer {
    status: String,
    body: String,
}

impl Answer {
    fn parse(answer: &[u8]) -> Self {
        let answer = String::from_utf8_lossy(answer);
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
        let status = head.lines().next().unwrap_or("no answer");
        Answer {
            status: status.trim_start_matches("HTTP/1.1 ").to_owned(),
            body: body.to_owned(),
        }
    }
}

/// Sends bytes on a connection of their own, and reads to its end.
async fn send(address: SocketAddr, bytes: &[u8]) -> io::Result<Answer> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(bytes).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(Answer::parse(&answer))
}

async fn get(address: SocketAddr, path: &str) -> io::Result<Answer> {
    send(address, request("GET", path).as_bytes()).await
}

async fn ask_for_pages(scene: Scene) -> io::Result<()> {
    for (method, path) in [
        ("GET", "/"),
        ("GET", "/hello/Ada"),
        ("GET", "/hello/Ada?loud=1"),
        ("GET", "/hello"),
        ("GET", "/hello/"),
        ("GET", "/hello/Ada/Grace"),
        ("GET", "/nowhere"),
        ("POST", "/hello/Ada"),
    ] {
        let Answer { status, body } = send(scene.address, request(method, path).as_bytes()).await?;
        println!("{method} {path}: {status}: {body}");
    }
    Ok(())
}

async fn greet(scene: Scene) -> io::Result<()> {
    for name in [
        "J%C3%BCrgen",
        "Ada%20Lovelace",
        "a%2Fb",
        "%3Cscript%3Ealert(1)%3C%2Fscript%3E",
        "%26lt%3B",
        "%22%20onclick='steal()",
        "100%25",
        "%FF",
    ] {
        let answer = get(scene.address, &format!("/hello/{name}")).await?;
        println!("{name}: {}", answer.body);
    }
    Ok(())
}

// ANCHOR: hundred
async fn a_hundred_at_once(scene: Scene) -> io::Result<()> {
    let (mut quickest, mut right) = (Duration::MAX, 0);
    for _ in 0..3 {
        let started = Instant::now();
        let asked = (0..100).map(async |number| {
            let answer = get(scene.address, &format!("/hello/{number}")).await?;
            io::Result::Ok(answer.body == format!("<h1>hello, {number}!</h1>"))
        });
        let answers = futures::future::try_join_all(asked).await?;
        quickest = quickest.min(started.elapsed());
        right = answers.iter().filter(|right| **right).count();
        // A machine that is busy with something else has three tries.
        if quickest <= Duration::from_secs(1) {
            break;
        }
    }
    println!("right answers: {right}");
    println!("each waited for 0.5 s: {}", quickest >= WAIT);
    println!("all within 1.0 s: {}", quickest <= Duration::from_secs(1));
    Ok(())
}
// ANCHOR_END: hundred

async fn send_nonsense(scene: Scene) -> io::Result<()> {
    let many = "x: y\r\n".repeat(200);
    for (what, bytes) in [
        ("no request", "good morning\r\n\r\n".to_owned()),
        ("no version", "GET /\r\n\r\n".to_owned()),
        ("200 headers", format!("GET / HTTP/1.1\r\n{many}\r\n")),
    ] {
        let answer = send(scene.address, bytes.as_bytes()).await?;
        println!("{what}: {}", answer.status);
    }
    let mut leaving = TcpStream::connect(scene.address).await?;
    leaving.write_all(b"GET /hello/no").await?;
    drop(leaving);
    let answer = get(scene.address, "/").await?;
    println!("after half a request: {}", answer.status);
    Ok(())
}

async fn shut_down(scene: Scene) -> io::Result<()> {
    let Scene {
        address,
        stop,
        server,
    } = scene;
    let mut idle = TcpStream::connect(address).await?;
    idle.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .await?;
    let mut buffer = [0; 1024];
    let count = idle.read(&mut buffer).await?;
    println!("the idle one: {}", Answer::parse(&buffer[..count]).body);
    let mut half = TcpStream::connect(address).await?;
    half.write_all(b"GET /hello/never HTTP/1.1\r\n").await?;
    let in_work = tokio::spawn(async move { get(address, "/hello/late").await });
    tokio::time::sleep(WAIT / 5).await;
    stop.cancel();
    let told = Instant::now();
    println!(
        "the idle one, told: {} bytes",
        idle.read(&mut buffer).await?
    );
    println!("in work: {}", in_work.await??.body);
    println!(
        "a new one is refused: {}",
        TcpStream::connect(address).await.is_err()
    );
    println!("after {}", seconds(told.elapsed()));
    let in_time = server.await??;
    println!("every client in time: {in_time}");
    println!("after {}", seconds(told.elapsed()));
    Ok(())
}

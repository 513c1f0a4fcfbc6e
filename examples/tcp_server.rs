//! TCP servers: a line protocol on this library and on Tokio, with clients that behave and clients that do not.
//!
//! Run it with `cargo run --example tcp_server`; add `-- --help` for its parts.
//! With `-- --serve` it serves at 127.0.0.1:8888 until Ctrl-C, and you talk to it with `nc 127.0.0.1 8888`.
//! It prints what its Python twin, `tcp_server.py`, prints.

mod calculator;
mod serving;
mod support;

use std::cell::Cell;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use asyncio::{
    Barrier, Error, Event, EventLoop, Result, Semaphore, StreamReader, StreamWriter, TimedOut,
    cancellable, create_task, gather, get_running_loop, open_connection, timeout,
};
use calculator::{Calculator, LONGEST_LINE, on_tokio, ours};
use support::{Part, seconds};
use tokio::runtime;
use tokio_util::sync::CancellationToken;

const ANY_PORT: &str = "127.0.0.1:0";

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["--serve", "--tokio", ref rest @ ..] => serve(rest, serve_on_tokio),
        ["--serve", ref rest @ ..] => serve(rest, serve_on_ours),
        _ => parts(),
    }
}

fn parts() -> ExitCode {
    support::run(
        "TCP servers: a line protocol, with clients that behave and clients that do not.\n\n\
         To talk to it yourself, with `nc 127.0.0.1 8888`, say, until Ctrl-C:\n  \
         --serve [--tokio] [ADDRESS:PORT]",
        &[
            Part {
                name: "conversation",
                about: "a protocol, and a client that says everything there is to say",
                run: |event_loop| event_loop.run(conversation()),
            },
            Part {
                name: "task_each",
                about: "the same conversation with a task for each client",
                run: conversation_with_tokio,
            },
            Part {
                name: "packets",
                about: "commands that are cut, and commands that arrive together",
                run: |event_loop| event_loop.run(packets()),
            },
            Part {
                name: "bad_input",
                about: "a line without an end, and bytes that are no text",
                run: |event_loop| event_loop.run(bad_input()),
            },
            Part {
                name: "slow",
                about: "a client that sends and sends, and reads nothing",
                run: |event_loop| event_loop.run(slow()),
            },
            Part {
                name: "thousand",
                about: "a thousand clients at once on one loop",
                run: |event_loop| event_loop.run(thousand()),
            },
            Part {
                name: "shutdown",
                about: "an end with clients connected",
                run: |event_loop| event_loop.run(shutdown()),
            },
        ],
    )
}

/// Serves until Ctrl-C, and says in one sentence why it cannot.
fn serve(arguments: &[&str], serve: fn(String) -> Result<()>) -> ExitCode {
    let address = match serving::address(arguments, "127.0.0.1:8888") {
        Ok(address) => address,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(2);
        }
    };
    match serve(address) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve_on_ours(address: String) -> Result<()> {
    // This library knows no signals, so a thread of Tokio waits for Ctrl-C.
    let signals = runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_io()
        .build()?;
    let pressed = signals.block_on(serving::listen_for_ctrl_c());
    let pressed = signals.spawn(pressed);
    asyncio::run(async move {
        let stop = Event::new();
        let server = ours::start(&address, &stop).await?;
        println!("listening at {}", server.local_addr());
        let stop_too = stop.clone();
        create_task(async move {
            cancellable(pressed).await???;
            stop_too.set();
            Ok(())
        });
        stop.wait().await?;
        println!("stopping");
        let in_time = ours::finish(&server).await?;
        println!("stopped; every client in time: {in_time}");
        Ok(())
    })
}

fn serve_on_tokio(address: String) -> Result<()> {
    let runtime = runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(&address)
            .await
            .map_err(|error| Error::msg(format!("cannot listen at {address}: {error}")))?;
        let pressed = serving::listen_for_ctrl_c().await;
        println!("listening at {}", listener.local_addr()?);
        let stop = CancellationToken::new();
        let stop_too = stop.clone();
        tokio::spawn(async move {
            if pressed.await.is_ok() {
                stop_too.cancel();
            }
        });
        let in_time = on_tokio::serve(listener, stop).await;
        println!("stopped; every client in time: {in_time}");
        Ok(())
    })
}

/// The other end of a connection.
struct Client {
    reader: StreamReader,
    writer: StreamWriter,
}

impl Client {
    /// Connects, and reads the greeting.
    async fn connect(address: SocketAddr) -> Result<Self> {
        let (reader, writer) = open_connection(address).await?;
        reader.read_line().await?;
        Ok(Client { reader, writer })
    }

    fn send(&self, bytes: impl AsRef<[u8]>) {
        self.writer.write(bytes.as_ref());
    }

    /// Reads a line without its end.
    async fn line(&self) -> Result<String> {
        read_line(&self.reader).await
    }

    /// Sends a line and reads one.
    async fn ask(&self, line: &str) -> Result<String> {
        self.send(format!("{line}\n"));
        self.line().await
    }
}

async fn read_line(reader: &StreamReader) -> Result<String> {
    let line = reader.read_line().await?;
    match line.strip_suffix(b"\n") {
        Some(line) => Ok(String::from_utf8_lossy(line).into_owned()),
        None => Ok("(end)".to_owned()),
    }
}

async fn conversation() -> Result<()> {
    let stop = Event::new();
    let server = ours::start(ANY_PORT, &stop).await?;
    let client = create_task(say_everything(server.local_addr()));
    stop.wait().await?;
    let in_time = ours::finish(&server).await?;
    client.await?;
    println!("stopped; every client in time: {in_time}");
    Ok(())
}

/// Says every kind of line, and prints what is said.
async fn say_everything(address: SocketAddr) -> Result<()> {
    let (reader, writer) = open_connection(address).await?;
    println!("< {}", read_line(&reader).await?);
    for line in [
        "add 1 2 3",
        "add 1 two",
        "add 9223372036854775807 1",
        "multiply 2 3",
        "",
        "shutdown",
    ] {
        writer.write(format!("{line}\n").as_bytes());
        if line.is_empty() {
            println!("> (an empty line)");
        } else {
            println!("> {line}");
            println!("< {}", read_line(&reader).await?);
        }
    }
    println!("< {}", read_line(&reader).await?);
    Ok(())
}

/// Tokio has a thread and a loop of its own here; the client is on ours.
fn conversation_with_tokio(event_loop: &EventLoop) -> Result<()> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let listener = runtime.block_on(tokio::net::TcpListener::bind(ANY_PORT))?;
    let address = listener.local_addr()?;
    let stop = CancellationToken::new();
    let stop_if_unwound = stop.clone().drop_guard();
    let server = thread::spawn(move || runtime.block_on(on_tokio::serve(listener, stop)));
    event_loop.run(say_everything(address))?;
    drop(stop_if_unwound);
    let in_time = server
        .join()
        .map_err(|_| Error::msg("the server panicked"))?;
    println!("stopped; every client in time: {in_time}");
    Ok(())
}

async fn packets() -> Result<()> {
    let sent = b"add 1 2\r\nadd 3 4\n\nmultiply\nadd 5 6\nadd 7";
    let mut differing = 0;
    for cut in 0..=sent.len() {
        let mut calculator = Calculator::default();
        let (first, second) = sent.split_at(cut);
        let mut text = calculator.receive(first).text;
        text += &calculator.receive(second).text;
        if text != "3\n7\nInvalid command: multiply\n11\n" {
            differing += 1;
        }
    }
    println!("{} cuts, {differing} change the answers", sent.len() + 1);

    let server = ours::start(ANY_PORT, &Event::new()).await?;
    let client = Client::connect(server.local_addr()).await?;
    client.send("add 1 2\nadd 3 4\nadd 5 6\n");
    for _ in 0..3 {
        println!("three in one packet: {}", client.line().await?);
    }
    let other = Client::connect(server.local_addr()).await?;
    for part in ["ad", "d 1 2 ", "3\n"] {
        client.send(part);
        // When the other has its answer, the server has read the part, too.
        other.ask("add 0").await?;
    }
    println!("one in three packets: {}", client.line().await?);
    client.send("add 1 2\nadd 1 2");
    client.writer.write_eof();
    println!("before the end: {}", client.line().await?);
    println!("half a line at the end: {}", client.line().await?);
    Ok(())
}

async fn bad_input() -> Result<()> {
    let server = ours::start(ANY_PORT, &Event::new()).await?;
    let client = Client::connect(server.local_addr()).await?;
    client.send([b'1'; 100_000]);
    println!("100000 bytes and no end: {}", client.line().await?);
    println!("the end, and a command: {}", client.ask("\nadd 1 2").await?);
    client.send(b"add \xff\xfe\n");
    println!("no text: {}", client.line().await?);
    println!("text: {}", client.ask("add 3 4").await?);
    client.writer.transport().abort();
    let other = Client::connect(server.local_addr()).await?;
    println!("after a client broke off: {}", other.ask("add 5 6").await?);
    Ok(())
}

/// Sends lines until the server holds it back; true if that happens before the count of bytes is absurd.
async fn flood(client: &Client, sent: &Cell<u32>) -> Result<bool> {
    let line = [[b'x'; LONGEST_LINE - 1].as_slice(), b"\n"].concat();
    let sending = async {
        while sent.get() < 64 * 1024 {
            client.send(&line);
            sent.set(sent.get() + 1);
            client.writer.drain().await?;
        }
        Ok(())
    };
    match timeout(Duration::from_secs(1), sending).await {
        Err(error) if error.is::<TimedOut>() => Ok(true),
        ended => ended.map(|()| false),
    }
}

async fn slow() -> Result<()> {
    let server = ours::start(ANY_PORT, &Event::new()).await?;
    let slow = Client::connect(server.local_addr()).await?;
    let sent = Cell::new(0);
    println!("held back: {}", flood(&slow, &sent).await?);
    let other = Client::connect(server.local_addr()).await?;
    println!("another client meanwhile: {}", other.ask("add 1 2").await?);
    let mut answers = 0;
    while answers < sent.get() && slow.line().await?.starts_with("Invalid command: xxx") {
        answers += 1;
    }
    println!(
        "then it reads, and has every answer: {}",
        answers == sent.get()
    );
    Ok(())
}

// ANCHOR: thousand
async fn thousand() -> Result<()> {
    const CLIENTS: usize = 1000;
    allow_open_files(2 * CLIENTS as u64 + 100)?;
    let server = ours::start(ANY_PORT, &Event::new()).await?;
    let address = server.local_addr();
    let (connected, all_here) = (Rc::new(Cell::new(0)), Barrier::new(CLIENTS));
    // The system keeps a line of those that are not accepted yet, and it is not endless.
    let line = Semaphore::new(100);
    let clients = (0..CLIENTS).map(|number| {
        let (connected, all_here, line) = (connected.clone(), all_here.clone(), line.clone());
        async move {
            let place = line.acquire().await?;
            let client = Client::connect(address).await?;
            drop(place);
            connected.set(connected.get() + 1);
            all_here.wait().await?;
            let answer = client
                .ask(&format!("add {number} {}", connected.get()))
                .await?;
            Ok(answer == (number + CLIENTS).to_string())
        }
    });
    let answers = gather(clients).await?;
    println!("connected at once: {}", connected.get());
    let right = answers.iter().filter(|right| **right).count();
    println!("right answers: {right}");
    Ok(())
}
// ANCHOR_END: thousand

/// Each end of a connection is an open file, and many systems allow a process few unless it asks for more.
#[cfg(unix)]
fn allow_open_files(count: u64) -> Result<()> {
    use rustix::process::{Resource, getrlimit, setrlimit};

    let mut limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < count) {
        limit.current = Some(count);
        setrlimit(Resource::Nofile, limit)
            .map_err(|_| Error::msg(format!("this system does not allow {count} open files")))?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn allow_open_files(_: u64) -> Result<()> {
    Ok(())
}

async fn shutdown() -> Result<()> {
    let stop = Event::new();
    let server = ours::start(ANY_PORT, &stop).await?;
    let address = server.local_addr();
    let idle = Client::connect(address).await?;
    let slow = Client::connect(address).await?;
    println!("held back: {}", flood(&slow, &Cell::new(0)).await?);
    let asking = Client::connect(address).await?;
    println!("the one who asks: {}", asking.ask("shutdown").await?);
    stop.wait().await?;
    let now = || get_running_loop().map(|event_loop| event_loop.time());
    let told = now()?;
    let finishing = create_task(async move { ours::finish(&server).await });
    println!("the one who asked: {}", asking.line().await?);
    println!("the idle one: {}", idle.line().await?);
    let refused = open_connection(address).await.is_err();
    println!("a new one is refused: {refused}");
    println!("every client in time: {}", finishing.await?);
    println!("ended after {}", seconds(now()? - told));
    Ok(())
}

//! Sockets, streams and servers, on real loopback sockets and port 0.
//!
//! Most tests run on a virtual clock. There, time passes only when no task can run and the operating system has no news, and
//! `settle` waits for that. A test that waits for something that never comes would hang; a guard ends it.

use std::cell::{Cell, RefCell};
use std::fmt::Display;
use std::future::Future;
use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use asyncio::{
    Direction, Error, EventLoop, IncompleteRead, LimitOverrun, Panicked, Protocol, Result,
    RunError, Server, StreamReader, StreamWriter, TcpListener, TcpStream, Transport, create_server,
    create_task, gather, get_running_loop, open_connection, sleep, to_thread, yield_now,
};

const ANY_PORT: &str = "127.0.0.1:0";

/// Runs a test on a virtual clock.
#[track_caller]
fn run<T: Clone + 'static>(body: impl Future<Output = Result<T>> + 'static) -> T {
    run_on(&EventLoop::with_virtual_clock(), body)
}

#[track_caller]
fn run_on<T: Clone + 'static>(
    event_loop: &EventLoop,
    body: impl Future<Output = Result<T>> + 'static,
) -> T {
    guarded(|| event_loop.run(body)).expect("the test ends without an error")
}

/// Runs a test, and ends the process if it hangs.
fn guarded<R>(test: impl FnOnce() -> R) -> R {
    let (_running, ended) = mpsc::channel::<()>();
    let name = thread::current().name().map(str::to_owned);
    thread::spawn(move || {
        if ended.recv_timeout(Duration::from_secs(60)) == Err(mpsc::RecvTimeoutError::Timeout) {
            eprintln!("{name:?} hangs");
            std::process::abort();
        }
    });
    test()
}

/// Waits until nobody has anything to do: the virtual clock does not move before that.
///
/// The operating system may take a moment to carry data from one socket to another, so the other threads get turns, too.
async fn settle() -> Result<()> {
    for _ in 0..20 {
        to_thread(|| {
            thread::yield_now();
            Ok(())
        })
        .await?;
        sleep(Duration::from_secs(1)).await?;
    }
    Ok(())
}

/// The lines that a test writes. Clones write to the same trace.
#[derive(Clone, Default)]
struct Trace {
    lines: Rc<RefCell<Vec<String>>>,
}

impl Trace {
    fn say(&self, line: impl Display) {
        self.lines.borrow_mut().push(line.to_string());
    }

    fn take(&self) -> Vec<String> {
        self.lines.take()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn kind_of(error: &Error) -> Option<ErrorKind> {
    error
        .downcast_ref::<std::io::Error>()
        .map(std::io::Error::kind)
}

/// Makes the two ends of a connection.
async fn pair() -> Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind(ANY_PORT).await?;
    let client = TcpStream::connect(listener.local_addr()?).await?;
    let (server, _) = listener.accept().await?;
    Ok((client, server))
}

/// Ends a connection with a reset: that is what closing does while something is unread.
async fn reset(client: TcpStream) -> Result<()> {
    let mut one_of_several = [0];
    client.read(&mut one_of_several).await?;
    Ok(())
}

/// Adds the numbers of each line.
fn answer(line: &[u8]) -> String {
    let sum: u32 = text(line)
        .split_whitespace()
        .map(|n| n.parse::<u32>().unwrap_or(0))
        .sum();
    format!("{sum}\n")
}

/// Tells a trace what it is called with; answers each whole line.
struct Adder {
    trace: Trace,
    transport: Option<Transport>,
    rest: Vec<u8>,
}

impl Protocol for Adder {
    fn connection_made(&mut self, transport: &Transport) {
        self.trace.say("made");
        self.transport = Some(transport.clone());
    }

    fn data_received(&mut self, data: &[u8]) {
        self.rest.extend_from_slice(data);
        let transport = self.transport.as_ref().expect("connection_made came first");
        while let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            self.trace.say(text(&line).trim());
            match &*line {
                b"panic\n" => panic!("the client asked for it"),
                b"close\n" => transport.close(),
                _ => transport.write(answer(&line).as_bytes()),
            }
        }
    }

    fn eof_received(&mut self) -> bool {
        self.trace.say(format!("eof after {:?}", text(&self.rest)));
        false
    }

    fn connection_lost(&mut self, error: Option<&Error>) {
        self.trace.say(match error {
            None => "lost".to_owned(),
            Some(error) => match kind_of(error) {
                Some(kind) => format!("lost: {kind:?}"),
                None => format!("lost: {error}"),
            },
        });
    }
}

async fn adding_server(trace: &Trace) -> Result<Server> {
    let trace = trace.clone();
    create_server(ANY_PORT, move || Adder {
        trace: trace.clone(),
        transport: None,
        rest: Vec::new(),
    })
    .await
}

/// Serves one client with streams, to its end.
async fn add_lines(reader: StreamReader, writer: StreamWriter) -> Result<()> {
    loop {
        let line = reader.read_line().await?;
        if !line.ends_with(b"\n") {
            writer.close();
            return writer.wait_closed().await;
        }
        writer.write(answer(&line).as_bytes());
        writer.drain().await?;
    }
}

/// Serves clients with streams for ever.
async fn serve_streams() -> Result<SocketAddr> {
    let listener = TcpListener::bind(ANY_PORT).await?;
    let address = listener.local_addr()?;
    create_task::<()>(async move {
        loop {
            let (reader, writer) = listener.accept().await?.0.split();
            create_task(add_lines(reader, writer));
        }
    });
    Ok(address)
}

/// Talks to an adding server: many commands in one packet, then one command in many.
async fn ask(address: SocketAddr) -> Result<Vec<String>> {
    let (reader, writer) = open_connection(address).await?;
    let mut answers = Vec::new();
    writer.write(b"1 2\n3 4\n5 ");
    for _ in 0..2 {
        answers.push(text(&reader.read_line().await?));
    }
    for part in [&b"6"[..], b" 7", b"\n"] {
        settle().await?;
        writer.write(part);
    }
    answers.push(text(&reader.read_line().await?));
    writer.write_eof();
    answers.push(text(&reader.read_to_end().await?));
    writer.close();
    writer.wait_closed().await?;
    Ok(answers)
}

#[test]
fn streams_do_not_care_how_commands_are_cut_into_packets() {
    let answers = run(async { ask(serve_streams().await?).await });
    assert_eq!(answers, ["3\n", "7\n", "18\n", ""]);
}

#[test]
fn a_protocol_hears_of_a_connection_from_beginning_to_end() {
    let trace = Trace::default();
    let said = trace.clone();
    let answers = run(async move {
        let server = adding_server(&said).await?;
        let answers = ask(server.local_addr()).await?;
        settle().await?;
        Ok(answers)
    });
    assert_eq!(answers, ["3\n", "7\n", "18\n", ""]);
    assert_eq!(
        trace.take(),
        ["made", "1 2", "3 4", "5 6 7", "eof after \"\"", "lost"]
    );
}

#[test]
fn a_protocol_may_go_on_writing_after_the_client_has_ended() {
    struct Late(Option<Transport>);
    impl Protocol for Late {
        fn connection_made(&mut self, transport: &Transport) {
            self.0 = Some(transport.clone());
        }
        fn data_received(&mut self, _: &[u8]) {}
        fn eof_received(&mut self) -> bool {
            let transport = self.0.clone().expect("connection_made came first");
            let event_loop = get_running_loop().expect("protocols run on the loop");
            event_loop.call_later(Duration::from_secs(1), move || {
                transport.write(b"goodbye");
                transport.close();
            });
            true
        }
    }
    let received = run(async {
        let server = create_server(ANY_PORT, || Late(None)).await?;
        let (reader, writer) = open_connection(server.local_addr()).await?;
        writer.write_eof();
        writer.write(b"dropped, for the end was announced");
        reader.read_to_end().await
    });
    assert_eq!(received, b"goodbye");
}

#[test]
fn a_peer_that_closes_early_leaves_what_it_sent() {
    let trace = Trace::default();
    let said = trace.clone();
    run(async move {
        let (client, server) = pair().await?;
        client.write_all(b"half a li").await?;
        drop(client);
        let (reader, _) = server.split();
        said.say(text(&reader.read_line().await?));
        said.say(format!("{:?}", text(&reader.read_line().await?)));

        let (client, server) = pair().await?;
        client.write_all(b"four").await?;
        drop(client);
        let (reader, _) = server.split();
        let error = reader.read_exactly(6).await.unwrap_err();
        said.say(&error);
        assert_eq!(
            error.downcast_ref::<IncompleteRead>().unwrap().partial,
            b"four"
        );

        let server = adding_server(&said).await?;
        let client = TcpStream::connect(server.local_addr()).await?;
        client.write_all(b"1 2").await?;
        drop(client);
        settle().await
    });
    assert_eq!(
        trace.take(),
        [
            "half a li",
            "\"\"",
            "4 bytes read on a total of 6 expected bytes",
            "made",
            "eof after \"1 2\"",
            "lost"
        ]
    );
}

#[test]
fn a_peer_that_resets_is_an_error_for_its_connection_alone() {
    let trace = Trace::default();
    let said = trace.clone();
    run(async move {
        let (client, server) = pair().await?;
        let (reader, writer) = server.split();
        writer.write(b"unread");
        reset(client).await?;
        for error in [
            reader.read(1).await.err(),
            writer.drain().await.err(),
            writer.wait_closed().await.err(),
            reader.read_line().await.err(),
        ] {
            said.say(format!("{:?}", error.as_ref().and_then(kind_of)));
        }

        let server = adding_server(&said).await?;
        let client = TcpStream::connect(server.local_addr()).await?;
        client.write_all(b"1 2\n").await?;
        reset(client).await?;
        settle().await?;
        let client = TcpStream::connect(server.local_addr()).await?;
        client.write_all(b"3 4\n").await?;
        let mut buffer = [0; 8];
        let count = client.read(&mut buffer).await?;
        said.say(text(&buffer[..count]).trim());
        Ok(())
    });
    let mut expected = vec!["Some(ConnectionReset)"; 4];
    expected.extend(["made", "1 2", "lost: ConnectionReset", "made", "3 4", "7"]);
    // The loop makes a few passes more when the program is over, and may hear there that the client has gone.
    assert_eq!(trace.take()[..expected.len()], expected);
}

/// Writes and drains until `stop`, and counts; the limit is far beyond what the system keeps.
async fn flood(writer: StreamWriter, written: Rc<Cell<usize>>, stop: Rc<Cell<bool>>) -> Result<()> {
    let chunk = [b'x'; 50_000];
    while !stop.get() {
        assert!(written.get() < 1 << 30, "nobody held the writer back");
        writer.write(&chunk);
        written.set(written.get() + chunk.len());
        writer.drain().await?;
    }
    writer.write_eof();
    Ok(())
}

#[test]
fn a_peer_that_never_reads_makes_drain_wait() {
    run(async {
        let (client, server) = pair().await?;
        let (_, writer) = server.split();
        let (written, stop) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(false)));
        let flood = create_task(flood(writer, written.clone(), stop.clone()));
        settle().await?;
        let when_full = written.get();
        settle().await?;
        assert_eq!(written.get(), when_full, "the writer waits");
        assert!(!flood.is_done());

        stop.set(true);
        let (reader, _) = client.split();
        assert_eq!(reader.read_to_end().await?.len(), when_full);
        flood.await
    });
}

#[test]
fn a_protocol_gets_no_data_from_a_client_that_does_not_read() {
    #[derive(Default)]
    struct Echo(Option<Transport>);
    impl Protocol for Echo {
        fn connection_made(&mut self, transport: &Transport) {
            self.0 = Some(transport.clone());
        }
        fn data_received(&mut self, data: &[u8]) {
            self.0
                .as_ref()
                .expect("connection_made came first")
                .write(data);
        }
    }
    run(async {
        let server = create_server(ANY_PORT, Echo::default).await?;
        let (reader, writer) = open_connection(server.local_addr()).await?;
        let (written, stop) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(false)));
        let flood = create_task(flood(writer, written.clone(), stop.clone()));
        settle().await?;
        let when_full = written.get();
        settle().await?;
        assert_eq!(written.get(), when_full, "the server does not read either");

        stop.set(true);
        assert_eq!(reader.read_to_end().await?.len(), when_full);
        flood.await
    });
}

#[test]
fn a_line_that_is_too_long_is_an_error_and_no_memory() {
    let trace = Trace::default();
    let said = trace.clone();
    run(async move {
        let (client, server) = pair().await?;
        let (reader, _) = server.split();
        let reader = reader.with_limit(4);
        client.write_all(b"1234\n12345\n1\n").await?;
        for _ in 0..3 {
            match reader.read_line().await {
                Ok(line) => said.say(text(&line).trim()),
                Err(error) => said.say(error),
            }
        }
        client.write_all(b"12345").await?;
        let error = reader.read_line().await.unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&LimitOverrun { limit: 4 }));
        client.write_all(b"67\n").await?;
        said.say(text(&reader.read_line().await?).trim());
        Ok(())
    });
    assert_eq!(
        trace.take(),
        ["1234", "separator is not found within 4 bytes", "1", "67"]
    );
}

#[test]
fn the_limit_is_64_kib_at_first() {
    run(async {
        let (client, server) = pair().await?;
        let sender = create_task(async move {
            let mut line = vec![b'x'; 64 * 1024];
            line.push(b'\n');
            client.write_all(&line).await?;
            line.insert(0, b'x');
            client.write_all(&line).await
        });
        let (reader, _) = server.split();
        assert_eq!(reader.read_line().await?.len(), 64 * 1024 + 1);
        assert!(reader.read_line().await.unwrap_err().is::<LimitOverrun>());
        // A part of the long line may still be under way.
        let _ = reader.read_to_end().await;
        sender.await
    });
}

#[test]
fn a_separator_may_arrive_in_parts() {
    let parts = run(async {
        let (client, server) = pair().await?;
        let (reader, _) = server.split();
        let head = create_task(async move {
            let head = reader.read_until(b"\r\n\r\n").await?;
            Ok((head, reader.read_to_end().await?))
        });
        for part in ["GET / HTTP/1.1\r\nHost: x\r", "\n\r", "\nbody"] {
            client.write_all(part.as_bytes()).await?;
            settle().await?;
        }
        drop(client);
        head.await
    });
    assert_eq!(text(&parts.0), "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(text(&parts.1), "body");
}

#[test]
fn readers_are_served_in_order_and_a_cancelled_one_takes_nothing() {
    let trace = Trace::default();
    let said = trace.clone();
    run(async move {
        let (client, server) = pair().await?;
        let (reader, _) = server.split();
        let tasks: Vec<_> = ["a", "b", "c", "d"]
            .into_iter()
            .map(|name| {
                let (reader, said) = (reader.clone(), said.clone());
                create_task(async move {
                    let line = reader.read_exactly(4).await;
                    said.say(match line {
                        Ok(line) => format!("{name}: {}", text(&line)),
                        Err(error) => format!("{name}: {error}"),
                    });
                    Ok(())
                })
            })
            .collect();
        settle().await?;
        client.write_all(b"on").await?;
        settle().await?;
        tasks[0].cancel();
        tasks[2].cancel();
        settle().await?;
        client.write_all(b"e.two.").await?;
        for task in &tasks {
            task.await?;
        }
        Ok(())
    });
    assert_eq!(
        trace.take(),
        ["a: cancelled", "c: cancelled", "b: one.", "d: two."]
    );
}

#[test]
fn a_cancelled_or_dropped_accept_loses_no_connection() {
    run(async {
        let listener = TcpListener::bind(ANY_PORT).await?;
        let accept = |listener: &TcpListener| {
            let listener = listener.clone();
            create_task(async move { Ok(listener.accept().await?.1) })
        };
        let (first, second) = (accept(&listener), accept(&listener));
        settle().await?;
        first.cancel();
        let client = TcpStream::connect(listener.local_addr()?).await?;
        assert_eq!(second.await?, client.local_addr()?);
        assert!(first.await.unwrap_err().is_cancelled());

        tokio::select! {
            biased;
            _ = listener.accept() => panic!("nobody has connected"),
            turn = yield_now() => turn?,
        }
        let client = TcpStream::connect(listener.local_addr()?).await?;
        assert_eq!(listener.accept().await?.1, client.local_addr()?);
        Ok(())
    });
}

#[test]
fn a_waiter_that_is_cancelled_when_it_was_woken_already_takes_nothing() {
    let trace = Trace::default();
    let said = trace.clone();
    run(async move {
        let listener = mio::net::TcpListener::bind(ANY_PORT.parse()?)?;
        let address = listener.local_addr()?;
        let listener = Rc::new(get_running_loop()?.watch(listener)?);
        let victim = Rc::new(RefCell::new(None::<asyncio::Task<()>>));
        let wait = |name: &'static str, and_then: Box<dyn FnOnce()>| {
            let (listener, said) = (listener.clone(), said.clone());
            create_task(async move {
                let woken = listener.readable().await;
                and_then();
                said.say(match woken {
                    Ok(()) => format!("{name} woken"),
                    Err(cancelled) => format!("{name} {cancelled}"),
                });
                Ok(())
            })
        };
        let cancels = victim.clone();
        let first = wait(
            "first",
            Box::new(move || {
                cancels.borrow().as_ref().unwrap().cancel();
            }),
        );
        *victim.borrow_mut() = Some(wait("second", Box::new(|| ())));
        let third = wait("third", Box::new(|| ()));
        settle().await?;
        let _client = std::net::TcpStream::connect(address)?;
        first.await?;
        third.await?;
        listener.try_io(Direction::Read, |listener| listener.accept())?;
        said.say("accepted");
        let again = listener.try_io(Direction::Read, |listener| listener.accept());
        said.say(format!("{:?}", again.unwrap_err().kind()));
        Ok(())
    });
    assert_eq!(
        trace.take(),
        [
            "first woken",
            "second cancelled",
            "third woken",
            "accepted",
            "WouldBlock"
        ]
    );
}

#[test]
fn a_read_that_is_dropped_in_select_loses_nothing() {
    let sent: String = (0..200).map(|n| format!("line {n}\n")).collect();
    let expected = sent.clone();
    let received = run(async move {
        let (client, server) = pair().await?;
        let (reader, _) = server.split();
        create_task(async move {
            for part in sent.as_bytes().chunks(3) {
                client.write_all(part).await?;
            }
            Ok(())
        });
        let (mut received, mut dropped) = (String::new(), 0);
        loop {
            tokio::select! {
                biased;
                line = reader.read_line() => match &*line? {
                    b"" => break,
                    line => received += &text(line),
                },
                turn = yield_now() => {
                    turn?;
                    dropped += 1;
                }
            }
        }
        assert!(dropped > 200, "reads were dropped {dropped} times");
        Ok(received)
    });
    assert_eq!(received, expected);
}

#[test]
fn a_thousand_clients_at_once_on_one_loop() {
    with_open_files(4096, "a_thousand_clients_at_once_on_one_loop", || {
        let sums = run(async {
            let server = adding_server(&Trace::default()).await?;
            let address = server.local_addr();
            let connected = Rc::new(Cell::new(0));
            let all_here = asyncio::Event::new();
            // The system keeps 128 in line, and lets whoever comes then try again a second later.
            let line = asyncio::Semaphore::new(100);
            let clients = (0..1000).map(|number: u32| {
                let (connected, all_here) = (connected.clone(), all_here.clone());
                let line = line.clone();
                async move {
                    let place = line.acquire().await?;
                    let (reader, writer) = open_connection(address).await?;
                    writer.write(format!("{number}\n").as_bytes());
                    reader.read_line().await?;
                    drop(place);
                    connected.set(connected.get() + 1);
                    if connected.get() == 1000 {
                        all_here.set();
                    }
                    all_here.wait().await?;
                    writer.write(format!("{number} 1\n").as_bytes());
                    let line = reader.read_line().await?;
                    Ok(text(&line).trim().parse::<u32>()?)
                }
            });
            let sums = gather(clients).await?;
            server.close();
            server.wait_closed().await?;
            Ok(sums)
        });
        assert_eq!(sums, (1..=1000).collect::<Vec<_>>());
    });
}

#[test]
fn a_closed_server_serves_the_clients_it_has() {
    let trace = Trace::default();
    let said = trace.clone();
    run(async move {
        let server = adding_server(&said).await?;
        let address = server.local_addr();
        let (reader, writer) = open_connection(address).await?;
        let (other, _keep) = open_connection(address).await?;
        settle().await?;
        assert!(server.is_serving());
        server.close();
        server.close();
        assert!(!server.is_serving());
        assert_eq!(server.local_addr(), address);
        let refused = open_connection(address).await.err();
        said.say(format!("{:?}", refused.as_ref().and_then(kind_of)));

        let waiting = server.clone();
        let closed = create_task(async move { waiting.wait_closed().await });
        writer.write(b"1 2\n");
        said.say(text(&reader.read_line().await?).trim());
        settle().await?;
        assert!(!closed.is_done(), "two clients are there");
        writer.close();
        settle().await?;
        assert!(!closed.is_done(), "one client is there");
        server.close_clients();
        said.say(format!("{:?}", text(&other.read_to_end().await?)));
        closed.await?;
        said.say("closed");
        Ok(())
    });
    assert_eq!(
        trace.take(),
        [
            "made",
            "made",
            "Some(ConnectionRefused)",
            "1 2",
            "3",
            "eof after \"\"",
            "lost",
            "lost",
            "\"\"",
            "closed"
        ]
    );
}

#[test]
fn close_sends_the_rest_and_abort_does_not() {
    struct Big(bool);
    const SIZE: usize = 20_000_000;
    impl Protocol for Big {
        fn connection_made(&mut self, transport: &Transport) {
            transport.write(&vec![b'x'; SIZE]);
            transport.close();
            transport.write(b"dropped");
            assert!(transport.is_closing());
            if self.0 {
                transport.abort();
            }
        }
        fn data_received(&mut self, _: &[u8]) {
            panic!("a transport that closes does not read");
        }
    }
    run(async {
        for abort in [false, true] {
            let server = create_server(ANY_PORT, move || Big(abort)).await?;
            let (reader, writer) = open_connection(server.local_addr()).await?;
            if abort {
                // A socket that is closed with something unread resets the connection, and would take the rest along.
                writer.write(b"not read");
            }
            settle().await?;
            server.close();
            if abort {
                server.wait_closed().await?;
                assert!(reader.read_to_end().await.map_or(0, |data| data.len()) < SIZE);
            } else {
                let mut received = 0;
                while received < SIZE {
                    received += reader.read(1 << 20).await?.len();
                }
                assert_eq!(received, SIZE);
                server.wait_closed().await?;
            }
        }
        Ok(())
    });
}

#[test]
fn a_client_that_reads_nothing_is_there_until_the_server_aborts() {
    struct Big(Trace);
    impl Protocol for Big {
        fn connection_made(&mut self, transport: &Transport) {
            transport.write(&[b'x'; 20_000_000]);
        }
        fn data_received(&mut self, _: &[u8]) {}
        fn connection_lost(&mut self, error: Option<&Error>) {
            self.0
                .say(format!("lost, with an error: {}", error.is_some()));
        }
    }
    let trace = Trace::default();
    let said = trace.clone();
    run(async move {
        let protocol = said.clone();
        let server = create_server(ANY_PORT, move || Big(protocol.clone())).await?;
        let _client = TcpStream::connect(server.local_addr()).await?;
        settle().await?;
        server.close();
        server.close_clients();
        settle().await?;
        said.say("closed");
        server.abort_clients();
        server.wait_closed().await
    });
    assert_eq!(trace.take(), ["closed", "lost, with an error: false"]);
}

#[test]
fn reading_can_be_paused() {
    let trace = Trace::default();
    let said = trace.clone();
    run(async move {
        struct Pausing(Trace, Rc<RefCell<Option<Transport>>>);
        impl Protocol for Pausing {
            fn connection_made(&mut self, transport: &Transport) {
                transport.pause_reading();
                *self.1.borrow_mut() = Some(transport.clone());
            }
            fn data_received(&mut self, data: &[u8]) {
                self.0.say(text(data));
            }
        }
        let transport = Rc::new(RefCell::new(None));
        let (log, kept) = (said.clone(), transport.clone());
        let server = create_server(ANY_PORT, move || Pausing(log.clone(), kept.clone())).await?;
        let client = TcpStream::connect(server.local_addr()).await?;
        client.write_all(b"early").await?;
        settle().await?;
        said.say("resume");
        let transport = transport.borrow().clone().expect("the client is connected");
        assert_eq!(transport.peer_addr(), Some(client.local_addr()?));
        transport.resume_reading();
        settle().await?;
        transport.pause_reading();
        client.write_all(b"late").await?;
        settle().await
    });
    assert_eq!(trace.take(), ["resume", "early"]);
}

#[test]
fn a_panic_in_a_protocol_ends_its_connection_and_not_the_server() {
    let trace = Trace::default();
    let said = trace.clone();
    let event_loop = EventLoop::with_virtual_clock();
    let reports = trace.clone();
    event_loop.set_exception_handler(move |context| {
        assert!(context.error.as_ref().is_some_and(Error::is::<Panicked>));
        reports.say(context);
    });
    run_on(&event_loop, async move {
        let server = adding_server(&said).await?;
        let (reader, writer) = open_connection(server.local_addr()).await?;
        writer.write(b"panic\n");
        assert_eq!(reader.read_to_end().await?, b"");
        let (reader, writer) = open_connection(server.local_addr()).await?;
        writer.write(b"1 2\n");
        said.say(text(&reader.read_line().await?).trim());

        let first = Cell::new(true);
        let server = create_server(ANY_PORT, move || {
            assert!(!first.replace(false), "the factory failed");
            Adder {
                trace: Trace::default(),
                transport: None,
                rest: Vec::new(),
            }
        })
        .await?;
        let (reader, _writer) = open_connection(server.local_addr()).await?;
        assert_eq!(reader.read_to_end().await?, b"");
        let (reader, writer) = open_connection(server.local_addr()).await?;
        writer.write(b"3 4\n");
        said.say(text(&reader.read_line().await?).trim());
        Ok(())
    });
    assert_eq!(
        trace.take(),
        [
            "made",
            "panic",
            "Fatal error: protocol.data_received() call failed: panicked: the client asked for it",
            "lost: panicked: the client asked for it",
            "made",
            "1 2",
            "3",
            "Error in the protocol factory: panicked: the factory failed",
            "7",
        ]
    );
}

#[test]
#[cfg(unix)]
fn a_server_without_file_descriptors_tries_again_later() {
    with_open_files(
        64,
        "a_server_without_file_descriptors_tries_again_later",
        || {
            let trace = Trace::default();
            let event_loop = EventLoop::with_virtual_clock();
            let files = Rc::new(RefCell::new(Vec::new()));
            let (reports, held, clock) = (trace.clone(), files.clone(), event_loop.clone());
            event_loop.set_exception_handler(move |context| {
                let error = context
                    .error
                    .as_ref()
                    .and_then(|e| e.downcast_ref::<std::io::Error>());
                let code = error.and_then(std::io::Error::raw_os_error);
                reports.say(format!(
                    "{} {code:?} at {} s",
                    context.message,
                    clock.time().as_secs()
                ));
                if clock.time() >= Duration::from_secs(2) {
                    held.borrow_mut().clear();
                }
            });
            let said = trace.clone();
            run_on(&event_loop, async move {
                let server = adding_server(&said).await?;
                while let Ok(file) = std::fs::File::open("/dev/null") {
                    files.borrow_mut().push(file);
                }
                files.borrow_mut().pop();
                let mut client = std::net::TcpStream::connect(server.local_addr())?;
                client.write_all(b"1 2\n")?;
                settle().await?;
                let mut buffer = [0; 8];
                let count = client.read(&mut buffer)?;
                said.say(text(&buffer[..count]).trim());
                Ok(())
            });
            let failures =
                [0, 1, 2].map(|s| format!("Accept out of system resource Some(24) at {s} s"));
            let served = ["made", "1 2", "3"].map(str::to_owned);
            let expected = [&failures[..], &served[..]].concat();
            // The loop makes a few passes more when the program is over, and may hear there that the client has gone.
            assert_eq!(trace.take()[..expected.len()], expected);
        },
    );
}

/// Runs a test in a process of its own that may open `limit` files: other systems allow too few, or a test needs to run out.
fn with_open_files(limit: usize, test: &str, body: impl FnOnce()) {
    const INSIDE: &str = "ASYNCIO_TEST_OPEN_FILES";
    if cfg!(not(unix)) || std::env::var_os(INSIDE).is_some() {
        return body();
    }
    let this = std::env::current_exe().expect("the test has a path");
    let output = std::process::Command::new("sh")
        .args(["-c", &format!("ulimit -n {limit} && exec \"$0\" \"$@\"")])
        .arg(this)
        .args(["--exact", test, "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .expect("a shell");
    let said = text(&output.stdout) + &text(&output.stderr);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}"
    );
}

#[test]
fn a_readable_source_calls_in_every_pass_until_nothing_is_left() {
    let trace = Trace::default();
    let said = trace.clone();
    run(async move {
        let (mut client, socket) = raw_pair()?;
        let event_loop = get_running_loop()?;
        let socket = Rc::new(event_loop.watch(socket)?);
        let (source, log) = (socket.clone(), said.clone());
        let handle = socket.on_readable(move || {
            let mut byte = [0];
            let read = source.try_io(Direction::Read, |mut socket| socket.read(&mut byte));
            log.say(match read {
                Ok(_) => text(&byte),
                Err(e) => format!("{:?}", e.kind()),
            });
            let log = log.clone();
            get_running_loop()?.call_soon(move || log.say("pass"));
            Ok::<_, Error>(())
        });
        client.write_all(b"abc")?;
        settle().await?;
        said.say("more");
        client.write_all(b"d")?;
        settle().await?;
        handle.cancel();
        assert!(handle.is_cancelled());
        said.say("cancelled");
        client.write_all(b"e")?;
        settle().await
    });
    let expected = "a pass b pass c pass WouldBlock pass more d pass WouldBlock pass cancelled";
    assert_eq!(trace.take().join(" "), expected);
}

#[test]
fn a_callback_does_not_run_if_somebody_else_has_read_everything() {
    let trace = Trace::default();
    let said = trace.clone();
    run(async move {
        let (mut client, socket) = raw_pair()?;
        let socket = Rc::new(get_running_loop()?.watch(socket)?);
        let log = said.clone();
        socket.on_readable(move || log.say("callback"));
        let (source, log) = (socket.clone(), said.clone());
        let reading = create_task(async move {
            source.readable().await?;
            let mut buffer = [0; 8];
            while source
                .try_io(Direction::Read, |mut socket| socket.read(&mut buffer))
                .is_ok()
            {
                log.say("read");
            }
            Ok(())
        });
        settle().await?;
        client.write_all(b"all")?;
        reading.await?;
        settle().await
    });
    assert_eq!(trace.take(), ["read"]);
}

#[test]
fn a_writable_source_calls_in_every_pass_until_its_handle_is_cancelled() {
    let trace = Trace::default();
    let said = trace.clone();
    run(async move {
        let (_client, socket) = raw_pair()?;
        let socket = get_running_loop()?.watch(socket)?;
        settle().await?;
        let log = said.clone();
        socket.on_writable(move || log.say("replaced before it ran"));
        let handle = Rc::new(RefCell::new(None::<asyncio::Handle>));
        let (log, own, mut calls) = (said.clone(), handle.clone(), 0);
        *handle.borrow_mut() = Some(socket.on_writable(move || {
            calls += 1;
            log.say(calls);
            if calls == 3 {
                own.borrow().as_ref().unwrap().cancel();
            }
        }));
        settle().await
    });
    assert_eq!(trace.take(), ["1", "2", "3"]);
}

#[test]
fn an_error_of_a_callback_is_reported_and_a_panic_leaves_the_run() {
    let trace = Trace::default();
    let event_loop = EventLoop::with_virtual_clock();
    let reports = trace.clone();
    event_loop.set_exception_handler(move |context| reports.say(context));
    let (_client, socket) = raw_pair().unwrap();
    let socket = event_loop.watch(socket).unwrap();
    let (this, log, mut calls) = (event_loop.clone(), trace.clone(), 0);
    socket.on_writable(move || {
        calls += 1;
        log.say(calls);
        match calls {
            1 => return Err(Error::msg("an error")),
            2 => panic!("a panic"),
            _ => this.stop(),
        }
        Ok(())
    });
    let run = std::panic::AssertUnwindSafe(|| event_loop.run_forever());
    assert!(std::panic::catch_unwind(run).is_err());
    event_loop.run_forever().unwrap();
    assert_eq!(
        trace.take(),
        ["1", "Exception in callback: an error", "2", "3"]
    );
}

#[test]
fn dropping_a_source_or_closing_the_loop_drops_its_callbacks() {
    let (_client, socket) = raw_pair().unwrap();
    let event_loop = EventLoop::new();
    let captured = Rc::new(());
    let (first, second) = (captured.clone(), captured.clone());
    let socket = event_loop.watch(socket).unwrap();
    socket.on_readable(move || drop(first.clone()));
    socket.on_writable(move || drop(second.clone()));
    assert_eq!(Rc::strong_count(&captured), 3);
    drop(socket);
    assert_eq!(Rc::strong_count(&captured), 1);

    let (_client, socket) = raw_pair().unwrap();
    let socket = Rc::new(event_loop.watch(socket).unwrap());
    let (own, kept) = (socket.clone(), captured.clone());
    socket.on_readable(move || drop((own.clone(), kept.clone())));
    event_loop.close().unwrap();
    assert_eq!(
        (Rc::strong_count(&captured), Rc::strong_count(&socket)),
        (1, 1)
    );
}

#[test]
fn closing_the_loop_drops_the_protocols_of_open_connections() {
    struct Keeper {
        _captured: Rc<()>,
        transport: Option<Transport>,
    }
    impl Protocol for Keeper {
        fn connection_made(&mut self, transport: &Transport) {
            self.transport = Some(transport.clone());
        }
        fn data_received(&mut self, _: &[u8]) {}
    }
    let captured = Rc::new(());
    let (kept, looked_at) = (captured.clone(), captured.clone());
    let client = run(async move {
        let server = create_server(ANY_PORT, move || Keeper {
            _captured: kept.clone(),
            transport: None,
        })
        .await?;
        let client = std::net::TcpStream::connect(server.local_addr())?;
        settle().await?;
        assert_eq!(
            Rc::strong_count(&looked_at),
            4,
            "two here, the factory's, the protocol's"
        );
        Ok(Rc::new(client))
    });
    assert_eq!(Rc::strong_count(&captured), 1);
    let end = (&mut &*client).read(&mut [0; 8]);
    assert_eq!(end.expect("the socket was closed in order"), 0);
}

#[test]
fn an_address_that_cannot_be_used_is_named() {
    run(async {
        let (client, _server) = pair().await?;
        // This port is taken and nobody listens at it.
        let address = client.local_addr()?;
        let error = open_connection(address)
            .await
            .err()
            .expect("nobody listens");
        assert_eq!(kind_of(&error), Some(ErrorKind::ConnectionRefused));
        let start = format!("cannot connect to {address}: ");
        assert!(error.to_string().starts_with(&start), "{error}");

        let listener = TcpListener::bind(ANY_PORT).await?;
        let address = listener.local_addr()?;
        let error = TcpListener::bind(address).await.err().expect("it is taken");
        assert_eq!(kind_of(&error), Some(ErrorKind::AddrInUse));
        let start = format!("cannot listen at {address}: ");
        assert!(error.to_string().starts_with(&start), "{error}");

        let error = open_connection("no port").await.err().expect("no address");
        let start = "cannot connect to no port: ";
        assert!(error.to_string().starts_with(start), "{error}");
        Ok(())
    });
}

#[test]
fn a_name_is_looked_up_on_another_thread() {
    run(async {
        let listener = TcpListener::bind(ANY_PORT).await?;
        let port = listener.local_addr()?.port();
        let client = TcpStream::connect(format!("localhost:{port}")).await?;
        assert_eq!(listener.accept().await?.1, client.local_addr()?);
        Ok(())
    });
}

#[test]
fn closing_a_writer_ends_the_reader_and_what_comes_after_is_an_error() {
    run(async {
        let (client, server) = pair().await?;
        let (reader, writer) = server.split();
        let waiting = reader.clone();
        let reading = create_task(async move { waiting.read(10).await });
        settle().await?;
        writer.close();
        assert_eq!(reading.await?, b"");
        assert_eq!(reader.read(10).await?, b"");
        writer.write(b"dropped");
        writer.wait_closed().await?;
        let error = writer.drain().await.unwrap_err();
        assert_eq!(kind_of(&error), Some(ErrorKind::ConnectionReset));
        let (reader, _) = client.split();
        assert_eq!(reader.read_to_end().await?, b"");
        Ok(())
    });
}

#[test]
fn a_socket_that_always_has_data_leaves_the_others_their_turns() {
    let turns = run(async {
        let (client, server) = pair().await?;
        client.write_all(&[b'x'; 1000]).await?;
        settle().await?;
        let reading = create_task(async move {
            for _ in 0..1000 {
                server.read(&mut [0]).await?;
            }
            Ok(())
        });
        let mut turns = 0;
        while !reading.is_done() {
            yield_now().await?;
            turns += 1;
        }
        Ok(turns)
    });
    assert!(turns >= 1000, "{turns} turns while 1000 bytes were read");
}

/// This test lets real time pass, for it is about what happens then.
#[test]
#[cfg(target_os = "linux")]
fn an_idle_loop_with_sockets_uses_no_cpu() {
    let cpu_time = || {
        let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
        let nanoseconds = stat.split(' ').next().unwrap().parse().unwrap();
        Duration::from_nanos(nanoseconds)
    };
    let used = run_on(&EventLoop::new(), async move {
        let server = adding_server(&Trace::default()).await?;
        let (reader, writer) = open_connection(server.local_addr()).await?;
        writer.write(b"1 2\n");
        reader.read_line().await?;
        let half_closed = TcpStream::connect(server.local_addr()).await?;
        half_closed.shutdown(std::net::Shutdown::Write)?;
        let waiting = create_task(async move { reader.read_line().await });
        sleep(Duration::from_millis(20)).await?;
        let before = cpu_time();
        sleep(Duration::from_millis(200)).await?;
        let used = cpu_time() - before;
        waiting.cancel();
        Ok(used)
    });
    assert!(used < Duration::from_millis(20), "{used:?} of 200 ms");
}

/// Makes a blocking socket and the non-blocking one at its other end.
fn raw_pair() -> std::io::Result<(std::net::TcpStream, mio::net::TcpStream)> {
    let listener = std::net::TcpListener::bind(ANY_PORT)?;
    let client = std::net::TcpStream::connect(listener.local_addr()?)?;
    let (socket, _) = listener.accept()?;
    socket.set_nonblocking(true)?;
    Ok((client, mio::net::TcpStream::from_std(socket)))
}

/// A connection that is closed is watched no more, so nothing is left that could wake a task.
#[test]
fn a_loop_whose_sockets_are_closed_knows_that_it_waits_for_ever() {
    let event_loop = EventLoop::with_virtual_clock();
    let main = async {
        drop(pair().await?);
        settle().await?;
        get_running_loop()?.create_promise::<()>().await
    };
    let error = guarded(|| event_loop.run(main)).expect_err("it waits for ever");
    assert_eq!(error.downcast_ref(), Some(&RunError::Stalled));
}

#[test]
fn a_full_socket_is_writable_again_when_the_other_end_has_read() {
    let trace = Trace::default();
    let said = trace.clone();
    run(async move {
        let (mut client, socket) = raw_pair()?;
        let socket = Rc::new(get_running_loop()?.watch(socket)?);
        let bytes = vec![0; 1 << 16];
        let write =
            |mut socket: &_| -> std::io::Result<usize> { Write::write(&mut socket, &bytes) };
        let mut full = 0;
        while let Ok(written) = socket.try_io(Direction::Write, write) {
            full += written;
        }
        let (source, log) = (socket.clone(), said.clone());
        let writing = create_task(async move {
            source.writable().await?;
            log.say("writable");
            Ok(())
        });
        settle().await?;
        said.say("read");
        to_thread(move || Ok(client.read_exact(&mut vec![0; full])?)).await?;
        writing.await
    });
    assert_eq!(trace.take(), ["read", "writable"]);
}

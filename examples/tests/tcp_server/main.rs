//! The calculator of the chapter on TCP servers: its lines without a socket in `lines.rs`, and here both servers with real sockets.
//!
//! A server has a thread of its own, and its clients are plain blocking sockets with deadlines.

#[path = "../../calculator/mod.rs"]
mod calculator;
#[path = "../common/mod.rs"]
mod common;
mod lines;

use std::io::{ErrorKind, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::process::Command;
use std::sync::mpsc;
use std::thread;

use asyncio::{Event, EventLoop};
use calculator::{GREETING, LONGEST_LINE, on_tokio, ours};
use common::{Client, DEADLINE, allow_open_files, assert_one_sentence, example};
use tokio_util::sync::CancellationToken;

const ANY_PORT: &str = "127.0.0.1:0";

/// A server on a thread of its own, which ends by `shutdown` and says whether every client was in time.
struct Server {
    name: &'static str,
    address: SocketAddr,
    ended: mpsc::Receiver<bool>,
}

#[derive(Clone, Copy)]
enum Clock {
    Real,
    /// It jumps when nobody has anything to do: for the test in which somebody is late.
    Virtual,
}

impl Server {
    fn ours(clock: Clock) -> Self {
        let (sender, address) = mpsc::channel();
        let (end, ended) = mpsc::channel();
        thread::spawn(move || {
            let event_loop = match clock {
                Clock::Real => EventLoop::new(),
                Clock::Virtual => EventLoop::with_virtual_clock(),
            };
            let serving = async move {
                let stop = Event::new();
                let server = ours::start(ANY_PORT, &stop).await?;
                sender.send(server.local_addr())?;
                stop.wait().await?;
                ours::finish(&server).await
            };
            let in_time = event_loop.run(serving);
            end.send(in_time.expect("the server ends by itself"))
        });
        let name = "ours";
        let address = address.recv().expect("the server listens");
        Server {
            name,
            address,
            ended,
        }
    }

    fn tokio(clock: Clock) -> Self {
        let (sender, address) = mpsc::channel();
        let (end, ended) = mpsc::channel();
        thread::spawn(move || {
            let mut runtime = tokio::runtime::Builder::new_current_thread();
            runtime.enable_all();
            if matches!(clock, Clock::Virtual) {
                runtime.start_paused(true);
            }
            let in_time = runtime.build().expect("a runtime").block_on(async move {
                let listener = tokio::net::TcpListener::bind(ANY_PORT).await;
                let listener = listener.expect("a free port");
                sender.send(listener.local_addr().unwrap()).unwrap();
                on_tokio::serve(listener, CancellationToken::new()).await
            });
            end.send(in_time)
        });
        let name = "tokio";
        let address = address.recv().expect("the server listens");
        Server {
            name,
            address,
            ended,
        }
    }

    fn both(clock: Clock) -> [Self; 2] {
        [Server::ours(clock), Server::tokio(clock)]
    }

    /// Connects and reads the greeting.
    #[track_caller]
    fn client(&self) -> Client {
        let mut client = Client::connect(self.address);
        assert_eq!(client.line().as_deref(), Some(GREETING.trim_end()));
        client
    }

    /// Lets a client say `shutdown`; true if every client was in time.
    fn stop(self) -> bool {
        let mut client = self.client();
        client.send("shutdown\n");
        assert_eq!(client.line().as_deref(), Some("Shutting down"));
        assert_eq!(client.line(), None);
        let ended = self.ended.recv_timeout(DEADLINE);
        ended.expect("the server ends in time")
    }
}

#[track_caller]
fn ask(client: &mut Client, line: &str) -> String {
    client.send(format!("{line}\n"));
    client.line().expect("an answer")
}

#[test]
fn a_conversation_over_a_socket() {
    for server in Server::both(Clock::Real) {
        let mut client = server.client();
        assert_eq!(ask(&mut client, "add 1 2 3"), "6");
        assert_eq!(
            ask(&mut client, "add two"),
            "Error: two is not a whole number"
        );
        assert_eq!(ask(&mut client, "\n\nhello"), "Invalid command: hello");
        drop(client);
        assert!(server.stop());
    }
}

#[test]
fn packets_may_be_split_and_merged() {
    for server in Server::both(Clock::Real) {
        let (mut client, mut other) = (server.client(), server.client());
        for byte in b"add 10 20\nadd 3" {
            client.send([*byte]);
            // Once the other has its answer, the server has read the byte.
            assert_eq!(ask(&mut other, "add 1"), "1");
        }
        assert_eq!(client.line().as_deref(), Some("30"));
        client.send(" 4\nadd 5\n\nadd 6\nno\nadd 7 ");
        for answer in ["7", "5", "6", "Invalid command: no"] {
            assert_eq!(client.line().as_deref(), Some(answer), "{}", server.name);
        }
        drop((client, other));
        assert!(server.stop());
    }
}

#[test]
fn bad_input_is_answered_and_the_talk_goes_on() {
    for server in Server::both(Clock::Real) {
        let mut client = server.client();
        client.send(vec![b'x'; 1_000_000]);
        assert_eq!(
            client.line().as_deref(),
            Some("Error: a line has more than 1024 bytes")
        );
        assert_eq!(ask(&mut client, "\nadd 1 2"), "3");
        client.send(b"\x80\n");
        assert_eq!(
            client.line().as_deref(),
            Some("Error: the line is not UTF-8")
        );
        assert_eq!(ask(&mut client, "add 3 4"), "7");
        drop(client);
        assert!(server.stop());
    }
}

#[test]
fn half_a_line_at_the_end_is_not_answered() {
    for server in Server::both(Clock::Real) {
        let mut client = server.client();
        client.send("add 1 2\nadd 1 2");
        client.stream.shutdown(Shutdown::Write).unwrap();
        assert_eq!(client.rest(), "3\n", "{}", server.name);
        assert!(server.stop());
    }
}

#[test]
fn a_client_that_breaks_off_disturbs_nobody() {
    for server in Server::both(Clock::Real) {
        let mut other = server.client();
        for _ in 0..20 {
            // It leaves with its greeting unread, which resets the connection.
            let mut stream = TcpStream::connect(server.address).unwrap();
            stream.write_all(b"add 1 2\nadd 3").unwrap();
            drop(stream);
            assert_eq!(ask(&mut other, "add 1"), "1");
        }
        drop(other);
        assert!(server.stop());
    }
}

/// Sends whole lines until the server takes no more; gives their number.
fn flood(server: &Server, slow: &mut Client) -> usize {
    const ABSURD: usize = 64 << 20;
    let line = [[b'x'; LONGEST_LINE - 1].as_slice(), b"\n"].concat();
    let mut other = server.client();
    let (mut sent, mut refused) = (0, 0);
    slow.stream.set_nonblocking(true).unwrap();
    while refused < 100 {
        match slow.stream.write(&line[sent % line.len()..]) {
            Ok(count) => {
                sent += count;
                refused = 0;
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                refused += 1;
                // Meanwhile the server has turns enough to read more, if it wants to.
                assert_eq!(ask(&mut other, "add 1 2"), "3");
            }
            Err(error) => panic!("{}: {error}", server.name),
        }
        assert!(sent < ABSURD, "{} does not hold it back", server.name);
    }
    slow.stream.set_nonblocking(false).unwrap();
    sent / line.len()
}

#[test]
fn a_client_that_reads_nothing_is_held_back_and_loses_nothing() {
    for server in Server::both(Clock::Real) {
        let mut slow = server.client();
        let lines = flood(&server, &mut slow);
        for number in 0..lines {
            let answer = slow.line().expect("an answer");
            assert!(
                answer.starts_with("Invalid command: xxx") && answer.len() == 17 + LONGEST_LINE - 1,
                "{}: answer {number} of {lines} is {answer:?}",
                server.name
            );
        }
        drop(slow);
        assert!(server.stop());
    }
}

#[test]
fn a_thousand_clients_at_once_on_one_loop() {
    allow_open_files(3200);
    for server in Server::both(Clock::Real) {
        let mut clients: Vec<_> = (0..1000).map(|_| server.client()).collect();
        for (number, client) in clients.iter_mut().enumerate() {
            client.send(format!("add {number} 1\n"));
        }
        for (number, client) in clients.iter_mut().enumerate() {
            assert_eq!(client.line(), Some((number + 1).to_string()));
        }
        drop(clients);
        assert!(server.stop());
    }
}

#[test]
fn a_shutdown_ends_every_connection() {
    for server in Server::both(Clock::Real) {
        let address = server.address;
        let mut idle = server.client();
        let mut busy = server.client();
        busy.send("add 1 2\nadd 3");
        assert_eq!(busy.line().as_deref(), Some("3"));
        assert!(server.stop(), "everybody was in time");
        assert_eq!(idle.line(), None);
        assert_eq!(busy.line(), None);
        assert!(TcpStream::connect_timeout(&address, DEADLINE).is_err());
    }
}

#[test]
fn a_shutdown_waits_for_what_is_left_but_not_for_ever() {
    for server in Server::both(Clock::Virtual) {
        let mut slow = server.client();
        flood(&server, &mut slow);
        let name = server.name;
        assert!(!server.stop(), "{name}: the slow one was cut off");
    }
}

#[test]
fn a_bad_address_is_one_sentence() {
    let example = example("tcp_server");
    let run = |arguments: &[&str]| {
        let mut command = Command::new(&example);
        command.arg("--serve").args(arguments).output().unwrap()
    };
    for (arguments, said) in [
        (
            &["here"][..],
            "error: \"here\" is not an address and a port",
        ),
        (&["127.0.0.1:65536"], "error: \"65536\" is not a port"),
        (&["--tokio", ":80"], "error: \":80\" is not an address"),
        (&[ANY_PORT, "more"], "error: after the address there is"),
    ] {
        assert_one_sentence(&run(arguments), said);
    }
    let holder = std::net::TcpListener::bind(ANY_PORT).unwrap();
    let taken = holder.local_addr().unwrap().to_string();
    let said = format!("error: cannot listen at {taken}: ");
    assert_one_sentence(&run(&[&taken]), &said);
    assert_one_sentence(&run(&["--tokio", &taken]), &said);
}

#[test]
#[cfg(unix)]
fn ctrl_c_ends_a_server_with_clients() {
    let example = example("tcp_server");
    for arguments in [
        &["--serve", ANY_PORT][..],
        &["--serve", "--tokio", ANY_PORT],
    ] {
        let serving = common::Serving::start(Command::new(&example).args(arguments));
        let mut client = Client::connect(serving.address);
        assert_eq!(client.line().as_deref(), Some(GREETING.trim_end()));
        assert_eq!(ask(&mut client, "add 1 2"), "3");
        let (said, code) = serving.interrupt();
        assert_eq!(code, Some(0));
        assert!(
            said.ends_with("stopped; every client in time: true\n"),
            "{said}"
        );
        assert_eq!(client.line(), None);
    }
}

#[test]
#[cfg(unix)]
fn a_server_without_file_descriptors_says_so_and_goes_on() {
    let example = example("tcp_server");
    for arguments in ["", "--tokio"] {
        let script = format!("ulimit -n 32 && exec \"$0\" --serve {arguments} {ANY_PORT} 2>&1");
        let mut serving =
            common::Serving::start(Command::new("sh").args(["-c", &script]).arg(&example));
        let mut clients: Vec<_> = (0..40).map(|_| Client::connect(serving.address)).collect();
        let said = serving.line().to_lowercase();
        assert!(said.contains("accept"), "{said}");
        // Those that are not accepted stand in line, and the last one is served when the others have gone.
        let mut last = clients.pop().unwrap();
        drop(clients);
        assert_eq!(last.line().as_deref(), Some(GREETING.trim_end()));
        assert_eq!(ask(&mut last, "add 1 2"), "3");
        let (said, code) = serving.interrupt();
        assert_eq!(code, Some(0), "{said}");
    }
}

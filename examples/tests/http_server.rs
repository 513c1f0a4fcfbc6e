//! The pages of the chapter on HTTP servers, from a server by hand and from axum, with real sockets.
//!
//! A server has a thread of its own, and its clients are plain blocking sockets with deadlines.

mod common;
#[path = "../pages/mod.rs"]
mod pages;

use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use asyncio::cancellable;
use common::{Client, DEADLINE, assert_one_sentence, example};
use pages::{GRACE, INDEX, WAIT, by_hand, hello, with_axum};
use tokio_util::sync::CancellationToken;

const ANY_PORT: &str = "127.0.0.1:0";

struct Server {
    name: &'static str,
    address: SocketAddr,
    stop: CancellationToken,
    /// Gets what the server ends with: whether every client was in time.
    ended: mpsc::Receiver<bool>,
}

impl Server {
    fn axum() -> Self {
        let (sender, address) = mpsc::channel();
        let (end, ended) = mpsc::channel();
        let stop = CancellationToken::new();
        let told = stop.clone();
        thread::spawn(move || {
            let mut runtime = tokio::runtime::Builder::new_current_thread();
            let runtime = runtime.enable_all().build().expect("a runtime");
            let in_time = runtime.block_on(async {
                let listener = tokio::net::TcpListener::bind(ANY_PORT).await;
                let listener = listener.expect("a free port");
                sender.send(listener.local_addr().unwrap()).unwrap();
                with_axum::serve(listener, told).await
            });
            end.send(in_time.expect("axum serves"))
        });
        Server {
            name: "axum",
            address: address.recv().expect("the server listens"),
            stop,
            ended,
        }
    }

    fn by_hand() -> Self {
        let (sender, address) = mpsc::channel();
        let (end, ended) = mpsc::channel();
        let stop = CancellationToken::new();
        let told = stop.clone();
        thread::spawn(move || {
            let served = asyncio::run(async move {
                let listener = asyncio::TcpListener::bind(ANY_PORT).await?;
                sender.send(listener.local_addr()?)?;
                let accepting = by_hand::serve(listener);
                cancellable(told.cancelled_owned()).await?;
                accepting.cancel();
                Ok(())
            });
            end.send(served.is_ok())
        });
        Server {
            name: "by hand",
            address: address.recv().expect("the server listens"),
            stop,
            ended,
        }
    }

    fn both() -> [Self; 2] {
        [Server::axum(), Server::by_hand()]
    }

    /// Sends a request on a connection of its own; gives the status and the body.
    #[track_caller]
    fn ask(&self, request: &str) -> (String, String) {
        let mut client = Client::connect(self.address);
        client.send(request);
        answer(&client.rest())
    }

    #[track_caller]
    fn get(&self, path: &str) -> (String, String) {
        self.ask(&get(path))
    }

    #[track_caller]
    fn stop(self) -> bool {
        self.stop.cancel();
        let ended = self.ended.recv_timeout(DEADLINE);
        ended.expect("the server ends in time")
    }
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
}

/// Splits an answer into its status and its body, and holds it to what every answer must say.
#[track_caller]
fn answer(text: &str) -> (String, String) {
    let (head, body) = text.split_once("\r\n\r\n").expect("an answer has a head");
    let status = head.lines().next().unwrap().strip_prefix("HTTP/1.1 ");
    let length = format!("\r\ncontent-length: {}", body.len());
    assert!(head.contains(&length), "{text}");
    if !body.is_empty() {
        let html = "\r\ncontent-type: text/html; charset=utf-8";
        assert!(head.contains(html), "{text}");
    }
    (status.expect("HTTP/1.1").to_owned(), body.to_owned())
}

fn ok(body: &str) -> (String, String) {
    ("200 OK".to_owned(), body.to_owned())
}

#[test]
fn a_name_is_text_and_never_html() {
    for (name, shown) in [
        ("Ada", "Ada"),
        (
            "<script>alert('x')</script>",
            "&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt;",
        ),
        ("\" onclick=\"", "&quot; onclick=&quot;"),
        ("&lt;", "&amp;lt;"),
        ("Jürgen", "Jürgen"),
    ] {
        assert_eq!(hello(name), format!("<h1>hello, {shown}!</h1>"));
    }
    let axum = Server::axum();
    let asked = axum.get("/hello/%3Cb%3E%26%27%22");
    assert_eq!(asked, ok("<h1>hello, &lt;b&gt;&amp;&#x27;&quot;!</h1>"));
    let by_hand = Server::by_hand();
    let asked = by_hand.get("/hello/<b>&'\"");
    assert_eq!(asked, ok("<h1>hello, &lt;b&gt;&amp;&#x27;&quot;!</h1>"));
    let asked = by_hand.get("/<b>");
    assert_eq!(asked.1, "<p>there is no page /&lt;b&gt;</p>");
    assert!(axum.stop() && by_hand.stop());
}

#[test]
fn pages_and_what_is_no_page() {
    for server in Server::both() {
        assert_eq!(server.get("/"), ok(INDEX));
        assert_eq!(server.get("/?page=2"), ok(INDEX));
        assert_eq!(server.get("/hello/Ada"), ok("<h1>hello, Ada!</h1>"));
        for path in ["/hello", "/hello/", "/hello/Ada/Grace", "/nowhere"] {
            let body = format!("<p>there is no page {path}</p>");
            assert_eq!(server.get(path), ("404 Not Found".to_owned(), body));
        }
        let post = get("/hello/Ada").replace("GET", "POST");
        let body = "<p>only GET is allowed</p>".to_owned();
        assert_eq!(
            server.ask(&post),
            ("405 Method Not Allowed".to_owned(), body)
        );
        assert!(server.stop());
    }
}

#[test]
fn a_hundred_at_once_do_not_wait_in_turn() {
    const CLIENTS: u32 = 100;
    for server in Server::both() {
        let started = Instant::now();
        let mut clients: Vec<_> = (0..CLIENTS)
            .map(|_| Client::connect(server.address))
            .collect();
        for (number, client) in clients.iter_mut().enumerate() {
            client.send(get(&format!("/hello/{number}")));
        }
        for (number, client) in clients.iter_mut().enumerate() {
            let asked = answer(&client.rest());
            assert_eq!(asked, ok(&format!("<h1>hello, {number}!</h1>")));
        }
        let took = started.elapsed();
        // In turn it would be a hundred times the wait; a busy machine needs more than one.
        assert!(
            (WAIT..WAIT * CLIENTS / 2).contains(&took),
            "{}: {took:?}",
            server.name
        );
        assert!(server.stop());
    }
}

#[test]
fn a_request_may_come_in_pieces() {
    for server in Server::both() {
        let mut client = Client::connect(server.address);
        for byte in get("/").as_bytes() {
            client.send([*byte]);
        }
        assert_eq!(answer(&client.rest()), ok(INDEX), "{}", server.name);
        assert!(server.stop());
    }
}

#[test]
fn two_requests_may_come_together() {
    let server = Server::axum();
    let mut client = Client::connect(server.address);
    let first = "GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";
    client.send(format!("{first}{}", get("/hello/Ada")));
    let answers = client.rest();
    assert_eq!(answers.matches("HTTP/1.1 200 OK\r\n").count(), 2);
    assert!(answers.find(INDEX) < answers.find("hello, Ada"));
    assert!(server.stop());
}

#[test]
fn nonsense_is_refused_and_the_server_goes_on() {
    for server in Server::both() {
        for request in ["good morning\r\n\r\n", "GET /\r\n\r\n", ":\r\n\r\n"] {
            assert_eq!(server.ask(request).0, "400 Bad Request", "{request:?}");
        }
        let long = format!("GET / HTTP/1.1\r\n{}\r\n", "x: y\r\n".repeat(2000));
        assert!(server.ask(&long).0.starts_with("431 "), "{}", server.name);
        for _ in 0..10 {
            let mut leaving = Client::connect(server.address);
            leaving.send("GET /hello/no");
            drop(leaving);
        }
        // This one does not wait for its answer.
        Client::connect(server.address).send(get("/hello/nobody"));
        assert_eq!(server.get("/"), ok(INDEX));
        assert!(server.stop());
    }
    let server = Server::axum();
    let said = "<p>the name is not UTF-8</p>".to_owned();
    let refused = ("400 Bad Request".to_owned(), said);
    assert_eq!(server.get("/hello/%FF"), refused);
    assert!(server.stop());
}

#[test]
fn a_shutdown_answers_what_has_begun() {
    let server = Server::axum();
    let address = server.address;
    let mut in_work = Client::connect(address);
    in_work.send(get("/hello/late"));
    let mut idle = Client::connect(address);
    idle.send("GET / HTTP/1.1\r\nhost: localhost\r\n\r\n");
    // Clients are served in the order in which they came, so with this answer the other request has begun, too.
    assert!(idle.line().unwrap().starts_with("HTTP/1.1 200"));
    assert!(server.stop(), "every request was answered in time");
    assert_eq!(answer(&in_work.rest()), ok("<h1>hello, late!</h1>"));
    assert!(idle.rest().ends_with(INDEX));
    assert!(TcpStream::connect_timeout(&address, DEADLINE).is_err());
}

#[test]
fn a_shutdown_waits_for_half_a_request_but_not_for_ever() {
    let server = Server::axum();
    let mut half = Client::connect(server.address);
    half.send("GET /hello/never HTTP/1.1\r\n");
    assert_eq!(server.get("/"), ok(INDEX));
    let told = Instant::now();
    assert!(!server.stop(), "half a request was cut off");
    assert!(told.elapsed() >= GRACE);
}

#[test]
fn a_bad_address_is_one_sentence() {
    let example = example("http_server");
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
        (&[ANY_PORT, "more"], "error: after the address there is"),
    ] {
        assert_one_sentence(&run(arguments), said);
    }
    let holder = std::net::TcpListener::bind(ANY_PORT).unwrap();
    let taken = holder.local_addr().unwrap().to_string();
    let said = format!("error: cannot listen at {taken}: ");
    assert_one_sentence(&run(&[&taken]), &said);
}

#[test]
#[cfg(unix)]
fn ctrl_c_ends_a_server_and_spares_what_has_begun() {
    let example = example("http_server");
    let serving = common::Serving::start(Command::new(&example).args(["--serve", ANY_PORT]));
    let mut in_work = Client::connect(serving.address);
    in_work.send(get("/hello/late"));
    let mut other = Client::connect(serving.address);
    other.send(get("/hello/other"));
    assert_eq!(answer(&other.rest()), ok("<h1>hello, other!</h1>"));
    let (said, code) = serving.interrupt();
    assert_eq!(code, Some(0));
    assert_eq!(said, "stopped; every client in time: true\n");
    assert_eq!(answer(&in_work.rest()), ok("<h1>hello, late!</h1>"));
}

//! What the page asks of the server.

use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};
use tower::ServiceExt;
use workbook::exercises::queue::{Queue, WAITING};
use workbook::exercises::web;

use crate::copy::{Copy, programs, wait_until};
use crate::lines::DEADLINE;

pub fn trials() -> Vec<Trial> {
    let trial = |name: &str, test: fn()| {
        Trial::test(format!("page {name}"), move || -> Result<(), Failed> {
            test();
            Ok(())
        })
    };
    vec![
        trial("shows an exercise", shows_an_exercise),
        trial("saves and checks", saves_and_checks),
        trial("respects an editor", respects_an_editor),
        trial("hints, answers, solutions", gives_hints_answers_and_solutions),
        trial("wrong bodies", what_should_not_be_said_is_refused),
        trial("unknown names", unknown_names_are_not_found),
        trial("is served behind the guard", is_served_behind_the_guard),
        trial("a check ends with its page, and holds up no other", a_check_ends_with_its_page_and_holds_up_no_other),
    ]
}

/// The router over a copy, as a page sees it.
struct Page {
    copy: Copy,
    router: Router,
}

impl Page {
    fn new() -> Page {
        let copy = Copy::of_model();
        let exercises = Arc::new(copy.exercises());
        let queue = Arc::new(Queue::new(exercises.clone(), copy.project()));
        let router = web::router(exercises, queue);
        Page { copy, router }
    }

    fn ask(&self, method: &str, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let request = Request::builder()
            .method(method)
            .uri(format!("/exercises{path}"))
            .header("content-type", "application/json")
            .body(body.map_or(Body::empty(), |body| Body::from(body.to_string())))
            .expect("a request");
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async {
            let answer = self.router.clone().oneshot(request).await.expect("an answer");
            let status = answer.status();
            let body = to_bytes(answer.into_body(), usize::MAX).await.expect("a body");
            let text = String::from_utf8_lossy(&body).into_owned();
            (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
        })
    }

    #[track_caller]
    fn good(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        let (status, value) = self.ask(method, path, body);
        assert_eq!(status, StatusCode::OK, "{value}");
        value
    }
}

fn shows_an_exercise() {
    let page = Page::new();
    let list = page.good("GET", "", None);
    assert_eq!(list["chapters"][0]["title"], "Gather and wait");
    assert_eq!(list["chapters"][0]["exercises"][1]["state"], "new");
    let shown = page.good("GET", "/one_by_one", None);
    assert_eq!(shown["text"], page.copy.read("exercises/gather_wait/one_by_one/exercise.rs"));
    assert_eq!((&shown["state"], &shown["hints"]), (&json!("new"), &json!(0)));
    let shown = page.good("GET", "/late_tea", None);
    assert_eq!(shown["answer"], Value::Null);
}

fn saves_and_checks() {
    let page = Page::new();
    let shown = page.good("GET", "/one_by_one", None);
    let checked = page.good("POST", "/one_by_one/check", Some(json!({})));
    assert_eq!(checked["outcome"]["passed"], false);
    assert_eq!(checked["outcome"]["checks"][1]["id"], "overlap");
    assert_eq!(checked["outcome"]["checks"][1]["seen"], "1");

    let solution = page.copy.read("exercises/gather_wait/one_by_one/solution.rs");
    page.good("POST", "/one_by_one", Some(json!({ "text": solution, "hash": shown["hash"] })));
    assert_eq!(page.copy.read("work/gather_wait/one_by_one.rs"), solution);
    let checked = page.good("POST", "/one_by_one/check", Some(json!({})));
    assert_eq!(checked["outcome"]["passed"], true);
    // The terminal sees the same.
    assert!(page.copy.stdout(&["exercises"]).contains("[x] one_by_one"));

    let reset = page.good("POST", "/one_by_one/reset", Some(json!({})));
    assert_eq!(reset["kept"], "one_by_one.rs.bak-1");
    assert_eq!(reset["text"], shown["text"]);
    let (status, _) = page.ask("POST", "/late_tea/check", Some(json!({})));
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

fn respects_an_editor() {
    let page = Page::new();
    let shown = page.good("GET", "/one_by_one", None);
    page.copy.write("work/gather_wait/one_by_one.rs", "from the editor");
    let save = json!({ "text": "from the page", "hash": shown["hash"] });
    let (status, conflict) = page.ask("POST", "/one_by_one", Some(save));
    assert_eq!(status, StatusCode::CONFLICT);
    assert_eq!(conflict["text"], "from the editor");
    assert_eq!(page.copy.read("work/gather_wait/one_by_one.rs"), "from the editor");
    let save = json!({ "text": "from the page", "hash": conflict["hash"] });
    let saved = page.good("POST", "/one_by_one", Some(save.clone()));
    assert_eq!(page.copy.read("work/gather_wait/one_by_one.rs"), "from the page");
    // Saving the same once more is no conflict.
    assert_eq!(page.good("POST", "/one_by_one", Some(save)), saved);
    let (status, _) = page.ask("POST", "/one_by_one", Some(json!({ "text": "without a hash" })));
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(page.copy.read("work/gather_wait/one_by_one.rs"), "from the page");
}

fn gives_hints_answers_and_solutions() {
    let page = Page::new();
    assert_eq!(page.good("POST", "/late_tea/hint", Some(json!({})))["number"], 1);
    let shown = page.good("GET", "/late_tea", None);
    assert_eq!(shown["hints"], 1);
    let (status, _) = page.ask("GET", "/late_tea/solution", None);
    assert_eq!(status, StatusCode::FORBIDDEN);
    let (status, _) = page.ask("POST", "/late_tea/solution", Some(json!({ "confirm": false })));
    assert_eq!(status, StatusCode::FORBIDDEN);
    let (status, refused) = page.ask("POST", "/late_tea/answer", Some(json!({ "letter": "z" })));
    assert_eq!(status, StatusCode::BAD_REQUEST, "{refused}");
    let wrong = page.good("POST", "/late_tea/answer", Some(json!({ "letter": "d" })));
    assert_eq!(wrong["right"], false);
    let right = page.good("POST", "/late_tea/answer", Some(json!({ "letter": "b" })));
    assert_eq!(right["right"], true);
    assert!(page.good("GET", "/late_tea/solution", None)["solution"].as_str().is_some_and(|s| s.starts_with("b\n")));
    let insisted = page.good("POST", "/lost_order/solution", Some(json!({ "confirm": true })));
    assert_eq!(insisted["solution"], page.copy.read("exercises/gather_wait/lost_order/solution.rs"));
}

fn what_should_not_be_said_is_refused() {
    let page = Page::new();
    for (path, body) in [
        ("", json!({ "text": "", "hash": "", "more": 1 })),
        ("/answer", json!({ "letter": "a", "more": 1 })),
        ("/check", json!({ "more": 1 })),
        ("/hint", json!({ "more": 1 })),
        ("/reset", json!([1])),
        ("/solution", json!({ "confirm": true, "more": 1 })),
    ] {
        let (status, value) = page.ask("POST", &format!("/late_tea{path}"), Some(body));
        assert_eq!(status, StatusCode::BAD_REQUEST, "{path}: {value}");
    }
    assert!(!page.copy.file("work/progress.json").exists());
}

fn unknown_names_are_not_found() {
    let page = Page::new();
    for (method, path) in
        [("GET", "/nothing"), ("GET", "/..%2Fprogress"), ("POST", "/nothing"), ("POST", "/..%2Fprogress")]
    {
        let (status, value) = page.ask(method, path, Some(json!({ "text": "", "hash": "" })));
        assert_eq!(status, StatusCode::NOT_FOUND, "{value}");
    }
}

/// The server over a copy; it ends with the value.
struct Served {
    server: Child,
    host: String,
    token: String,
}

impl Served {
    fn start(copy: &Copy) -> Served {
        let book = copy.project().join("book");
        fs::create_dir_all(book.join("src")).expect("a folder");
        fs::write(book.join("book.toml"), "[book]\ntitle = \"Sample\"\n").expect("a file");
        fs::write(book.join("src/SUMMARY.md"), "- [One](one.md)\n").expect("a file");
        fs::write(book.join("src/one.md"), "# One\n").expect("a file");
        let mut server = Command::new(env!("CARGO_BIN_EXE_workbook"))
            .args(["--no-open", "--port", "0", "--book"])
            .arg(&book)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut address = String::new();
        let stdout = server.stdout.take().expect("a pipe");
        BufReader::new(stdout).read_line(&mut address).expect("the address");
        let host = address.trim_start_matches("http://").split('/').next().unwrap_or_default().to_owned();
        let (_, token) = address.trim().split_once("#token=").expect("a token");
        Served { server, host, token: token.to_owned() }
    }

    /// Sends a request, and gives the connection on which the answer comes.
    fn send(&self, request: &str, token: &str, body: &str) -> TcpStream {
        let (host, length) = (&self.host, body.len());
        let mut stream = TcpStream::connect(host).expect("it listens");
        stream.set_read_timeout(Some(DEADLINE)).expect("a limit");
        let head = format!(
            "{request} HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nConnection: close\r\nX-Workbook-Token: {token}\r\nContent-Type: application/json\r\n"
        );
        write!(stream, "{head}Content-Length: {length}\r\n\r\n{body}").expect("a request");
        stream
    }

    fn ask(&self, request: &str, token: &str) -> String {
        answer(self.send(request, token, ""))
    }

    /// Asks for a check.
    fn check(&self) -> TcpStream {
        self.send("POST /exercises/one_by_one/check", &self.token, "{}")
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.server.kill().expect("a running child");
        self.server.wait().expect("a child");
    }
}

fn answer(mut stream: TcpStream) -> String {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

/// The server mounts the exercises that lie beside its book, and a request that changes something needs the secret.
fn is_served_behind_the_guard() {
    let copy = Copy::of_model();
    let served = Served::start(&copy);
    let list = served.ask("GET /exercises", &served.token);
    let foreign = ["GET /exercises", "GET /exercises/one_by_one"].map(|look| served.ask(look, "0"));
    let hint = served.ask("POST /exercises/one_by_one/hint", "0");
    drop(served);
    assert!(list.starts_with("HTTP/1.1 200 "), "{list}");
    assert!(list.contains("\"name\":\"one_by_one\""), "{list}");
    for foreign in foreign {
        assert!(foreign.starts_with("HTTP/1.1 401 "), "{foreign}");
    }
    assert!(hint.starts_with("HTTP/1.1 401 "), "{hint}");
    assert!(!copy.file("work/progress.json").exists());
}

fn a_check_ends_with_its_page_and_holds_up_no_other() {
    let copy = Copy::of_model();
    copy.exercises();
    copy.replace("work/gather_wait/one_by_one.rs", "let asked: Vec<_>", "loop {}\nlet asked: Vec<_>");
    let served = Served::start(&copy);
    let first = served.check();
    wait_until("it runs", || !programs(served.server.id()).is_empty());
    // As many as may wait, and more, which are answered at once.
    let others: Vec<TcpStream> = (0..WAITING + 600).map(|_| served.check()).collect();
    let is_answered = |stream: &&TcpStream| {
        stream.set_nonblocking(true).expect("a socket");
        !matches!(stream.peek(&mut [0]), Err(error) if error.kind() == ErrorKind::WouldBlock)
    };
    wait_until("the others are refused", || others.iter().filter(is_answered).count() == 600);
    let refused = others.iter().find(is_answered).expect("one that is refused");
    refused.set_nonblocking(false).expect("a socket");
    let refusal = answer(refused.try_clone().expect("a socket"));
    assert!(refusal.starts_with("HTTP/1.1 503 ") && refusal.contains("16 checks are waiting"), "{refusal}");
    let page = served.ask("GET /one.html", "0");
    assert!(page.starts_with("HTTP/1.1 200 "), "{page}");
    drop(others);
    let start = Instant::now();
    drop(first);
    wait_until("nothing runs", || programs(served.server.id()).is_empty());
    // It would have stopped itself after ten seconds.
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    copy.solve("one_by_one");
    let solved = answer(served.check());
    assert!(solved.starts_with("HTTP/1.1 200 ") && solved.contains("\"passed\":true"), "{solved}");
    let progress = served.ask("GET /exercises", &served.token);
    assert!(progress.contains("\"attempts\":1,"), "what was stopped is no attempt: {progress}");
}

//! The program while it serves a small project, and a client that says exactly what it is told to say.

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::Receiver;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::lines::{DEADLINE, lines, wait_for};

/// Small enough to be met within seconds, but for the first: on a busy machine a second of processor time takes many.
const LIMITS: &str =
    r#"{"wall":60000,"cpu":1,"memory":134217728,"addresses":4294967296,"file":1048576,"output":65536,"processes":8}"#;

/// The first of them.
pub const WALL: Duration = Duration::from_secs(60);

/// Processor time and memory are small: the compiler does much in a second that no honest program needs two for.
const COMPILER_LIMITS: &str = r#"{"wall":120000,"cpu":6,"memory":1073741824,"addresses":34359738368,"file":268435456,"output":8388608,"processes":64}"#;

/// The server; it ends with the value.
pub struct Server {
    pub child: Child,
    pub port: u16,
    pub token: String,
    /// What it prints on standard error.
    pub errors: Receiver<String>,
    /// Goes after the server.
    _project: TempDir,
}

/// An answer as it came over the socket.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// In small letters.
    pub head: String,
    pub body: String,
}

impl Server {
    /// Starts it, and waits until it can compile.
    pub fn start() -> Server {
        let mut server = Server::start_with(|command| {
            command.arg("--no-open").args(["--port", "0"]);
        });
        server.wait_until_ready();
        server
    }

    /// Starts one that stops every program after two seconds.
    pub fn start_impatient() -> Server {
        let limits = LIMITS.replace("60000", "2000");
        let mut server = Server::start_with_limits(&limits, |command| {
            command.arg("--no-open").args(["--port", "0"]);
        });
        server.wait_until_ready();
        server
    }

    /// Starts it with more settings; these must bring an address on standard output.
    pub fn start_with(settings: impl FnOnce(&mut Command)) -> Server {
        Server::start_with_limits(LIMITS, settings)
    }

    fn start_with_limits(limits: &str, settings: impl FnOnce(&mut Command)) -> Server {
        let project = project();
        let mut command = Command::new(env!("CARGO_BIN_EXE_workbook"));
        settings(&mut command);
        let mut child = command
            .arg("--book")
            .arg(project.path().join("book"))
            .args(["--limits", limits, "--compiler-limits", COMPILER_LIMITS])
            // A secret that no program of a reader may see.
            .env("READERS_SECRET", "swordfish")
            // As a terminal starts it.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let stdout = lines(child.stdout.take().expect("a pipe"));
        let errors = lines(child.stderr.take().expect("a pipe"));
        let address = stdout.recv_timeout(DEADLINE).expect("an address");
        let (address, token) = address.split_once("/#token=").unwrap_or((address.trim_end_matches('/'), ""));
        let listening = match address.strip_prefix("http://127.0.0.1:") {
            Some(port) => port.to_owned(),
            None => wait_for(&errors, "note: listening on 127.0.0.1:"),
        };
        let port = listening.rsplit_once("127.0.0.1:").map_or(&*listening, |(_, port)| port);
        Server {
            port: port.split(',').next().and_then(|port| port.parse().ok()).expect("a port"),
            token: token.to_owned(),
            child,
            errors,
            _project: project,
        }
    }

    pub fn wait_until_ready(&mut self) {
        // On a fresh machine cargo compiles them first.
        wait_long("the crates are built", DEADLINE * 10, || {
            let status = self.status();
            assert_eq!(status["problem"], Value::Null, "{status}");
            status["ready"] == true && status["examples"] == json!(["run_sample"])
        });
    }

    pub fn status(&self) -> Value {
        let token = format!("X-Workbook-Token: {}\r\n", self.token);
        let answer = self.send(&format!("GET /status HTTP/1.1\r\n{}{token}", self.host()), "");
        serde_json::from_str(&answer.body).unwrap_or_else(|_| panic!("{answer:?}"))
    }

    pub fn host(&self) -> String {
        format!("Host: 127.0.0.1:{}\r\n", self.port)
    }

    /// The header lines of a good POST, by the name of each.
    pub fn good_headers(&self) -> Vec<(&'static str, String)> {
        vec![
            ("Host", format!("127.0.0.1:{}", self.port)),
            ("Origin", format!("http://127.0.0.1:{}", self.port)),
            ("Sec-Fetch-Site", "same-origin".to_owned()),
            ("X-Workbook-Token", self.token.clone()),
            ("Content-Type", "application/json".to_owned()),
        ]
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).expect("the server listens");
        stream.set_read_timeout(Some(DEADLINE)).expect("a limit");
        stream
    }

    /// Sends the head, to which the end is added, and the body; gives the whole answer.
    pub fn send(&self, head: &str, body: &str) -> Answer {
        let mut stream = self.connect();
        let request = format!("{head}Connection: close\r\n\r\n{body}");
        // The server may refuse before it has read everything.
        let _ = stream.write_all(request.as_bytes());
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
        let head = head.to_ascii_lowercase();
        let body = if head.contains("transfer-encoding: chunked") { join_chunks(body) } else { body.to_owned() };
        Answer { status: status.unwrap_or_else(|| panic!("no status in `{answer}`")), head, body }
    }

    pub fn get(&self, path: &str) -> Answer {
        self.send(&format!("GET {path} HTTP/1.1\r\n{}", self.host()), "")
    }

    /// Sends a POST with these header lines and the length of the body.
    pub fn post_with(&self, path: &str, headers: &[(&str, String)], body: &str) -> Answer {
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let head = format!("POST {path} HTTP/1.1\r\n{headers}Content-Length: {}\r\n", body.len());
        self.send(&head, body)
    }

    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.post_with(path, &self.good_headers(), &body.to_string())
    }

    /// Runs a program to its end.
    #[track_caller]
    pub fn run(&self, code: &str) -> Ended {
        Ended::of(&self.post("/run", &json!({ "code": code })))
    }

    /// As [`Server::run`], and asks for the timeline.
    #[track_caller]
    pub fn run_recorded(&self, code: &str) -> Ended {
        Ended::of(&self.post("/run", &json!({ "code": code, "timeline": true })))
    }

    /// Starts a program, and gives the connection and the lines of the answer.
    pub fn begin(&self, code: &str) -> (Client, Receiver<String>) {
        self.begin_with(&json!({ "code": code }))
    }

    /// As [`Server::begin`], with all of the body.
    pub fn begin_with(&self, body: &Value) -> (Client, Receiver<String>) {
        let body = body.to_string();
        let headers: String = self.good_headers().iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let mut stream = self.connect();
        write!(stream, "POST /run HTTP/1.1\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len())
            .expect("a request");
        let answer = lines(stream.try_clone().expect("a socket"));
        (Client(stream), answer)
    }

    /// Starts a program that prints one line, and waits for it.
    pub fn begin_until_line(&self, code: &str) -> (Client, String) {
        Server::first_line(self.begin(code))
    }

    /// Waits for the first line that a program prints.
    pub fn first_line((stream, answer): (Client, Receiver<String>)) -> (Client, String) {
        let end = Instant::now() + DEADLINE;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let line = answer.recv_timeout(left).expect("a line of output");
            // The other lines are the head, and the lengths of chunks.
            if line.starts_with('{') {
                let event: Value = serde_json::from_str(&line).expect("JSON");
                assert_eq!(event["stream"], "stdout", "{event}");
                return (stream, event["text"].as_str().expect("text").trim().to_owned());
            }
        }
    }
}

/// A run that goes on, and what came of it so far.
pub struct Running {
    _client: Client,
    answer: Receiver<String>,
    /// The number that the server gave it.
    pub number: u64,
    body: String,
}

impl Running {
    /// Waits for the head of the answer.
    pub fn of((client, answer): (Client, Receiver<String>)) -> Running {
        let name = "x-workbook-run: ";
        let number = std::iter::from_fn(|| answer.recv_timeout(DEADLINE).ok())
            .find_map(|line| line.to_ascii_lowercase().strip_prefix(name)?.parse().ok());
        Running { _client: client, answer, number: number.expect("a number"), body: String::new() }
    }

    /// Waits for an event that contains this, and gives it.
    pub fn wait_for(&mut self, part: &str) -> Value {
        loop {
            let line = self.answer.recv_timeout(DEADLINE).expect("a line");
            if line.starts_with('{') {
                self.body += &format!("{line}\n");
                if line.contains(part) {
                    return serde_json::from_str(&line).expect("JSON");
                }
            }
        }
    }

    /// Waits for the next piece of what it prints.
    pub fn stdout(&mut self) -> String {
        let event = self.wait_for("\"stream\":\"stdout\"");
        event["text"].as_str().expect("text").to_owned()
    }

    #[track_caller]
    pub fn end(mut self) -> Ended {
        self.wait_for("\"done\":true");
        Ended::of(&Answer { status: 200, head: String::new(), body: self.body })
    }
}

/// A page with an open request; dropping the value closes it.
pub struct Client(TcpStream);

impl Drop for Client {
    fn drop(&mut self) {
        // The thread that reads has the connection too.
        let _ = self.0.shutdown(Shutdown::Both);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What became of a program.
#[derive(Debug)]
pub struct Ended {
    pub stdout: String,
    pub stderr: String,
    pub compiler: String,
    /// What came of the wish for a timeline, if there was one.
    pub timeline: Value,
    pub done: Value,
}

impl Ended {
    #[track_caller]
    pub fn of(answer: &Answer) -> Ended {
        assert_eq!(answer.status, 200, "{answer:?}");
        let mut ended = Ended {
            stdout: String::new(),
            stderr: String::new(),
            compiler: String::new(),
            timeline: Value::Null,
            done: Value::Null,
        };
        for line in answer.body.lines() {
            assert_eq!(ended.done, Value::Null, "something follows the end: {line}");
            let event: Value = serde_json::from_str(line).expect("JSON");
            let text = event["text"].as_str().unwrap_or_default();
            match event["stream"].as_str() {
                Some("stdout") => ended.stdout.push_str(text),
                Some("stderr") => ended.stderr.push_str(text),
                Some("compiler") => ended.compiler.push_str(text),
                _ if event["done"].is_null() => {
                    assert_eq!(ended.timeline, Value::Null, "a second timeline: {event}");
                    ended.timeline = event;
                }
                _ => ended.done = event,
            }
        }
        assert_eq!(ended.done["done"], true, "{answer:?}");
        ended
    }

    pub fn why(&self) -> &str {
        self.done["why"].as_str().unwrap_or_default()
    }
}

fn join_chunks(mut body: &str) -> String {
    let mut whole = String::new();
    while let Some((length, rest)) = body.split_once("\r\n") {
        let length = usize::from_str_radix(length, 16).unwrap_or(0);
        if length == 0 || length > rest.len() {
            break;
        }
        whole.push_str(&rest[..length]);
        body = rest[length..].trim_start_matches("\r\n");
    }
    whole
}

/// Asks again and again until the answer is yes.
#[track_caller]
pub fn wait_until(what: &str, is_so: impl FnMut() -> bool) {
    wait_long(what, DEADLINE, is_so);
}

#[track_caller]
fn wait_long(what: &str, limit: Duration, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + limit;
    while !is_so() {
        assert!(Instant::now() < end, "waited in vain until {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// A book of one page beside a package with one example.
fn project() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, text) in [
        ("Cargo.toml", "[package]\nname = \"sample\"\nedition = \"2024\"\n[workspace]\n"),
        ("src/lib.rs", ""),
        ("examples/run_sample.rs", "fn main() { println!(\"{:?}\", std::env::args().skip(1).collect::<Vec<_>>()) }\n"),
        ("examples/run_sample.py", "import sys\nprint(sys.argv[1:])\n"),
        ("examples/run_sample.txt", ""),
        ("examples/shared.py", "WORD = 'shared'\n"),
        ("secret.rs", "fn main() {}"),
        ("secret.py", ""),
        ("secret.txt", ""),
        ("book/book.toml", "[book]\ntitle = \"Sample\"\n"),
        ("book/src/SUMMARY.md", "# Summary\n\n- [One](one.md)\n"),
        ("book/src/one.md", "# One\n\nfirst text\n\n```rust\nfn main() { println!(\"of the book\") }\n```\n"),
    ] {
        write(folder.path(), name, text);
    }
    folder
}

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().expect("a folder")).expect("a writable temporary folder");
    fs::write(path, text).expect("a writable temporary folder");
}

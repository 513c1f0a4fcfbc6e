//! The program as a reader starts it.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Output, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Longer than anything here takes on a busy machine.
const DEADLINE: Duration = Duration::from_secs(60);

fn workbook() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_workbook"));
    command.stdin(Stdio::null());
    command
}

/// A book of two pages in a folder of its own, with no library beside it.
fn sample_book() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::create_dir(folder.path().join("src")).expect("a folder for the chapters");
    write(&folder, "book.toml", "[book]\ntitle = \"Sample\"\n");
    write(
        &folder,
        "src/SUMMARY.md",
        "# Summary\n\n- [One](one.md)\n- [Two](two.md)\n",
    );
    write(&folder, "src/one.md", "# One\n\nfirst text\n");
    write(&folder, "src/two.md", "# Two\n");
    folder
}

#[track_caller]
fn write(folder: &TempDir, name: &str, text: &str) {
    fs::write(folder.path().join(name), text).expect("a writable temporary folder");
}

fn run(args: &[&str]) -> Output {
    workbook().args(args).output().expect("the program starts")
}

/// Runs the program, which must refuse, and gives what it says.
#[track_caller]
fn refusal(args: &[&str]) -> String {
    let output = run(args);
    assert!(!output.status.success(), "{args:?} should be refused");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The program while it serves a book; it ends with the value.
struct Server {
    child: Child,
    port: u16,
    stdout: Receiver<String>,
    stderr: Option<ChildStderr>,
}

impl Server {
    fn start(book: &Path) -> Server {
        let mut child = workbook()
            .args(["--no-open", "--port", "0", "--book"])
            .arg(book)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let stdout = lines(child.stdout.take().expect("a pipe"));
        let stderr = child.stderr.take();
        let address = stdout.recv_timeout(DEADLINE).expect("the address");
        let port = address
            .strip_prefix("http://127.0.0.1:")
            .and_then(|rest| rest.split_once("/#token="))
            .and_then(|(port, _)| port.parse().ok());
        Server {
            port: port.unwrap_or_else(|| panic!("`{address}` is no address")),
            child,
            stdout,
            stderr,
        }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).expect("the server listens");
        stream.set_read_timeout(Some(DEADLINE)).expect("a limit");
        stream
    }

    /// Sends a GET request with these Host lines, and gives the whole answer.
    fn get_as(&self, path: &str, hosts: &[String]) -> String {
        let hosts: String = hosts.iter().map(|h| format!("Host: {h}\r\n")).collect();
        let mut stream = self.connect();
        write!(
            stream,
            "GET {path} HTTP/1.1\r\n{hosts}Connection: close\r\n\r\n"
        )
        .expect("a request");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("an answer");
        String::from_utf8_lossy(&answer).into_owned()
    }

    fn get(&self, path: &str) -> String {
        self.get_as(path, &[format!("127.0.0.1:{}", self.port)])
    }

    /// Listens as an open page does.
    fn events(&self) -> Receiver<String> {
        let mut stream = self.connect();
        write!(
            stream,
            "GET /__reload HTTP/1.1\r\nHost: localhost:{}\r\n\r\n",
            self.port
        )
        .expect("a request");
        lines(stream)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads lines in the background, so that waiting for one can have a limit.
fn lines(source: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(source).lines() {
            let Ok(line) = line else { return };
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

/// Waits for a line that contains the text.
#[track_caller]
fn wait_for(lines: &Receiver<String>, text: &str) -> String {
    let end = Instant::now() + DEADLINE;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        match lines.recv_timeout(left) {
            Ok(line) if line.contains(text) => return line,
            Ok(_) => {}
            Err(_) => panic!("no line with `{text}` came"),
        }
    }
}

#[test]
fn a_reader_who_has_seen_enough_is_no_error() {
    for args in [&["progress", "--json"][..], &["exercises"]] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let output = workbook().args(args).stdout(writer).output();
        let output = output.expect("the program starts");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{args:?}");
        assert!(output.status.success(), "{args:?}");
    }
}

#[test]
fn pages_go_to_this_machine_only() {
    let book = sample_book();
    let server = Server::start(book.path());
    let port = server.port;
    for host in [format!("127.0.0.1:{port}"), format!("localhost:{port}")] {
        let answer = server.get_as("/", &[host]);
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        assert!(
            answer.contains("x-content-type-options: nosniff"),
            "{answer}"
        );
        assert!(answer.contains("referrer-policy: no-referrer"), "{answer}");
        assert!(answer.contains("first text"), "{answer}");
    }
    let good = format!("127.0.0.1:{port}");
    let foreign: [&[String]; 6] = [
        &["evil.example".to_owned()],
        &[format!("evil.example:{port}")],
        &["127.0.0.1".to_owned()],
        &["localhost:1".to_owned()],
        &[good.clone(), good],
        &[format!("[::1]:{port}")],
    ];
    for hosts in foreign {
        for path in ["/", "/__reload", "/api/", "/none"] {
            let answer = server.get_as(path, hosts);
            assert!(
                answer.starts_with("HTTP/1.1 403 "),
                "{hosts:?} {path}: {answer}"
            );
        }
    }
}

#[test]
fn only_the_address_is_on_standard_output() {
    let book = sample_book();
    let mut server = Server::start(book.path());
    assert!(server.get("/one.html").starts_with("HTTP/1.1 200 "));
    server.child.kill().expect("a running child");
    let more: Vec<String> = server.stdout.iter().collect();
    assert_eq!(more, [""; 0]);
}

#[test]
fn a_missing_page_is_404() {
    let book = sample_book();
    let server = Server::start(book.path());
    assert!(server.get("/none.html").starts_with("HTTP/1.1 404 "));
    assert!(server.get("/../book.toml").starts_with("HTTP/1.1 404 "));
}

#[test]
fn a_change_reloads_the_page_and_a_mistake_does_not() {
    let book = sample_book();
    let mut server = Server::start(book.path());
    assert!(server.get("/one.html").contains("src=\"/__reload.js\""));
    let events = server.events();
    let first = wait_for(&events, "data: ");

    write(&book, "src/one.md", "# One\n\nsecond text\n");
    let second = wait_for(&events, "data: ");
    assert_ne!(first, second);
    assert!(server.get("/one.html").contains("second text"));

    let errors = lines(server.stderr.take().expect("a pipe"));
    write(&book, "src/SUMMARY.md", "# Summary\n\n- [One](none.md)\n");
    wait_for(&errors, "error: cannot build the book");
    assert!(server.get("/one.html").contains("second text"));

    write(&book, "src/SUMMARY.md", "# Summary\n\n- [One](one.md)\n");
    let third = wait_for(&events, "data: ");
    assert_ne!(second, third);
    assert!(server.get("/two.html").starts_with("HTTP/1.1 404 "));
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_it_with_success() {
    let book = sample_book();
    let mut server = Server::start(book.path());
    // An open page must not hold it up.
    let events = server.events();
    wait_for(&events, "data: ");
    let killed = Command::new("kill")
        .args(["-INT", &server.child.id().to_string()])
        .status()
        .expect("kill is part of Unix");
    assert!(killed.success());
    let ended = wait_timeout::ChildExt::wait_timeout(&mut server.child, DEADLINE);
    let status = ended.expect("a child").expect("an end before the deadline");
    assert_eq!(status.code(), Some(0));
}

#[test]
fn a_port_in_use_is_named() {
    let book = sample_book();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener
        .local_addr()
        .expect("an address")
        .port()
        .to_string();
    let folder = book.path().display().to_string();
    let error = refusal(&["--no-open", "--port", &port, "--book", &folder]);
    assert_eq!(
        error,
        format!(
            "error: port {port} is in use: stop the program that uses it, or choose another with --port N\n"
        )
    );
}

#[test]
fn a_missing_book_is_named() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("none").display().to_string();
    let error = refusal(&["--no-open", "--port", "0", "--book", &path]);
    assert_eq!(
        error,
        format!(
            "error: no book.toml in {path}: start this in the project's folder, or name the book's folder with --book DIR\n"
        )
    );
}

#[test]
fn a_broken_book_is_not_served_or_built() {
    let book = sample_book();
    write(&book, "src/SUMMARY.md", "# Summary\n\n- [None](none.md)\n");
    let folder = book.path().display().to_string();
    let error = refusal(&["--no-open", "--port", "0", "--book", &folder]);
    assert!(
        error.starts_with("error: cannot build the book in "),
        "{error}"
    );
    assert!(error.contains("none.md"), "{error}");
    assert!(!book.path().join("src/none.md").exists());

    let dest = book.path().join("dest");
    refusal(&[
        "build",
        "--book",
        &folder,
        "--dest",
        &dest.display().to_string(),
    ]);
    assert!(!dest.exists());
}

#[test]
fn an_unknown_argument_is_refused() {
    assert!(refusal(&["--prot", "1"]).contains("'--port'"));
    assert!(refusal(&["bulid"]).contains("'build'"));
    assert!(refusal(&["--port", "70000"]).contains("70000"));
}

#[test]
fn help_and_version_are_answered() {
    let help = String::from_utf8_lossy(&run(&["--help"]).stdout).into_owned();
    assert!(help.contains("Usage: cargo run -- [OPTIONS]"), "{help}");
    let version = String::from_utf8_lossy(&run(&["--version"]).stdout).into_owned();
    assert_eq!(version, format!("workbook {}\n", env!("CARGO_PKG_VERSION")));
}

/// Everything in a folder, as relative paths.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().into())
        .collect();
    files.sort();
    files
}

#[test]
fn build_writes_to_new_empty_and_built_folders() {
    let book = sample_book();
    let folder = book.path().display().to_string();
    let out = tempfile::tempdir().expect("a temporary folder");
    let empty = out.path().join("empty");
    fs::create_dir(&empty).expect("a folder");
    for dest in [out.path().join("new/deep"), empty.clone(), empty.clone()] {
        let output = run(&[
            "build",
            "--book",
            &folder,
            "--dest",
            &dest.display().to_string(),
        ]);
        assert!(output.status.success(), "{output:?}");
        let page = fs::read_to_string(dest.join("one.html")).expect("a page");
        assert!(page.contains("first text"));
        assert!(
            !page.contains("__reload"),
            "the script is for the server only"
        );
    }
    // No half-built folder is left behind.
    assert_eq!(files(out.path()), [Path::new("empty"), Path::new("new")]);

    write(&book, "src/SUMMARY.md", "# Summary\n\n- [One](one.md)\n");
    let output = run(&[
        "build",
        "--book",
        &folder,
        "--dest",
        &empty.display().to_string(),
    ]);
    assert!(output.status.success(), "{output:?}");
    assert!(
        !empty.join("two.html").exists(),
        "an earlier build is replaced"
    );
}

#[test]
fn build_deletes_nobodys_files() {
    let book = sample_book();
    let folder = book.path().display().to_string();
    let out = tempfile::tempdir().expect("a temporary folder");
    fs::write(out.path().join("letter.txt"), "dear").expect("a file");
    let dest = out.path().display().to_string();
    let error = refusal(&["build", "--book", &folder, "--dest", &dest]);
    assert_eq!(
        error,
        format!(
            "error: {dest} holds files that are not a built book: empty it or name another folder\n"
        )
    );
    let file = out.path().join("letter.txt").display().to_string();
    let error = refusal(&["build", "--book", &folder, "--dest", &file]);
    assert_eq!(
        error,
        format!("error: {file} is not a folder: name another one\n")
    );
    assert_eq!(files(out.path()), [Path::new("letter.txt")]);
    assert_eq!(fs::read_to_string(&file).expect("the file"), "dear");
}

//! The program as a reader starts it.

mod build;
#[cfg(target_os = "linux")]
#[path = "../fence/mod.rs"]
#[allow(dead_code, reason = "the other tests use the rest")]
mod fence;
#[path = "../lines/mod.rs"]
mod lines;
mod server;
mod supervisor;

use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;
use workbook::programs::cargo;

use crate::lines::{lines, wait_for};
use crate::server::Server;

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
    write(&folder, "src/SUMMARY.md", "# Summary\n\n- [One](one.md)\n- [Two](two.md)\n");
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

/// Whoever runs a first example must not wait for the crates of others.
#[test]
fn an_example_of_the_library_needs_few_crates() {
    let tree = ["tree", "--package", "asyncio", "--edges", "normal,build,dev", "--prefix", "none"];
    let output = cargo::command(&cargo::workspace()).args(tree).arg("--offline").output().expect("cargo");
    let listed = String::from_utf8_lossy(&output.stdout).into_owned();
    let crates: BTreeSet<&str> = listed.lines().filter_map(|line| line.split(' ').next()).collect();
    assert!(output.status.success() && crates.contains("asyncio"), "{output:?}");
    assert!(crates.len() <= 45, "{}: {crates:?}", crates.len());
}

#[test]
fn a_reader_who_has_seen_enough_is_no_error() {
    for args in [&["progress", "--json"][..], &["exercises"]] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        // Nothing of this is the business of a reader's own folder.
        let work = tempfile::tempdir().expect("a temporary folder");
        let output = workbook().args(args).arg("--work").arg(work.path()).stdout(writer).output();
        let output = output.expect("the program starts");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{args:?}");
        assert!(output.status.success(), "{args:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error() {
    let full = || {
        let full = fs::File::options().write(true).open("/dev/full");
        full.expect("it is part of Linux")
    };
    let mut command = workbook();
    let output = command.args(["progress", "--json"]).stdout(full()).output();
    let output = output.expect("the program starts");
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "error: cannot write to stdout: No space left on device (os error 28)\n"
    );
    assert_eq!(output.status.code(), Some(1));
    // Now nobody can be told.
    let status = command.stderr(full()).status();
    assert_eq!(status.expect("the program starts").code(), Some(1));
}

#[test]
fn pages_go_to_this_machine_only() {
    let book = sample_book();
    let server = Server::start(book.path());
    let port = server.port;
    for host in [format!("127.0.0.1:{port}"), format!("localhost:{port}")] {
        let answer = server.get_as("/", &[host]);
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        assert!(answer.contains("x-content-type-options: nosniff"), "{answer}");
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
            assert!(answer.starts_with("HTTP/1.1 403 "), "{hosts:?} {path}: {answer}");
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
    let page = server.get("/one.html");
    assert!(page.contains("src=\"/__reload.js\"") && page.contains("<meta name=\"workbook\""), "{page}");
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
fn an_order_to_end_is_a_success_and_leaves_nothing() {
    let book = sample_book();
    for signal in ["-INT", "-TERM", "-HUP", "-QUIT"] {
        let temporary = tempfile::tempdir().expect("a temporary folder");
        let mut server = Server::start_with(book.path(), |command| {
            // Whoever has started the tests with `nohup` has it ignored, and a server would stay.
            #[cfg(target_os = "linux")]
            {
                let program = command.get_program().to_owned();
                *command = Command::new("env");
                command.arg("--default-signal=HUP").arg(program);
            }
            command.env("TMPDIR", temporary.path());
        });
        // An open page must not hold it up.
        let events = server.events();
        wait_for(&events, "data: ");
        assert_eq!(build::files(temporary.path()).len(), 1, "its own folder");
        let killed =
            Command::new("kill").args([signal, &server.child.id().to_string()]).status().expect("kill is part of Unix");
        assert!(killed.success());
        let ended = wait_timeout::ChildExt::wait_timeout(&mut server.child, lines::DEADLINE);
        let status = ended.expect("a child").expect("an end before the deadline");
        assert_eq!(status.code(), Some(0), "{signal}");
        assert!(build::files(temporary.path()).is_empty(), "{signal}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_server_that_is_to_outlive_its_terminal_does() {
    let book = sample_book();
    let server = Server::start_with(book.path(), |command| {
        let program = command.get_program().to_owned();
        *command = Command::new("/bin/sh");
        command.args(["-c", "trap '' HUP; exec \"$0\" \"$@\""]).arg(program);
    });
    let killed = Command::new("kill").args(["-HUP", &server.child.id().to_string()]).status();
    assert!(killed.expect("kill is part of Unix").success());
    assert!(server.get("/one.html").starts_with("HTTP/1.1 200 "));
}

#[cfg(target_os = "linux")]
#[test]
fn clients_that_ask_nothing_are_sent_away() {
    let book = sample_book();
    // Few files, so that this test needs few, too.
    let server = Server::start_with(book.path(), |command| {
        let program = command.get_program().to_owned();
        *command = Command::new("/bin/sh");
        command.args(["-c", "ulimit -n 128; exec \"$0\" \"$@\""]).arg(program);
    });
    let half_open: Vec<_> = (0..150).map(|_| server.begin("GET / HTTP/1.1\r\nHost: ")).collect();
    assert!(server.get("/one.html").starts_with("HTTP/1.1 200 "));
    drop(half_open);
}

#[test]
fn pages_that_somebody_removes_are_made_again() {
    let book = sample_book();
    let temporary = tempfile::tempdir().expect("a temporary folder");
    let server = Server::start_with(book.path(), |command| {
        command.envs(["TMPDIR", "TMP", "TEMP"].map(|name| (name, temporary.path())));
    });
    let folder = fs::read_dir(temporary.path()).expect("a folder").flatten().next().expect("its folder").path();
    let events = server.events();
    wait_for(&events, "data: ");
    fs::remove_dir_all(&folder).expect("a folder of ours");
    let answer = server.get("/one.html");
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("They are being made again"), "{answer}");
    wait_for(&events, "data: ");
    assert!(server.get("/one.html").contains("first text"));
    assert!(folder.join("lock").exists());
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::mode(&folder.metadata().expect("a folder").permissions());
        assert_eq!(mode & 0o777, 0o700);
    }
}

#[test]
fn a_port_in_use_is_named() {
    let book = sample_book();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port().to_string();
    let folder = book.path().display().to_string();
    let error = refusal(&["--no-open", "--port", &port, "--book", &folder]);
    assert_eq!(
        error,
        format!("error: port {port} is in use: stop the program that uses it, or choose another with --port N\n")
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
    assert!(error.starts_with("error: cannot build the book in "), "{error}");
    assert!(error.contains("none.md"), "{error}");
    assert!(!book.path().join("src/none.md").exists());

    let dest = book.path().join("dest");
    refusal(&["build", "--book", &folder, "--dest", &dest.display().to_string()]);
    assert!(!dest.exists());
}

#[test]
fn an_unknown_argument_is_refused() {
    assert!(refusal(&["--prot", "1"]).contains("'--port'"));
    assert!(refusal(&["bulid"]).contains("'build'"));
    assert!(refusal(&["--port", "70000"]).contains("70000"));
    let hub = refusal(&["--origin", "https://hub.example/user/ann/proxy/8377/"]);
    assert!(hub.contains("they share what their browsers store there"), "{hub}");
    assert!(refusal(&["bench-run", "--programs", "0"]).contains("'0'"));
}

#[test]
fn help_and_version_are_answered() {
    let help = String::from_utf8_lossy(&run(&["--help"]).stdout).into_owned();
    assert!(help.contains("Usage: cargo run -- [OPTIONS]"), "{help}");
    let version = String::from_utf8_lossy(&run(&["--version"]).stdout).into_owned();
    assert_eq!(version, format!("workbook {}\n", env!("CARGO_PKG_VERSION")));
}

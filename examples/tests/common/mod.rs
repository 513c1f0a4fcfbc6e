//! What the tests of the servers share: clients with deadlines, and examples as processes.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Once;
use std::time::Duration;

/// After so long a test that waits has failed.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// A blocking client; a read that takes too long panics.
pub struct Client {
    pub stream: TcpStream,
    reader: BufReader<TcpStream>,
}

impl Client {
    #[track_caller]
    pub fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect_timeout(&address, DEADLINE).expect("the server listens");
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.set_write_timeout(Some(DEADLINE)).unwrap();
        stream.set_nodelay(true).unwrap();
        let reader = BufReader::new(stream.try_clone().unwrap());
        Client { stream, reader }
    }

    #[track_caller]
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let sent = self.stream.write_all(bytes.as_ref());
        sent.expect("the server reads");
    }

    /// Reads a line without its end; `None` at the end of the stream.
    #[track_caller]
    pub fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let count = self.reader.read_line(&mut line);
        match count.expect("the server answers in time") {
            0 => None,
            _ => Some(line.trim_end_matches('\n').to_owned()),
        }
    }

    /// Reads to the end of the stream.
    #[track_caller]
    #[allow(dead_code, reason = "not every test needs it")]
    pub fn rest(&mut self) -> String {
        let mut text = String::new();
        let read = self.reader.read_to_string(&mut text);
        read.expect("the server ends the connection in time");
        text
    }
}

/// Builds the examples, unless they are built, and gives the path of one.
pub fn example(name: &str) -> PathBuf {
    static BUILT: Once = Once::new();
    let this = std::env::current_exe().expect("the test has a path");
    let profile = this.parent().and_then(|deps| deps.parent()).unwrap();
    BUILT.call_once(|| build_examples(profile));
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    profile.join("examples").join(file)
}

/// Choice: all of them at the root, as the test of the book does; alone they would be built upon crates with other features, and so would those crates.
fn build_examples(profile: &Path) {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "-q", "--examples"]);
    cargo.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."));
    if profile.ends_with("release") {
        cargo.arg("--release");
    }
    cargo.env("CARGO_TARGET_DIR", profile.parent().unwrap());
    // What cargo tells this test of its package would make some build scripts run again.
    for (variable, _) in std::env::vars() {
        if variable.starts_with("CARGO_PKG_") || variable.starts_with("CARGO_MANIFEST_") {
            cargo.env_remove(variable);
        }
    }
    assert!(cargo.status().expect("cargo").success());
}

/// An example that serves as a process of its own, and dies with its owner.
pub struct Serving {
    child: Child,
    output: BufReader<std::process::ChildStdout>,
    #[allow(dead_code, reason = "not every test needs it")]
    pub address: SocketAddr,
}

impl Serving {
    #[allow(dead_code, reason = "not every test needs it")]
    pub fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the example");
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let address = line.trim().rsplit(' ').next().unwrap();
        let address = address.trim_start_matches("http://").trim_end_matches('/');
        Serving {
            address: address.parse().unwrap_or_else(|_| panic!("{line:?}")),
            child,
            output,
        }
    }

    /// Reads the next line that the example says.
    #[allow(dead_code, reason = "not every test needs it")]
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line
    }

    /// Sends what Ctrl-C sends; gives what the example says after it, and its exit code.
    #[cfg(unix)]
    pub fn interrupt(mut self) -> (String, Option<i32>) {
        use rustix::process::{Pid, Signal, kill_process};

        kill_process(Pid::from_child(&self.child), Signal::INT).unwrap();
        let mut said = String::new();
        self.output.read_to_string(&mut said).unwrap();
        (said, self.child.wait().unwrap().code())
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Holds a process to one sentence on standard error and an exit code that is not 0.
#[track_caller]
pub fn assert_one_sentence(output: &Output, beginning: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.starts_with(beginning), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(!output.status.success());
    assert_eq!(output.stdout, b"");
}

/// Lets this process open so many files.
#[allow(dead_code, reason = "not every test needs it")]
pub fn allow_open_files(count: u64) {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit, setrlimit};

        let mut limit = getrlimit(Resource::Nofile);
        if limit.current.is_some_and(|current| current < count) {
            limit.current = Some(count);
            setrlimit(Resource::Nofile, limit).expect("the test may open many files");
        }
    }
    let _ = count;
}

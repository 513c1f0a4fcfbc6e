//! A private server ends with the program that started it, in whatever way that ends.

use std::env;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use private_redis::Server;

const DEADLINE: Duration = Duration::from_secs(60);

/// A program that starts a server, tells where it is, and ends in this way when its own input ends.
pub fn holder(ending: &str) -> ExitCode {
    let server = Server::start().expect("a server");
    println!("{}\n{}", server.url(), server.folder().display());
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink()).expect("a pipe");
    match ending {
        "exit" => std::process::exit(0),
        "abort" => std::process::abort(),
        "panic" => panic!("on purpose"),
        _ => ExitCode::SUCCESS,
    }
}

struct Holder {
    child: Child,
    /// A connection to the server, which ends when the server does.
    connection: TcpStream,
    folder: PathBuf,
}

impl Holder {
    fn start(ending: &str) -> Holder {
        let mut command = Command::new(env::current_exe().expect("a path"));
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command
            .args(["holder", ending])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("this program starts");
        let output = BufReader::new(child.stdout.take().expect("stdout is a pipe"));
        let mut lines = output.lines().map(|line| line.expect("text"));
        let url = lines.next().expect("an address");
        let folder = lines.next().expect("a folder").into();
        let (_, address) = url.split_once('@').expect("a password before the address");
        let connection = TcpStream::connect(address).expect("the server listens");
        connection
            .set_read_timeout(Some(DEADLINE))
            .expect("a limit");
        Holder {
            child,
            connection,
            folder,
        }
    }

    /// Waits until server and folder are gone.
    #[track_caller]
    fn expect_end(mut self) {
        drop(self.child.stdin.take());
        self.child.wait().expect("a child");
        // A server that is killed may reset the connection.
        let end = self.connection.read(&mut [0]);
        assert!(
            matches!(&end, Ok(0)) || end.as_ref().is_err_and(|error| !is_timeout(error)),
            "the server goes on: {end:?}"
        );
        let deadline = Instant::now() + DEADLINE;
        while self.folder.exists() {
            assert!(
                Instant::now() < deadline,
                "{} is left",
                self.folder.display()
            );
            std::thread::yield_now();
        }
    }
}

fn is_timeout(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{TimedOut, WouldBlock};
    matches!(error.kind(), TimedOut | WouldBlock)
}

pub fn a_server_ends_with_its_program() {
    for ending in ["return", "exit", "abort", "panic"] {
        Holder::start(ending).expect_end();
    }
    let mut killed = Holder::start("return");
    killed.child.kill().expect("a child");
    killed.expect_end();
    #[cfg(unix)]
    {
        use rustix::process::{Pid, Signal, kill_process_group};
        // Ctrl-C goes to the whole group: to the program, to the server, and to the shell that watches over it.
        let interrupted = Holder::start("return");
        let group = Pid::from_child(&interrupted.child);
        kill_process_group(group, Signal::INT).expect("a group");
        interrupted.expect_end();
    }
}

pub fn a_server_ends_with_its_value() {
    let (first, second) = (Server::start(), Server::start());
    let (first, second) = (first.expect("a server"), second.expect("a server"));
    assert_ne!(first.url(), second.url());
    let folder = first.folder().to_owned();
    let address = first.url();
    let (_, address) = address
        .split_once('@')
        .expect("a password before the address");
    let mut connection = TcpStream::connect(address).expect("the server listens");
    connection
        .set_read_timeout(Some(DEADLINE))
        .expect("a limit");
    drop(first);
    assert!(!folder.exists());
    assert!(!matches!(connection.read(&mut [0]), Ok(1)));
    assert!(TcpStream::connect(address).is_err());
    assert!(second.folder().exists());
}

//! The program while it serves a book, and who asks it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc::Receiver;

use crate::lines::{DEADLINE, lines};
use crate::workbook;

/// The program while it serves a book; it ends with the value.
pub struct Server {
    pub child: Child,
    pub port: u16,
    pub stdout: Receiver<String>,
    pub stderr: Option<ChildStderr>,
}

impl Server {
    pub fn start(book: &Path) -> Server {
        Server::start_with(book, |_| {})
    }

    /// As [`Server::start`], with more settings.
    pub fn start_with(book: &Path, settings: impl FnOnce(&mut Command)) -> Server {
        let mut command = workbook();
        settings(&mut command);
        let mut child = command
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
        Server { port: port.unwrap_or_else(|| panic!("`{address}` is no address")), child, stdout, stderr }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).expect("the server listens");
        stream.set_read_timeout(Some(DEADLINE)).expect("a limit");
        stream
    }

    /// Connects, and begins a request with this.
    pub fn begin(&self, start: &str) -> TcpStream {
        let mut stream = self.connect();
        stream.write_all(start.as_bytes()).expect("a request");
        stream
    }

    /// Sends a GET request with these Host lines, and gives the whole answer.
    pub fn get_as(&self, path: &str, hosts: &[String]) -> String {
        let hosts: String = hosts.iter().map(|h| format!("Host: {h}\r\n")).collect();
        let mut stream = self.begin(&format!("GET {path} HTTP/1.1\r\n{hosts}Connection: close\r\n\r\n"));
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("an answer");
        String::from_utf8_lossy(&answer).into_owned()
    }

    pub fn get(&self, path: &str) -> String {
        self.get_as(path, &[format!("127.0.0.1:{}", self.port)])
    }

    /// Listens as an open page does.
    pub fn events(&self) -> Receiver<String> {
        lines(self.begin(&format!("GET /__reload HTTP/1.1\r\nHost: localhost:{}\r\n\r\n", self.port)))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

//! What the browser looks at: the program that a reader starts, and the same pages from a plain web server.

use std::io::{BufRead, BufReader};
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use anyhow::{Context, Result, ensure};
use axum::Router;
use tokio::net::TcpListener;
use tokio::runtime;
use tower_http::services::{ServeDir, ServeFile};
use workbook::book::Book;

/// How long a program may run here, so that the test of the limit is short.
const LIMITS: &str = r#"{"wall": 3000}"#;

static SERVER: Mutex<Option<Server>> = Mutex::new(None);

/// A program that ends with the value.
pub struct Server {
    child: Child,
    pub address: String,
    pub token: String,
}

/// Gives the address of the running program and the key to it; the first call starts it.
pub fn served() -> Result<(String, String)> {
    let mut server = SERVER.lock().unwrap_or_else(PoisonError::into_inner);
    if server.is_none() {
        *server = Some(Server::start(None)?);
    }
    let server = server.as_ref().context("just started")?;
    Ok((server.address.clone(), server.token.clone()))
}

/// As [`served`], for a test that runs programs: the server runs one at a time, so no other such test goes on while the guard lives.
pub fn served_alone() -> Result<(String, String, MutexGuard<'static, ()>)> {
    static TURN: Mutex<()> = Mutex::new(());
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let (address, token) = served()?;
    Ok((address, token, turn))
}

/// Ends the program, if it was started.
pub fn stop() {
    *SERVER.lock().unwrap_or_else(PoisonError::into_inner) = None;
}

impl Server {
    /// Starts the program with this book, or the project's own.
    pub fn start(book: Option<&Path>) -> Result<Server> {
        Server::start_on(book, "0")
    }

    /// As [`Server::start`], on this port, as a reader starts it again.
    pub fn start_on(book: Option<&Path>, port: &str) -> Result<Server> {
        Server::start_with(book, port, LIMITS)
    }

    /// As [`Server::start_on`], with these limits of a program.
    pub fn start_with(book: Option<&Path>, port: &str, limits: &str) -> Result<Server> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_workbook"));
        command.args(["--no-open", "--port", port, "--limits", limits]);
        if let Some(book) = book {
            command.arg("--book").arg(book);
        }
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let stdout = child.stdout.take().context("a pipe")?;
        let mut server = Server { child, address: String::new(), token: String::new() };
        let mut line = String::new();
        ensure!(BufReader::new(stdout).read_line(&mut line)? > 0, "the workbook ended");
        let parts = line.trim().split_once("/#token=");
        let (address, token) = parts.with_context(|| format!("no address: {line}"))?;
        server.address = address.to_owned();
        server.token = token.to_owned();
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The pages of the project's book as files, made once.
pub fn built() -> Result<&'static Path> {
    static BUILT: Mutex<Option<&'static Path>> = Mutex::new(None);
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(pages) = *built {
        return Ok(pages);
    }
    let pages = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pages");
    Book::find(None)?.render(&pages)?;
    Ok(built.insert(Box::leak(pages.into_boxed_path())))
}

/// Serves the files of a folder as any web server does, until the process ends.
pub fn serve_files(folder: &Path) -> Result<String> {
    serve(Router::new().fallback_service(ServeDir::new(folder)))
}

/// The same below a prefix; what is missing is answered with the book's page for it.
pub fn serve_below(prefix: &str, folder: &Path) -> Result<String> {
    let missing = ServeFile::new(folder.join("404.html"));
    let files = ServeDir::new(folder).not_found_service(missing);
    Ok(serve(Router::new().nest_service(prefix, files))? + prefix)
}

fn serve(router: Router) -> Result<String> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
    let address = format!("http://{}", listener.local_addr()?);
    thread::spawn(move || runtime.block_on(async { axum::serve(listener, router).await }));
    Ok(address)
}

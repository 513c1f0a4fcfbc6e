//! How long a reader waits from the click on Run to the first output, and from the click on Check to what came of it.
//!
//! Each figure is told as a multiple of what rustc needs for an empty `main` in the same minutes, because machines differ, and so does what else they do.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::exercises::catalog::Kind;
use crate::exercises::check::check;
use crate::exercises::{Exercises, Places};
use crate::programs::cargo;
use crate::programs::compile::Compiler;
use crate::supervisor::block_on;
use crate::supervisor::exec::this_program;
use crate::supervisor::limits::Limits;

/// Programs of about twenty lines, as the book has them.
const PROGRAMS: [&str; 4] =
    [include_str!("channel.rs"), include_str!("join_set.rs"), include_str!("select.rs"), include_str!("shared.rs")];

/// The word in them that each edit changes.
const MARK: &str = "EDITED";

/// How often cargo is asked; it takes long.
const CARGO_RUNS: usize = 5;

/// Measures, and prints one line for each kind of run.
pub fn bench(programs: usize) -> Result<()> {
    let workspace = cargo::workspace();
    let compiler = Compiler::find(&workspace, Limits::compiler())?;
    let place = tempfile::tempdir()?;
    let server = Server::start(&small_book(place.path())?)?;
    let package = package(place.path(), &workspace)?;
    fs::write(place.path().join("empty.rs"), "fn main() {}\n")?;

    let mut empty = Vec::new();
    let mut edited = Vec::new();
    let mut again = Vec::new();
    let mut recorded = Vec::new();
    let mut recorded_again = Vec::new();
    let mut with_cargo = Vec::new();
    // No program may have been compiled by an earlier measurement.
    let start = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    for number in 0..programs {
        let mark = format!("edit {number} of {}", start.as_nanos());
        let code = PROGRAMS[number % PROGRAMS.len()].replace(MARK, &mark);
        // One after the other, so that all meet the same load.
        empty.push(compile_empty(compiler.rustc(), place.path())?);
        edited.push(server.first_output(&code, &mark, false)?);
        again.push(server.first_output(&code, &mark, false)?);
        recorded.push(server.first_output(&code, &mark, true)?);
        recorded_again.push(server.first_output(&code, &mark, true)?);
        if number < CARGO_RUNS {
            with_cargo.push(cargo_run(&package, &code, &mark)?);
        }
    }
    let (mut checked, mut checked_again) = block_on(async |by| {
        let mut times = (Vec::new(), Vec::new());
        let places = Places::of(&workspace);
        let catalog = Exercises::new(places, Limits::compiler()).catalog()?;
        let kinds = [Kind::Repair, Kind::Build];
        let exercises: Vec<_> = catalog.exercises().filter(|exercise| kinds.contains(&exercise.kind)).collect();
        for number in 0..programs {
            let exercise = exercises[number * exercises.len() / programs];
            let text = format!("{}// edit {number} of {}\n", catalog.solution(exercise)?, start.as_nanos());
            empty.push(compile_empty(compiler.rustc(), place.path())?);
            for times in [&mut times.0, &mut times.1] {
                let start = Instant::now();
                let folder = place.path().join("check");
                let outcome = check(&compiler, &catalog, exercise, &text, &folder, by).await?;
                times.push(start.elapsed().as_secs_f64());
                ensure!(outcome.is_some_and(|outcome| outcome.passed), "{} is not solved", exercise.name);
            }
        }
        Ok(times)
    })?;
    let unit = median(&mut empty);
    for (name, times) in [
        ("rustc on an empty main", &mut empty),
        ("cargo run, edited", &mut with_cargo),
        ("Run on the page, edited", &mut edited),
        ("Run on the page, again", &mut again),
        ("with Timeline, edited", &mut recorded),
        ("with Timeline, again", &mut recorded_again),
        ("Check, edited", &mut checked),
        ("Check, again", &mut checked_again),
    ] {
        let (times_count, middle) = (times.len(), median(times));
        println!(
            "{name:<26}{:>7.0} ms {:>6.2} x   (median of {times_count}, {:.0} to {:.0} ms)",
            middle * 1e3,
            middle / unit,
            times[0] * 1e3,
            times[times_count - 1] * 1e3
        );
    }
    Ok(())
}

/// The middle of the times; they are sorted then.
fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    match times.len() {
        0 => f64::NAN,
        even if even % 2 == 0 => (times[even / 2 - 1] + times[even / 2]) / 2.0,
        odd => times[odd / 2],
    }
}

fn compile_empty(rustc: &Path, place: &Path) -> Result<f64> {
    let start = Instant::now();
    let status = Command::new(rustc).args(["--edition=2024", "empty.rs"]).current_dir(place).status()?;
    ensure!(status.success(), "rustc refused an empty program");
    Ok(start.elapsed().as_secs_f64())
}

/// A package of the usual kind, whose dependencies are compiled.
fn package(place: &Path, workspace: &Path) -> Result<PathBuf> {
    let folder = place.join("package");
    fs::create_dir_all(folder.join("src"))?;
    let features = "\"io-util\", \"macros\", \"net\", \"rt-multi-thread\", \"sync\", \"time\"";
    fs::write(
        folder.join("Cargo.toml"),
        format!(
            "[package]\nname = \"main\"\nedition = \"2024\"\n[dependencies]\ntokio = {{ version = \"1\", features = [{features}] }}\n[workspace]\n"
        ),
    )?;
    // The versions that are there already.
    fs::copy(workspace.join("Cargo.lock"), folder.join("Cargo.lock"))?;
    cargo_run(&folder, "fn main() { println!(\"ready\") }", "ready")?;
    Ok(folder)
}

fn cargo_run(package: &Path, code: &str, mark: &str) -> Result<f64> {
    fs::write(package.join("src/main.rs"), code)?;
    let start = Instant::now();
    let mut child = cargo::command(package)
        .args(["run", "--quiet", "--offline", "--target-dir", "target"])
        .stdout(Stdio::piped())
        .spawn()?;
    let mut output = BufReader::new(child.stdout.take().context("a process without a pipe")?);
    let mut line = String::new();
    output.read_line(&mut line)?;
    let time = start.elapsed().as_secs_f64();
    ensure!(line.trim() == mark, "cargo run printed `{line}`");
    output.read_to_string(&mut line)?;
    child.wait()?;
    Ok(time)
}

/// A book of one page without programs, so that nothing is compiled in the background.
fn small_book(place: &Path) -> Result<PathBuf> {
    let book = place.join("book");
    fs::create_dir_all(book.join("src"))?;
    fs::write(book.join("book.toml"), "[book]\ntitle = \"Small\"\n")?;
    fs::write(book.join("src/SUMMARY.md"), "# Summary\n\n- [One](one.md)\n")?;
    fs::write(book.join("src/one.md"), "# One\n")?;
    Ok(book)
}

/// This program, serving a book.
struct Server {
    child: Child,
    address: String,
    token: String,
}

impl Server {
    /// Starts it, and waits until it compiles programs.
    fn start(book: &Path) -> Result<Server> {
        let mut child = Command::new(this_program()?)
            .args(["--no-open", "--port", "0", "--book"])
            .arg(book)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("a process without a pipe")?).read_line(&mut line)?;
        let (address, token) = line
            .trim()
            .strip_prefix("http://")
            .and_then(|rest| rest.split_once("/#token="))
            .context("the server printed no address")?;
        let server = Server { child, address: address.to_owned(), token: token.to_owned() };
        loop {
            let status = server.status()?;
            ensure!(status["problem"].is_null(), "{}", status["problem"]);
            if status["ready"] == true {
                return Ok(server);
            }
            thread::sleep(Duration::from_millis(200));
        }
    }

    fn ask(&self, method: &str, path: &str, body: &str) -> Result<BufReader<TcpStream>> {
        let mut stream = TcpStream::connect(&self.address)?;
        let (address, token, length) = (&self.address, &self.token, body.len());
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nOrigin: http://{address}\r\nX-Workbook-Token: {token}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes())?;
        Ok(BufReader::new(stream))
    }

    fn status(&self) -> Result<Value> {
        let mut answer = String::new();
        self.ask("GET", "/status", "")?.read_to_string(&mut answer)?;
        let (_, body) = answer.split_once("\r\n\r\n").context("a broken answer")?;
        Ok(serde_json::from_str(body)?)
    }

    /// The seconds until the program's first output; the answer is then read to its end.
    fn first_output(&self, code: &str, mark: &str, timeline: bool) -> Result<f64> {
        let body = json!({ "code": code, "timeline": timeline }).to_string();
        let start = Instant::now();
        let mut time = None;
        for line in self.ask("POST", "/run", &body)?.lines() {
            let line = line?;
            if time.is_none() && line.contains("\"stdout\"") {
                ensure!(line.contains(mark), "the program printed {line}");
                time = Some(start.elapsed().as_secs_f64());
            }
        }
        time.context("the program printed nothing")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

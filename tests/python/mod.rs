//! The Pythons that traces are compared with: the one at hand, and Pyodide, which is CPython 3.14 without sockets and threads.

use std::env;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A version of Python: three numbers.
pub type Version = [u32; 3];

/// The version that the library follows.
#[allow(dead_code, reason = "not every test asks for it")]
pub const FOLLOWED: Version = [3, 14, 2];

/// The oldest Python that has task groups, timeouts and barriers.
const OLDEST: Version = [3, 11, 0];

/// A Python that runs.
pub struct Python {
    /// What messages call it.
    #[allow(dead_code, reason = "not every test names it")]
    pub name: String,
    pub version: Version,
    pub has_sockets: bool,
    /// The program and its first arguments.
    command: Vec<String>,
    /// The folder of the scripts that it runs.
    folder: PathBuf,
}

/// Gives the Pythons at hand, and the reasons why others are not.
#[allow(dead_code, reason = "not every test asks for both")]
pub fn pythons() -> [Result<Python, String>; 2] {
    [cpython(), pyodide()]
}

/// Finds the Python at hand.
pub fn cpython() -> Result<Python, String> {
    let python = env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
    Python::new(&python, true, vec![python.clone(), "-B".to_owned()])
}

fn tests() -> PathBuf {
    // Packages in `tools/` ask, too.
    let mut folders = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let project = folders.find(|folder| folder.join("tests/python/pyodide.mjs").exists());
    project.expect("the project").join("tests")
}

/// Finds CPython 3.14 in the npm package `pyodide`.
pub fn pyodide() -> Result<Python, String> {
    let installed = tests().join("../target/pyodide/node_modules/pyodide");
    let package = env::var("PYODIDE").map_or(installed, PathBuf::from);
    if !package.join("pyodide.mjs").exists() {
        return Err(format!(
            "Pyodide is not at {}; `npm install --prefix target/pyodide pyodide@314` brings it",
            package.display()
        ));
    }
    let text = |path: &Path| path.display().to_string();
    let driver = tests().join("python/pyodide.mjs");
    let command = vec!["node".to_owned(), text(&driver), text(&package)];
    Python::new("Pyodide", false, command)
}

impl Python {
    fn new(name: &str, has_sockets: bool, command: Vec<String>) -> Result<Self, String> {
        let mut python = Python {
            name: name.to_owned(),
            version: OLDEST,
            has_sockets,
            command,
            folder: tests(),
        };
        let text = python.try_run("python/version.py", &[], "")?;
        let numbers: Option<Vec<u32>> = text.split_whitespace().map(|n| n.parse().ok()).collect();
        let version = numbers.and_then(|numbers| numbers.try_into().ok());
        python.version = version.ok_or_else(|| format!("{name} gives no version, but {text:?}"))?;
        if python.version < OLDEST {
            return Err(format!("{name} is {:?}, older than 3.11", python.version));
        }
        Ok(python)
    }

    /// Gives the same Python, for the scripts of another folder.
    #[allow(dead_code, reason = "not every test asks for it")]
    pub fn within(self, folder: PathBuf) -> Self {
        Python { folder, ..self }
    }

    #[allow(dead_code, reason = "not every test runs scripts of its own")]
    /// Runs a script of its folder, which is `tests/`, and gives what it prints.
    #[track_caller]
    pub fn run(&self, script: &str, arguments: &[&str], input: &str) -> String {
        let printed = self.try_run(script, arguments, input);
        printed.unwrap_or_else(|why| panic!("{script} failed: {why}"))
    }

    /// Gives the command that runs it, without a script.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.command[0]);
        command.args(&self.command[1..]);
        command
    }

    fn try_run(&self, script: &str, arguments: &[&str], input: &str) -> Result<String, String> {
        let mut command = self.command();
        match self.has_sockets {
            true => command.arg(self.folder.join(script)),
            // Pyodide has no files but those that it is given.
            false => command.arg(&self.folder).arg(script),
        };
        let mut child = command
            .args(arguments)
            .env("PYTHONIOENCODING", "utf-8")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|e| {
                format!(
                    "{} does not run: {e}; install it, or name another in PYTHON",
                    self.command[0]
                )
            })?;
        let mut pipe = child.stdin.take().expect("a pipe");
        let input = input.to_owned();
        // From a thread of its own: the input and the answers are longer than a pipe.
        let writer = std::thread::spawn(move || {
            // If Python has ended early, its status says so.
            let _ = pipe.write_all(input.as_bytes());
        });
        let output = child.wait_with_output().expect("the child is ours");
        writer.join().expect("writing does not panic");
        match output.status.success() {
            true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        }
    }
}

/// Counts the test as skipped, unless everything must run.
#[track_caller]
pub fn skip(why: &str) {
    // Past what collects the output of tests that pass.
    let _ = writeln!(std::io::stderr(), "note: something is skipped: {why}");
    let all_required = env::var("WORKBOOK_REQUIRE_ALL").is_ok_and(|value| value == "1");
    assert!(
        !all_required,
        "WORKBOOK_REQUIRE_ALL=1 allows no skipping: {why}"
    );
}

//! What an editor knows of the exercises, asked of rust-analyzer as an editor asks it.

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};
use workbook::exercises::catalog::Kind;
use workbook::programs::cargo;

use crate::copy::Copy;

/// The first time, it compiles what the exercises are linked with.
const LONGEST: Duration = Duration::from_secs(600);

pub fn trials() -> Vec<Trial> {
    let version = Command::new("rust-analyzer").arg("--version").output();
    let is_there = version.is_ok_and(|output| output.status.success());
    if !is_there {
        // Not required where everything is: not every machine can have it.
        eprintln!("note: one test is skipped: there is no rust-analyzer: rustup component add rust-analyzer");
    }
    let trial = Trial::test("editor knows every file", an_editor_knows_every_file);
    vec![trial.with_ignored_flag(!is_there)]
}

fn an_editor_knows_every_file() -> Result<(), Failed> {
    let copy = Copy::new();
    let exercises = copy.exercises();
    let catalog = exercises.catalog()?;
    let mut files = Vec::new();
    for exercise in catalog.exercises() {
        files.push(exercises.work().file(exercise));
        let parts: &[&str] = match exercise.kind {
            Kind::Predict => &["exercise.rs"],
            _ => &["exercise.rs", "check.rs", "solution.rs"],
        };
        files.extend(parts.iter().map(|part| catalog.part(exercise, part)));
    }
    let stray = copy.file("work/gather_wait/stray.rs");
    fs::write(&stray, "fn stray() {}\n")?;

    let mut editor = Editor::start(&copy.file("work"));
    let is_unlinked = |editor: &mut Editor, file: &Path| {
        let problems = editor.problems(file);
        problems.iter().any(|it| it["code"] == "unlinked-file")
    };
    assert!(is_unlinked(&mut editor, &stray), "it would be seen");
    let unlinked: Vec<_> = files.iter().filter(|it| is_unlinked(&mut editor, it)).collect();
    assert!(unlinked.is_empty(), "{unlinked:#?}");

    // The names of the library are completed, and explained.
    let mine = copy.file("work/gather_wait/one_by_one.rs");
    let text = fs::read_to_string(&mine)?;
    let text = text + "\nasync fn tried() {\n    asyncio::gath\n}\n";
    editor.change(&mine, &text);
    let (line, column) = place(&text, "asyncio::gath");
    let offered = editor.ask(
        "textDocument/completion",
        json!({ "textDocument": uri(&mine), "position": { "line": line, "character": column + 13 } }),
    );
    let offered = offered["items"].as_array().expect("a list").clone();
    let names = offered.iter().map(|item| item["label"].to_string());
    assert!(names.clone().any(|it| it.contains("gather")), "{:?}", names.collect::<Vec<_>>());
    let (line, column) = place(&text, "sleep(");
    let hover = editor.ask(
        "textDocument/hover",
        json!({ "textDocument": uri(&mine), "position": { "line": line, "character": column } }),
    );
    let hover = hover["contents"]["value"].as_str().expect("a text").to_owned();
    assert!(hover.contains("pub fn sleep"), "{hover}");

    // What only the compiler knows is shown when the file is saved; in a check, too.
    for file in [mine, copy.file("exercises/gather_wait/one_by_one/check.rs")] {
        let text = fs::read_to_string(&file)?;
        editor.save(&file, &format!("{text}\nconst WRONG: u8 = \"text\";\n"));
        editor.wait_for_problem(&file, "E0308");
        editor.save(&file, &text);
    }
    editor.end();
    Ok(())
}

/// The line and the column of a text, from 0.
fn place(text: &str, what: &str) -> (usize, usize) {
    let lines = text.lines().enumerate();
    let mut found = lines.filter_map(|(line, text)| Some((line, text.find(what)?)));
    found.next().expect("the text")
}

fn uri(file: &Path) -> Value {
    json!({ "uri": format!("file://{}", file.display()) })
}

/// A rust-analyzer for one folder; it ends with the value.
struct Editor {
    child: Child,
    stdin: ChildStdin,
    said: Receiver<Value>,
    /// How often each file was changed.
    versions: HashMap<String, usize>,
    /// What was said last of each file without being asked.
    published: HashMap<String, Vec<Value>>,
    asked: usize,
}

impl Editor {
    /// Starts it, and waits until it has read the package.
    fn start(folder: &Path) -> Editor {
        let mut child = Command::new("rust-analyzer")
            // What is compiled once stays for the next run of the test.
            .env("CARGO_TARGET_DIR", cargo::workspace().join("target/editor"))
            .env("CARGO_NET_OFFLINE", "true")
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("it was there");
        let stdin = child.stdin.take().expect("a pipe");
        let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let (sender, said) = channel();
        thread::spawn(move || {
            while let Some(message) = read_message(&mut stdout) {
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        let mut editor = Editor { child, stdin, said, versions: HashMap::new(), published: HashMap::new(), asked: 0 };
        let capabilities = json!({
            "experimental": { "serverStatusNotification": true },
            "textDocument": { "diagnostic": {}, "hover": { "contentFormat": ["markdown"] } },
        });
        let manifest = folder.join("Cargo.toml");
        editor.ask(
            "initialize",
            json!({
                "processId": null, "rootUri": uri(folder)["uri"], "capabilities": capabilities,
                "initializationOptions": { "linkedProjects": [manifest] },
            }),
        );
        editor.tell("initialized", json!({}));
        editor.wait(|_, message| {
            let status = &message["params"];
            assert_ne!(status["health"], "error", "{status}");
            message["method"] == "experimental/serverStatus" && status["quiescent"] == true
        });
        editor
    }

    fn send(&mut self, message: Value) {
        let text = json!({ "jsonrpc": "2.0" });
        let (Value::Object(mut all), Value::Object(more)) = (text, message) else { unreachable!("both are objects") };
        all.extend(more);
        let text = Value::Object(all).to_string();
        write!(self.stdin, "Content-Length: {}\r\n\r\n{text}", text.len()).expect("it listens");
        self.stdin.flush().expect("it listens");
    }

    fn tell(&mut self, method: &str, params: Value) {
        self.send(json!({ "method": method, "params": params }));
    }

    #[track_caller]
    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.asked += 1;
        let id = self.asked;
        self.send(json!({ "id": id, "method": method, "params": params }));
        let answer = self.wait(|_, message| message["id"] == id && message["method"].is_null());
        assert!(answer["error"].is_null(), "{method}: {answer}");
        answer["result"].clone()
    }

    /// Hears what it says until it is this; what it asks itself gets an empty answer.
    #[track_caller]
    fn wait(&mut self, is_it: impl Fn(&Editor, &Value) -> bool) -> Value {
        let deadline = Instant::now() + LONGEST;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let message = self.said.recv_timeout(left).expect("an answer in time");
            if message["method"] == "textDocument/publishDiagnostics" {
                let file = message["params"]["uri"].as_str().unwrap_or_default();
                let problems = message["params"]["diagnostics"].as_array();
                let problems = problems.cloned().unwrap_or_default();
                self.published.insert(file.to_owned(), problems);
            }
            if is_it(self, &message) {
                return message;
            }
            if !message["method"].is_null() && !message["id"].is_null() {
                self.send(json!({ "id": message["id"], "result": null }));
            }
        }
    }

    /// Opens the file, unless it is open.
    fn open(&mut self, file: &Path) -> usize {
        let text = fs::read_to_string(file).expect("a file");
        let name = file.display().to_string();
        let version = self.versions.entry(name).or_default();
        *version += 1;
        let version = *version;
        if version == 1 {
            let mut document = uri(file);
            document["languageId"] = "rust".into();
            document["version"] = 1.into();
            document["text"] = text.into();
            self.tell("textDocument/didOpen", json!({ "textDocument": document }));
        }
        version
    }

    fn change(&mut self, file: &Path, text: &str) {
        self.open(file);
        let mut document = uri(file);
        document["version"] = (self.open(file)).into();
        let changes = [json!({ "text": text })];
        let change = json!({ "textDocument": document, "contentChanges": changes });
        self.tell("textDocument/didChange", change);
    }

    fn save(&mut self, file: &Path, text: &str) {
        self.change(file, text);
        fs::write(file, text).expect("a file");
        self.tell("textDocument/didSave", json!({ "textDocument": uri(file) }));
    }

    /// Lets it end what it has started.
    fn end(mut self) {
        self.ask("shutdown", Value::Null);
        self.tell("exit", Value::Null);
        self.child.wait().expect("a child");
    }

    /// What it says itself, without the compiler.
    fn problems(&mut self, file: &Path) -> Vec<Value> {
        self.open(file);
        let params = json!({ "textDocument": uri(file) });
        let report = self.ask("textDocument/diagnostic", params);
        report["items"].as_array().cloned().unwrap_or_default()
    }

    /// Waits until the compiler's message of this number is shown in the file.
    #[track_caller]
    fn wait_for_problem(&mut self, file: &Path, code: &str) {
        let name = uri(file)["uri"].as_str().expect("a text").to_owned();
        self.wait(|editor, _| {
            let problems = editor.published.get(&name).into_iter().flatten();
            problems.clone().any(|it| it["source"] == "rustc" && it["code"] == code)
        });
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read_message(stdout: &mut impl BufRead) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        stdout.read_line(&mut line).ok().filter(|read| *read > 0)?;
        match line.trim_end().strip_prefix("Content-Length: ") {
            Some(number) => length = number.parse().ok()?,
            None if line.trim_end().is_empty() => break,
            None => {}
        }
    }
    let mut text = vec![0; length];
    stdout.read_exact(&mut text).ok()?;
    serde_json::from_slice(&text).ok()
}

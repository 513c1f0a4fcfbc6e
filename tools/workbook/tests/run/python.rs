//! Python programs: the same way, the same limits, and what to do when there is no Python.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::{Value, json};
use workbook::programs::python::Python;

use crate::server::{Answer, Ended, Server, wait_until};
use crate::timelines::{data, figure, lanes};

/// Whether there is a Python; without one the test says so, and holds the server to nothing.
fn has_python() -> bool {
    let found = Python::find();
    if let Err(why) = &found {
        assert!(env::var_os("WORKBOOK_REQUIRE_ALL").is_none(), "{why}");
        eprintln!("note: no Python program is run, because there is {why}");
    }
    found.is_ok()
}

fn post(server: &Server, code: &str) -> Answer {
    server.post("/run", &json!({ "language": "python", "code": code }))
}

#[track_caller]
fn run(server: &Server, code: &str) -> Ended {
    Ended::of(&post(server, code))
}

pub fn a_python_program_runs_as_one_in_rust_does(server: &Server) {
    if !has_python() {
        return;
    }
    let ended = run(
        server,
        "import os, shared, sys\nprint(shared.WORD, 'é', sys.argv, os.listdir(), sys.stdin.read() == '')\nprint(os.getcwd())\nprint('no end', file=sys.stderr, end='')\nsys.exit(3)\n",
    );
    let (first, rest) = ended.stdout.split_once('\n').expect("two lines");
    assert_eq!(first, "shared é ['main.py'] ['main.py'] True");
    assert_eq!(ended.stderr, "no end");
    assert_eq!((&ended.done["ok"], &ended.done["status"]), (&json!(false), &json!(3)));
    assert!(!Path::new(rest.trim()).exists(), "its folder is removed");

    let ended = run(server, "import os\nprint(*sorted(os.environ))\n");
    let names = "HOME LANG PATH PYTHONDONTWRITEBYTECODE PYTHONPATH PYTHONUNBUFFERED PYTHONUTF8 TEMP TMP TMPDIR";
    let own = |name: &&str| !name.starts_with("WORKBOOK_") && *name != "LC_CTYPE";
    let found: Vec<&str> = ended.stdout.split_whitespace().filter(own).collect();
    assert_eq!(found.join(" "), names);

    let ended = run(server, "def f():\n    raise ValueError('no')\n\nf()\n");
    assert!(ended.stderr.contains("main.py\", line 2, in f"), "{ended:?}");
    assert!(ended.stderr.ends_with("ValueError: no\n"), "{ended:?}");
    assert_eq!(ended.done["status"], 1);
}

pub fn a_python_program_meets_the_same_limits(server: &Server) {
    if !has_python() {
        return;
    }
    for (why, code) in [
        ("time", "while True: pass"),
        ("output", "while True: print('0123456789')"),
        ("memory", "all = [bytearray(1 << 20) for _ in range(200)]\nimport time\ntime.sleep(60)"),
        ("output", "open('big', 'wb').write(bytes(2 << 20))\nimport time\ntime.sleep(60)"),
    ] {
        let ended = run(server, code);
        let is_refused = ended.stderr.contains("File too large");
        assert!(ended.why() == why || is_refused, "{code}: {ended:?}");
        assert_eq!(ended.done["ok"], false, "{code}: {ended:?}");
    }
}

pub fn a_python_program_that_its_reader_leaves_is_gone(server: &Server) {
    if !has_python() {
        return;
    }
    // The line comes before the end, although nobody asks Python for it.
    let code = "import os, time\nprint(os.getpid())\ntime.sleep(600)\n";
    let started = server.begin_with(&json!({ "language": "python", "code": code }));
    let (client, pid) = Server::first_line(started);
    let process = format!("/proc/{pid}");
    assert!(Path::new(&process).exists());
    drop(client);
    wait_until("the program is gone", || !Path::new(&process).exists());
}

pub fn a_twin_runs_with_arguments(server: &Server) {
    if !has_python() {
        return;
    }
    let run = |name: &str| {
        let body = json!({ "language": "python", "name": name, "args": ["--help", "a b", "$(id)"] });
        server.post("/run-example", &body)
    };
    assert_eq!(Ended::of(&run("run_sample")).stdout, "['--help', 'a b', '$(id)']\n");
    // `shared` is a module.
    for name in ["", "none", "shared", "../secret", "run_sample.py", "run_sample\0", "examples/run_sample"] {
        assert_eq!(run(name).status, 404, "{name}");
    }
}

const TEAS: &str = "import asyncio

async def tea(name, seconds):
    await asyncio.sleep(seconds)
    print(name)

async def main():
    await asyncio.gather(tea('<b>green</b>', 0.01), tea('black', 0.02))

asyncio.run(main())
";

pub fn a_python_program_comes_with_its_timeline(server: &Server) {
    if !has_python() {
        return;
    }
    let run =
        |code: &str| Ended::of(&server.post("/run", &json!({ "language": "python", "code": code, "timeline": true })));
    let ended = run(TEAS);
    assert_eq!(ended.stdout, "<b>green</b>\nblack\n");
    assert_eq!(ended.done["ok"], true, "{ended:?}");
    let drawn = figure(&ended);
    assert_eq!(lanes(drawn), [["main", "Task-2 (tea)", "Task-3 (tea)", "the loop"]]);
    assert!(!drawn.contains("<b>green"), "what a program prints stays text");
    // The stepper goes through the reader's own lines.
    let [told] = &data(drawn)[..] else { panic!("{drawn}") };
    assert!(told.to_string().contains("await asyncio.sleep(seconds)"), "{told}");

    let ended = run("print('asleep')");
    assert_eq!(ended.timeline["why"], "There is no timeline, because this program does not use asyncio.");
    assert_eq!(ended.stdout, "asleep\n");
    let why = run("import asyncio\nprint(asyncio.iscoroutine(1))").timeline["why"].clone();
    assert!(why.as_str().is_some_and(|why| why.contains("no loop ran") && !why.contains("spawn")), "{why}");
    // A program that fails is shown until then, and what it says names its own lines only.
    let ended = run(&TEAS.replace("print(name)", "raise ValueError(name)"));
    assert!(ended.stderr.contains("main.py\", line 5, in tea") && !ended.stderr.contains("record.py"), "{ended:?}");
    assert!(figure(&ended).contains("exit status 1"), "{ended:?}");
}

pub fn only_two_languages_are_known(server: &Server) {
    for language in [json!("perl"), json!(""), json!(1), Value::Null] {
        for (path, what) in [("/run", "code"), ("/run-example", "name")] {
            let answer = server.post(path, &json!({ "language": language, what: "x" }));
            assert_eq!(answer.status, 400, "{answer:?}");
        }
    }
}

pub fn what_python_lacks_is_named() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let python = folder.path().join("python");
    let server = Server::start_with(|command| {
        command.args(["--no-open", "--port", "0"]).env("PYTHON", &python);
    });
    // It can be asked as soon as it listens.
    let answer = post(&server, "print(1)");
    assert_eq!(answer.status, 503, "{answer:?}");
    assert!(answer.body.starts_with("no Python 3.11 or later"), "{answer:?}");
    if !has_python() {
        return;
    }
    // One that has no more than Python brings is found as soon as it is there.
    let real = env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
    fs::write(&python, format!("#!/bin/sh\nexec {real} -I -S \"$@\"\n")).expect("a file");
    fs::set_permissions(&python, fs::Permissions::from_mode(0o755)).expect("a program");
    assert_eq!(run(&server, "print(1)").stdout, "1\n");
    let answer = post(&server, "import asyncio\nimport redis\n");
    assert_eq!(answer.status, 503, "{answer:?}");
    assert!(answer.body.ends_with("has no module redis: pip install -r requirements.txt\n"), "{answer:?}");
}

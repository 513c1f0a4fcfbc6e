//! What a program can do, what it is told, and what stops it.

use std::path::Path;

use serde_json::{Value, json};

use crate::endings::compilers;
use crate::server::{Ended, Server, wait_until};

pub fn output_comes_back_as_it_was_printed(server: &Server) {
    let ended = server.run(
        r#"fn main() { println!("<script>alert(1)</script>&amp;\"\\\u{0}\u{2028}é"); eprintln!("</pre>{{\"done\":true}}"); }"#,
    );
    assert_eq!(ended.stdout, "<script>alert(1)</script>&amp;\"\\\u{0}\u{2028}é\n");
    assert_eq!(ended.stderr, "</pre>{\"done\":true}\n");
    assert_eq!(ended.done["ok"], true);
    assert_eq!(ended.done["status"], 0);
    assert_eq!(ended.done["why"], Value::Null);
    assert!(ended.done["elapsed_ms"].is_u64(), "{ended:?}");
    let answer = server.post("/run", &json!({ "code": "fn main() {}" }));
    assert!(answer.head.contains("content-type: application/x-ndjson"), "{answer:?}");
}

pub fn an_exit_status_and_a_panic_are_told(server: &Server) {
    let ended = server.run("fn main() { std::process::exit(3) }");
    assert_eq!((&ended.done["ok"], &ended.done["status"]), (&json!(false), &json!(3)));
    let ended = server.run("fn main() {\n    panic!(\"no\")\n}\n");
    assert_eq!(ended.done["status"], 101);
    assert!(ended.stderr.contains("src/main.rs:2:5"), "{ended:?}");
    let ended = server.run("fn main() { std::process::abort() }");
    assert_eq!(ended.done["status"], Value::Null);
    assert_eq!(ended.done["message"], "it was ended by signal 6");
}

pub fn crates_of_the_book_can_be_used(server: &Server) {
    let ended = server.run(
        "#[tokio::main]\nasync fn main() {\n    println!(\"{}\", tokio::spawn(async { 41 + 1 }).await.unwrap());\n}\n",
    );
    assert_eq!(ended.stdout, "42\n", "{ended:?}");
}

pub fn what_cannot_be_linked_with_the_shared_library_is_linked_otherwise(server: &Server) {
    // The crate's symbols in assembly language do not leave a shared library.
    let code = r#"use corosensei::{Coroutine, CoroutineResult};
fn main() {
    let mut twice = Coroutine::new(|yielder, n: u32| yielder.suspend(2 * n));
    if let CoroutineResult::Yield(n) = twice.resume(21) {
        println!("{n}");
    }
    asyncio::run(async { Ok(println!("asyncio")) }).unwrap();
}
"#;
    let ended = server.run(code);
    assert_eq!(ended.stdout, "42\nasyncio\n", "{ended:?}");
    let ended = server.run_recorded(code);
    assert_eq!(ended.stdout, "42\nasyncio\n", "{ended:?}");
    assert!(ended.timeline["figure"].is_string(), "{ended:?}");
}

pub fn a_refused_program_is_explained(server: &Server) {
    let ended = server.run("fn main() {\n    let x: i32 = \"a\";\n}\n");
    assert_eq!((ended.why(), &ended.done["ok"]), ("compile", &json!(false)));
    assert!(ended.compiler.contains("error[E0308]"), "{ended:?}");
    assert!(ended.compiler.contains("--> src/main.rs:2:18"), "{ended:?}");
    // What the server appends is not to be seen, even where the message is about the end.
    let ended = server.run("use tokio::task;\nfn main() {\n");
    assert!(ended.compiler.contains("unclosed delimiter"), "{ended:?}");
    assert!(ended.compiler.contains("--> src/main.rs:2:"), "{ended:?}");
    assert!(!ended.compiler.contains("extern crate"), "{ended:?}");
}

pub fn a_program_without_main_keeps_its_lines(server: &Server) {
    let ended = server.run("fn unused() {}\n\nfn wrong() -> i32 { true }\n");
    assert!(ended.compiler.contains("--> src/main.rs:3:21"), "{ended:?}");
    assert!(!ended.compiler.contains("E0601"), "{ended:?}");
    // What is right but for that is not run as if it had one.
    let ended = server.run("#[allow(dead_code)]\nfn f() {}\n");
    assert!(ended.compiler.contains("error[E0601]: `main` function not found"), "{ended:?}");
    assert_eq!(ended.why(), "compile", "{ended:?}");
    // A macro may write it.
    let written = "macro_rules! begin { ($name:ident) => { fn $name() { println!(\"begun\") } } }\nbegin!(main);\n";
    assert_eq!(server.run(written).stdout, "begun\n");
}

pub fn a_program_sees_nothing_of_its_reader(server: &Server) {
    let ended = server.run(
        r#"use std::io::Read;
fn main() {
    let mut names: Vec<String> = std::env::vars().map(|(name, _)| name).collect();
    names.sort();
    println!("{}", names.join(" "));
    println!("{}", std::env::args().count());
    println!("{}", std::io::stdin().read(&mut [0]).unwrap());
    let here = std::env::current_dir().unwrap();
    println!("{}", std::fs::read_dir(&here).unwrap().count());
    std::fs::write("left.txt", "x").unwrap();
    println!("{}", here.display());
}
"#,
    );
    let lines: Vec<&str> = ended.stdout.lines().collect();
    assert_eq!(lines[..4], ["HOME LANG PATH TEMP TMP TMPDIR WORKBOOK_SUPERVISOR", "1", "0", "0"], "{ended:?}");
    assert!(!Path::new(lines[4]).exists(), "its folder is removed");
    let private = Path::new(lines[4]).parent().expect("a folder");
    use std::os::unix::fs::PermissionsExt;
    let mode = private.metadata().expect("the server's folder").permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

pub fn a_program_yields_to_the_page(server: &Server) {
    let nice = |stat: &str| {
        let (_, fields) = stat.rsplit_once(')').expect("a name");
        fields.split_whitespace().nth(16).expect("a field").parse::<i32>().expect("a number")
    };
    let stat = server.run("fn main() { print!(\"{}\", std::fs::read_to_string(\"/proc/self/stat\").unwrap()) }").stdout;
    let own = std::fs::read_to_string(format!("/proc/{}/stat", server.child.id())).expect("the server");
    assert_eq!(nice(&stat), nice(&own) + 5);
}

pub fn an_example_runs_with_arguments(server: &Server) {
    let run = |name: &str| {
        server.post("/run-example", &json!({ "name": name, "args": ["--help", "--", "a b", "--c", "$(id)"] }))
    };
    assert_eq!(Ended::of(&run("run_sample")).stdout, "[\"--help\", \"--\", \"a b\", \"--c\", \"$(id)\"]\n");
    for name in ["", "none", "../secret", "/bin/sh", "run_sample.rs", "run_sample\0", "examples/run_sample"] {
        assert_eq!(run(name).status, 404, "{name}");
    }
}

pub fn the_same_program_is_compiled_once(server: &Server) {
    let code = "fn main() { println!(\"once\") }";
    server.run(code);
    let again = server.run(&format!("{code}\r\n\n"));
    assert_eq!(again.stdout, "once\n");
    assert_eq!(again.done["compile_ms"], 0);
    wait_until("the book's program is compiled", || {
        let status = server.status();
        status["total"] == 1 && status["compiled"] == 1
    });
    let own = server.run("fn main() { println!(\"of the book\") }");
    assert_eq!(own.done["compile_ms"], 0);
}

pub fn examples_can_be_run_before_all_programs_are_compiled() {
    let server = Server::start_with(|command| {
        command.args(["--no-open", "--port", "0"]);
    });
    wait_until("the book's program is compiled", || {
        let status = server.status();
        let compiled = status["compiled"].as_u64() > Some(0);
        assert!(!compiled || status["examples"] == json!(["run_sample"]), "{status}");
        compiled
    });
}

pub fn without_cargo_the_page_says_what_to_do() {
    let server = Server::start_with(|command| {
        command.args(["--no-open", "--port", "0"]).env_remove("CARGO").env("PATH", "/nowhere");
    });
    let problem = || server.status()["problem"].as_str().map(str::to_owned);
    wait_until("the problem is known", || problem().is_some());
    let advice = "cannot start cargo: install Rust from https://rustup.rs, and start the workbook again";
    let run = server.post("/run", &json!({ "code": "fn main() {}" }));
    let example = server.post("/run-example", &json!({ "name": "run_sample" }));
    for answer in [run, example] {
        assert_eq!(answer.status, 503, "{answer:?}");
        assert!(answer.body.starts_with(advice), "{answer:?}");
    }
}

pub fn a_second_program_hears_of_the_first(server: &Server) {
    let (first, _) = server.begin_until_line("fn main() { println!(\"1\"); std::thread::park() }");
    let answer = server.post("/run", &json!({ "code": "fn main() {}" }));
    assert_eq!(answer.status, 409, "{answer:?}");
    drop(first);
    // Its turn comes as soon as the first one is gone.
    assert_eq!(server.run("fn main() {}").done["ok"], true);
}

/// Runs the program, which must be stopped for this reason.
#[track_caller]
fn stopped(server: &Server, why: &str, message: &str, code: &str) -> Ended {
    let ended = server.run(code);
    assert_eq!(ended.why(), why, "{ended:?}");
    let text = ended.done["message"].as_str().unwrap_or_default();
    assert!(text.contains(message), "{ended:?}");
    assert_eq!((&ended.done["ok"], &ended.done["status"]), (&json!(false), &Value::Null));
    ended
}

pub fn time_is_limited() {
    let server = Server::start_impatient();
    let ended = stopped(&server, "time", "stopped after 2 s", "fn main() { println!(\"on\"); std::thread::park() }");
    assert_eq!(ended.stdout, "on\n");
    assert!(ended.done["elapsed_ms"].as_u64() >= Some(2000), "{ended:?}");
}

pub fn processor_time_is_limited(server: &Server) {
    stopped(server, "time", "1 s of processor time", "fn main() { loop {} }");
}

pub fn memory_in_use_is_limited(server: &Server) {
    stopped(
        server,
        "memory",
        "more than 128 MiB",
        "fn main() { let all: Vec<Vec<u8>> = (0..200).map(|_| vec![1; 1 << 20]).collect(); println!(\"{}\", all.len()); std::thread::park() }",
    );
}

pub fn addresses_are_limited(server: &Server) {
    // It would get them without the limit, because it uses none of them.
    stopped(server, "memory", "could not get", "fn main() { println!(\"{}\", vec![0u8; 6 << 30].len()) }");
}

pub fn memory_of_all_processes_counts_together(server: &Server) {
    // Each of them alone stays below the limit.
    stopped(
        server,
        "memory",
        "more than 128 MiB",
        r#"use std::process::Command;
fn main() {
    if std::env::args().count() == 1 {
        let own = std::env::current_exe().unwrap();
        for _ in 0..3 { Command::new(&own).arg("child").spawn().unwrap(); }
    }
    let own = vec![1u8; 50 << 20];
    std::thread::park();
    println!("{}", own.len());
}
"#,
    );
}

pub fn the_number_of_processes_is_limited(server: &Server) {
    stopped(
        server,
        "memory",
        "more than 8 processes",
        "fn main() { for _ in 0..12 { std::process::Command::new(\"sleep\").arg(\"600\").spawn().unwrap(); } std::thread::park() }",
    );
}

pub fn output_is_limited(server: &Server) {
    let ended = stopped(
        server,
        "output",
        "more than 64 KiB",
        "fn main() { loop { print!(\"0123456789abcdef\"); eprint!(\"x\") } }",
    );
    assert_eq!(ended.stdout.len() + ended.stderr.len(), 64 << 10);
}

pub fn the_size_of_a_file_is_limited(server: &Server) {
    stopped(
        server,
        "output",
        "a file of more than 1 MiB",
        "fn main() { std::fs::write(\"big\", vec![0; 2 << 20]).unwrap() }",
    );
}

pub fn a_compiler_that_says_too_much_is_quoted_in_its_own_words(server: &Server) {
    // Each message comes with the whole line.
    let code = format!("fn main() {{ {} /*{}*/ }}", "let _: u8 = \"\";".repeat(400), "x".repeat(50_000));
    let ended = stopped(server, "output", "the compiler: it printed more than 8 MiB", &code);
    assert!(ended.compiler.starts_with("error[E0308]"), "{ended:?}");
    assert!(!ended.compiler.contains("$message_type"));
}

/// A constant that is never computed to its end, in a program of asyncio.
const ENDLESS: &str = "#![allow(long_running_const_eval)]\nconst N: u64 = { let mut n = 0; while n < 1 << 60 { n += 1 } n };\nfn main() { asyncio::run(async { Ok(println!(\"{N}\")) }).unwrap() }";

/// A constant that is larger than the memory of the compiler.
const HUGE: &str = "static ALL: [u8; 1 << 33] = { let mut all = [1; 1 << 33]; all[7] = 2; all };\nfn main() { println!(\"{}\", ALL[9]) }";

pub fn the_compiler_is_limited_too(server: &Server) {
    let advice = "; look for a constant, a macro or a type without an end";
    let time = format!("the compiler: it used more than 6 s of processor time{advice}");
    let ended = stopped(server, "time", &time, ENDLESS);
    assert_eq!(ended.stdout, "");
    let memory = format!("the compiler: it used more than 1024 MiB of memory{advice}");
    stopped(server, "memory", &memory, HUGE);
    let recorded = server.run_recorded(ENDLESS);
    assert_eq!(recorded.done["message"], json!(time), "{recorded:?}");
    assert_eq!(recorded.timeline, Value::Null, "{recorded:?}");
    wait_until("the compiler is gone", || compilers(server) == 0);
}

//! The timeline of a run: recorded by the program, read and drawn by the server.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::server::{Ended, Running, Server};

/// The figure of a run that has one.
#[track_caller]
fn figure(ended: &Ended) -> &str {
    ended.timeline["figure"]
        .as_str()
        .unwrap_or_else(|| panic!("{ended:?}"))
}

/// Why a run has no figure.
#[track_caller]
fn why(ended: &Ended) -> &str {
    assert_eq!(ended.timeline["figure"], Value::Null, "{ended:?}");
    ended.timeline["why"].as_str().expect("a sentence")
}

/// The texts between these two, without markup.
fn between(html: &str, before: &str, after: &str) -> Vec<String> {
    let parts = html.split(before).skip(1);
    parts
        .filter_map(|part| Some(part.split_once(after)?.0.to_owned()))
        .collect()
}

/// The names of the lanes of each run.
fn lanes(figure: &str) -> Vec<Vec<String>> {
    between(figure, "<svg class=\"trace-names\"", "</svg>")
        .iter()
        .map(|names| {
            let mut names = between(names, "text-anchor=\"end\">", "</text>");
            names.retain(|name| !name.starts_with('<'));
            names
        })
        .collect()
}

/// What the stepper is told, for each run.
fn data(figure: &str) -> Vec<Value> {
    between(figure, "<script type=\"application/json\"", "</script>")
        .iter()
        .map(|tag| {
            let (_, json) = tag.split_once('>').expect("the end of the tag");
            serde_json::from_str(json).expect("JSON")
        })
        .collect()
}

const TEAS: &str = r#"use asyncio::{EventLoop, Result, create_task, sleep};
use std::time::Duration;

async fn tea(minutes: u64) -> Result<()> {
    sleep(Duration::from_secs(60 * minutes)).await?;
    println!("tea after {minutes}");
    Ok(())
}

fn main() -> Result<()> {
    EventLoop::with_virtual_clock().run(async {
        let green = create_task(tea(3)).named("green tea");
        tea(5).await?;
        green.await
    })
}
"#;

pub fn a_run_comes_with_the_timeline_of_its_loop(server: &Server) {
    let ended = server.run_recorded(TEAS);
    assert_eq!(ended.done["ok"], true, "{ended:?}");
    assert_eq!(ended.stdout, "tea after 3\ntea after 5\n");
    let figure = figure(&ended);
    assert_eq!(ended.timeline["why"], Value::Null);
    let names = lanes(figure).concat();
    assert!(names.iter().any(|name| name == "green tea"), "{names:?}");
    // The lines are the reader's own, although something follows them.
    let told = &data(figure)[0];
    assert_eq!(told["source"]["first"], 1);
    let lines: Vec<&str> = TEAS.lines().collect();
    assert_eq!(told["source"]["lines"], json!(lines));
    let steps = told["steps"].as_array().expect("steps");
    let mut seen: Vec<u64> = steps.iter().filter_map(|step| step[1].as_u64()).collect();
    seen.sort();
    seen.dedup();
    // The sleeps, the prints, the run and the new task; 0 stands for what has no line.
    assert_eq!(seen, [0, 5, 6, 11, 12], "{figure}");
    // What was printed stands in it, too.
    assert!(figure.contains("tea after 3"), "{figure}");
    // Once more, from the cache.
    let again = server.run_recorded(TEAS);
    assert_eq!(again.done["compile_ms"], 0);
    assert_eq!(again.timeline, ended.timeline);
}

pub fn every_loop_of_a_run_is_shown(server: &Server) {
    let ended = server.run_recorded(
        r#"use asyncio::EventLoop;
fn main() {
    asyncio::run(async { Ok(println!("first")) }).unwrap();
    let unused = EventLoop::new();
    EventLoop::with_virtual_clock().run(async { Ok(println!("second")) }).unwrap();
    drop(unused);
}
"#,
    );
    let figure = figure(&ended);
    assert_eq!(lanes(figure).len(), 2, "{figure}");
    assert_eq!(figure.matches("data-library=\"asyncio\"").count(), 2);
}

pub fn tasks_of_tokio_are_shown_with_their_functions_names(server: &Server) {
    let ended = server.run_recorded(
        r#"use tokio::task::{JoinSet, yield_now};

async fn tea() {
    yield_now().await;
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), tokio::task::JoinError> {
    let block = tokio::spawn(async { println!("a block") });
    let mut teas: JoinSet<()> = (0..2).map(|_| tea()).collect();
    tokio::task::spawn(tea()).await?;
    while let Some(tea) = teas.join_next().await {
        tea?;
    }
    tokio::select! {
        end = block => end,
    }
}
"#,
    );
    assert_eq!(ended.done["ok"], true, "{ended:?}");
    assert_eq!(ended.stdout, "a block\n");
    let figure = figure(&ended);
    assert!(figure.contains("data-library=\"tokio\""), "{figure}");
    let names = lanes(figure).concat();
    assert_eq!(names[..5], ["main", "task", "tea", "tea 2", "tea 3"]);
}

pub fn simulated_time_of_tokio_is_shown_as_such(server: &Server) {
    let ended = server.run_recorded(
        r#"use std::time::Duration;

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let tea = tokio::spawn(tokio::time::sleep(Duration::from_secs(3600)));
    tea.await.unwrap();
}
"#,
    );
    assert_eq!(ended.done["ok"], true, "{ended:?}");
    // Who waits for what is told, too, and which line sleeps.
    let figure = figure(&ended);
    for words in ["sleeps until 3600 s", "awaits Sleep", "3600 s"] {
        assert!(figure.contains(words), "{words}: {figure}");
    }
    let told = &data(figure)[0];
    let steps = told["steps"].as_array().expect("steps");
    assert!(steps.iter().any(|step| step[1] == 5), "{figure}");
}

pub fn nothing_comes_unasked(server: &Server) {
    assert_eq!(server.run(TEAS).timeline, Value::Null);
    let answer = server.post("/run", &json!({ "code": TEAS, "timeline": false }));
    assert_eq!(Ended::of(&answer).timeline, Value::Null);
}

pub fn a_program_without_a_loop_has_no_timeline(server: &Server) {
    let ended = server.run_recorded("fn main() { println!(\"on\") }");
    assert_eq!(ended.stdout, "on\n");
    assert!(
        why(&ended).contains("neither asyncio nor Tokio"),
        "{ended:?}"
    );
    // It names the library, and makes no loop.
    let ended = server.run_recorded("fn main() { let _ = asyncio::get_running_loop(); }");
    assert!(why(&ended).contains("no loop ran"), "{ended:?}");
}

pub fn a_program_that_observes_its_loop_itself_goes_on_doing_so(server: &Server) {
    let ended = server.run_recorded(
        r#"use asyncio::{EventLoop, observe};
fn main() {
    observe::on_new_loop(|event_loop| event_loop.set_observer(|event| println!("{event}")));
    EventLoop::with_virtual_clock().run(async { Ok(()) }).unwrap();
}
"#,
    );
    assert_eq!(ended.done["ok"], true, "{ended:?}");
    assert!(
        ended.stdout.starts_with("0 s outside: Task-1 is created\n"),
        "{ended:?}"
    );
    assert!(
        why(&ended).contains("observes its loop itself"),
        "{ended:?}"
    );
}

pub fn what_names_say_stays_text(server: &Server) {
    let hostile = r#"</script><script>alert(1)</script><img src=x onerror="alert(2)"> ' & <!--"#;
    let code = format!(
        r####"use asyncio::{{create_task, sleep}};
use std::time::Duration;
fn main() {{
    let name = r##"{hostile}"##;
    let ended = asyncio::run(async move {{
        let task = create_task::<()>(async move {{ println!("{{name}}"); Err(std::io::Error::other(name).into()) }}).named(name);
        sleep(Duration::ZERO).await?;
        task.await
    }});
    // {hostile}
    assert!(ended.is_err());
}}
"####
    );
    let ended = server.run_recorded(&code);
    assert_eq!(ended.done["ok"], true, "{ended:?}");
    let figure = figure(&ended);
    for markup in ["<img", "<script>", "<!--", "onerror=\""] {
        assert!(!figure.contains(markup), "{markup} in {figure}");
    }
    assert_eq!(figure.matches("</script>").count(), 1, "{figure}");
    assert!(figure.contains("&lt;/script&gt;"), "{figure}");
    // The stepper has it as it is, in data.
    let told = data(figure)[0].to_string();
    assert!(told.contains("alert(1)"), "{told}");
}

pub fn a_run_that_is_too_long_is_refused_in_a_sentence(server: &Server) {
    let code = |turns: u32| {
        format!(
            "fn main() {{ asyncio::run(async {{ for _ in 0..{turns} {{ asyncio::yield_now().await?; }} println!(\"end\"); Ok(()) }}).unwrap(); }}"
        )
    };
    let ended = server.run_recorded(&code(3000));
    assert_eq!(ended.stdout, "end\n", "it runs to its end all the same");
    assert!(why(&ended).contains("more than 10000 events"), "{ended:?}");
    assert!(figure(&server.run_recorded(&code(100))).contains("<svg"));
}

pub fn a_program_that_panics_or_exits_is_shown_until_then(server: &Server) {
    for (end, status) in [
        ("panic!(\"no tea\")", json!(101)),
        ("std::process::exit(3)", json!(3)),
        ("std::process::abort()", Value::Null),
    ] {
        let code = format!(
            r#"fn main() {{
    let ended = asyncio::run::<()>(async {{
        asyncio::create_task::<()>(async {{ Ok(()) }}).named("first");
        asyncio::yield_now().await?;
        println!("now");
        {end}
    }});
    // A panic of a task is an error for whoever awaits it.
    ended.unwrap()
}}
"#
        );
        let ended = server.run_recorded(&code);
        assert_eq!(ended.done["status"], status, "{ended:?}");
        let names = lanes(figure(&ended)).concat();
        assert!(names.iter().any(|name| name == "first"), "{end}: {names:?}");
        assert!(figure(&ended).contains("now"), "{ended:?}");
    }
}

pub fn a_program_that_is_stopped_is_shown_until_then(server: &Server) {
    let ended = server.run_recorded(
        "fn main() { asyncio::run::<()>(async { println!(\"here\"); asyncio::yield_now().await?; loop {} }).unwrap() }",
    );
    assert_eq!(ended.why(), "time", "{ended:?}");
    assert!(figure(&ended).contains("here"), "{ended:?}");
    let caption =
        "<figcaption>Cut short: what this run did until it used more than 1 s of processor time.<";
    assert!(figure(&ended).contains(caption), "{ended:?}");
}

pub fn a_program_that_its_reader_stops_is_shown_until_then(server: &Server) {
    let on_loop = "fn main() {
    asyncio::run(async {
        println!(\"here\");
        asyncio::yield_now().await?;
        println!(\"there\");
        Ok(asyncio::sleep(std::time::Duration::from_secs(60)).await?)
    })
    .unwrap()
}
";
    let on_tokio = "#[tokio::main(flavor = \"current_thread\")]
async fn main() {
    println!(\"here\");
    tokio::task::yield_now().await;
    println!(\"there\");
    std::thread::park();
}
";
    for code in [on_loop, on_tokio] {
        let body = json!({ "code": code, "timeline": true });
        let mut running = Running::of(server.begin_with(&body));
        running.wait_for("there");
        let stop = |run: u64| server.post("/stop", &json!({ "run": run })).status;
        assert_eq!(stop(running.number + 1), 404);
        assert_eq!(stop(running.number), 204);
        let number = running.number;
        let ended = running.end();
        assert_eq!(ended.why(), "stopped", "{ended:?}");
        let figure = figure(&ended);
        let caption = "<figcaption>Cut short: what this run did until it was stopped.<";
        assert!(figure.contains(caption), "{figure}");
        assert!(figure.contains("prints “here”"), "{figure}");
        // The next run has another number, and the old one stops nothing.
        let mut next = Running::of(server.begin_with(&json!({ "code": on_loop })));
        assert_eq!(stop(number), 404);
        next.wait_for("there");
        assert_eq!(stop(next.number), 204);
        let ended = next.end();
        assert_eq!((ended.why(), &ended.timeline), ("stopped", &Value::Null));
    }
}

pub fn what_is_stopped_while_it_is_compiled_has_no_timeline(server: &Server) {
    let code = "#![allow(long_running_const_eval)]\nconst N: u64 = { let mut n = 1; while n < 1 << 60 { n += 1 } n };\nfn main() { asyncio::run(async { Ok(println!(\"{N}\")) }).unwrap() }";
    for timeline in [true, false] {
        let body = json!({ "code": code, "timeline": timeline });
        let running = Running::of(server.begin_with(&body));
        let stop = json!({ "run": running.number });
        assert_eq!(server.post("/stop", &stop).status, 204);
        let ended = running.end();
        assert_eq!(ended.why(), "stopped", "{ended:?}");
        assert_eq!(ended.timeline["figure"], Value::Null, "{ended:?}");
    }
    assert_eq!(server.run("fn main() {}").done["ok"], true);
}

/// A program of Tokio on simulated time.
fn on_paused_time(code: &str) -> String {
    let (before, main) = code.split_once("async fn main").expect("a main");
    format!(
        "{before}#[tokio::main(flavor = \"current_thread\", start_paused = true)]\nasync fn main{main}"
    )
}

/// What the table says of each step, markup and all.
fn steps(figure: &str) -> Vec<String> {
    let rows = between(figure, "<tr><td>", "</tr>");
    rows.iter()
        .filter_map(|row| Some(row.split("<td>").nth(3)?.strip_suffix("</td>")?.to_owned()))
        .collect()
}

pub fn what_a_task_of_tokio_waits_for_is_told(server: &Server) {
    // The statement before the wait, the wait, and what is told of it.
    let waits = [
        (
            "let (_sender, mut items) = mpsc::channel::<u8>(1)",
            "items.recv().await",
            "awaits an item",
        ),
        (
            "let (_sender, mut items) = mpsc::unbounded_channel::<u8>()",
            "items.recv().await",
            "awaits an item",
        ),
        (
            "let (room, _items) = mpsc::channel(1); room.send(1).await",
            "room.send(2).await",
            "awaits room",
        ),
        (
            "let (_sender, mut items) = broadcast::channel::<u8>(1)",
            "items.recv().await",
            "awaits an item",
        ),
        (
            "let (_sender, value) = oneshot::channel::<u8>()",
            "value.await",
            "awaits a value",
        ),
        (
            "let (_sender, mut value) = watch::channel(1)",
            "value.changed().await",
            "awaits a change",
        ),
        (
            "let lock = Mutex::new(1); let _held = lock.lock().await",
            "lock.lock().await",
            "awaits the lock",
        ),
        (
            "let lock = RwLock::new(1); let _held = lock.read().await",
            "lock.write().await",
            "awaits the lock",
        ),
        (
            "let none = Semaphore::new(0)",
            "none.acquire().await",
            "awaits a permit",
        ),
        (
            "let none = Arc::new(Semaphore::new(0))",
            "none.acquire_owned().await",
            "awaits a permit",
        ),
        (
            "let notify = Notify::new()",
            "notify.notified().await",
            "awaits a notification",
        ),
        (
            "let barrier = Barrier::new(2)",
            "barrier.wait().await",
            "awaits the barrier",
        ),
        (
            "let mut ticks = time::interval(HOUR); ticks.tick().await",
            "ticks.tick().await",
            "awaits the next tick",
        ),
        (
            "let mut set = JoinSet::from_iter([pending::<()>()])",
            "set.join_next().await",
            "awaits a task of the set",
        ),
        (
            "let task = task::spawn(pending::<()>())",
            "task.await",
            "awaits Pending 2",
        ),
        ("", "time::sleep(HOUR).await", "sleeps until 3600 s"),
        (
            "let (_sender, mut items) = mpsc::channel::<u8>(1)",
            "time::timeout(HOUR, items.recv()).await",
            "awaits an item, until 3600 s at the latest",
        ),
        (
            "",
            "time::timeout(HOUR, pending::<()>()).await",
            "waits until 3600 s at the latest",
        ),
        // What nobody tells of is where it was last.
        ("task::yield_now().await", "pending::<()>().await", "waits"),
    ];
    // The compiler has little time here.
    for waits in waits.chunks(5) {
        let mut code = "#![allow(unused, redundant_semicolons)]
use std::{future::pending, sync::Arc};
use tokio::{sync::*, task::{self, JoinSet}, time::{self, Duration}};
const HOUR: Duration = Duration::from_secs(3600);
"
        .to_owned();
        let mut wanted = Vec::new();
        for (n, (before, wait, told)) in waits.iter().enumerate() {
            code += &format!("async fn waiter{n}() {{\n    {before};\n    {wait};\n}}\n");
            let line = code.lines().count() - if *told == "waits" { 2 } else { 1 };
            wanted.push(format!(
                "<td>{line}</td><td>waiter{n} stops here: it {told}</td>"
            ));
        }
        code += "async fn main() {\n";
        for n in 0..waits.len() {
            code += &format!("    task::spawn(waiter{n}());\n");
        }
        code += "    time::sleep(Duration::from_secs(1)).await;\n}\n";
        let ended = server.run_recorded(&on_paused_time(&code));
        assert_eq!(ended.done["ok"], true, "{ended:?}");
        let figure = figure(&ended);
        for row in wanted {
            assert!(figure.contains(&row), "{row}: {:#?}", steps(figure));
        }
    }
}

pub fn the_ends_of_tokios_tasks_are_told_apart(server: &Server) {
    let ended = server.run_recorded(&on_paused_time(
        r#"use std::future::pending;
use tokio::task::{JoinSet, spawn, spawn_blocking, yield_now};

async fn fine() -> Result<(), String> { Ok(()) }
async fn failed() -> Result<(), String> { Err("no tea".into()) }
async fn panics() { panic!("no water") }
async fn aborted() { pending().await }
async fn aborted_by_handle() { pending().await }
async fn member() { pending().await }
async fn left() { pending().await }

async fn main() {
    spawn(fine()).await.unwrap().unwrap();
    spawn(failed()).await.unwrap().unwrap_err();
    spawn(panics()).await.unwrap_err();
    let task = spawn(aborted());
    task.abort();
    let other = spawn(aborted_by_handle());
    other.abort_handle().abort();
    let mut set = JoinSet::new();
    set.spawn(member());
    yield_now().await;
    drop(set);
    spawn(left());
    spawn_blocking(|| ()).await.unwrap();
    panic!("no more");
}
"#,
    ));
    assert_eq!(ended.done["status"], 101, "{ended:?}");
    let figure = figure(&ended);
    let caption = "What this run did until it ended with exit status 101.";
    assert!(figure.contains(caption), "{figure}");
    let steps = steps(figure);
    for told in [
        "fine is done",
        "failed fails: “Err(…)”",
        "panics fails: “panicked: no water”",
        "main asks aborted to end: cancel",
        "aborted ends cancelled: it is dropped",
        "main asks aborted_by_handle to end: cancel",
        "aborted_by_handle ends cancelled: it is dropped",
        "main asks member to end: cancel",
        "member ends cancelled: it is dropped",
        "main stops here: it awaits a thread",
        "main fails: “panicked: no more”",
        "left is dropped before its end",
    ] {
        assert!(steps.iter().any(|step| step == told), "{told}: {steps:#?}");
    }
}

pub fn a_task_that_begins_says_where_it_was_made(server: &Server) {
    let on_loop = "fn main() {\n    asyncio::run(async {\n        asyncio::create_task(async { Ok(()) }).named(\"tea\").await\n    }).unwrap()\n}\n";
    let on_tokio = "async fn tea() {}\n#[tokio::main(flavor = \"current_thread\")]\nasync fn main() {\n    tokio::spawn(tea()).await.unwrap();\n}\n";
    let by_hand = "async fn tea() {}\nfn main() {\n    let runtime = tokio::runtime::Runtime::new().unwrap();\n    runtime.block_on(async { tokio::spawn(tea()).await.unwrap() });\n}\n";
    let made_at = |line: u32| format!("; it was made at line {line}");
    for (code, main, tea) in [
        (on_loop, made_at(2), made_at(3)),
        // An attribute writes the code that makes this one.
        (on_tokio, String::new(), made_at(4)),
        (by_hand, made_at(4), made_at(4)),
    ] {
        let ended = server.run_recorded(code);
        let steps = steps(figure(&ended));
        for told in [format!("main begins{main}"), format!("tea begins{tea}")] {
            assert!(steps.contains(&told), "{told}: {steps:#?}");
        }
    }
}

pub fn what_cannot_be_recorded_runs_without(server: &Server) {
    let ended = server.run_recorded(
        r#"use tokio::runtime::{Builder, Runtime};
fn main() {
    let runtime: Runtime = Builder::new_current_thread().on_thread_start(|| ()).build().unwrap();
    runtime.block_on(async { println!("all the same") });
}
"#,
    );
    assert_eq!(ended.stdout, "all the same\n", "{ended:?}");
    assert!(
        why(&ended).contains("the recorder does not know"),
        "{ended:?}"
    );
}

pub fn a_program_that_is_refused_has_no_timeline(server: &Server) {
    let code = "use tokio::task::JoinSet;\nfn main() {\n    let x: u8 = JoinSet::<()>::new();\n}\n";
    let ended = server.run_recorded(code);
    assert_eq!(ended.why(), "compile");
    assert_eq!(ended.timeline, Value::Null);
    // The messages are about Tokio, and not about what stands in for it.
    assert_eq!(ended.compiler, server.run(code).compiler);
    assert!(!ended.compiler.contains("recorded"), "{ended:?}");
}

pub fn only_the_program_itself_is_recorded(server: &Server) {
    let ended = server.run_recorded(
        r#"fn main() {
    let is_child = std::env::args().count() > 1;
    if !is_child {
        let own = std::env::current_exe().unwrap();
        let status = std::process::Command::new(own).arg("child").status().unwrap();
        assert!(status.success());
    }
    let name = if is_child { "child" } else { "parent" };
    asyncio::run(async move { asyncio::create_task(async { Ok(()) }).named(name).await }).unwrap();
    println!("{}", std::env::current_dir().unwrap().parent().unwrap().display());
}
"#,
    );
    assert_eq!(ended.done["ok"], true, "{ended:?}");
    let names = lanes(figure(&ended));
    assert_eq!(names.len(), 1);
    assert!(names[0].iter().any(|name| name == "parent"), "{names:?}");
    // Nothing of it is left.
    let folder = ended.stdout.lines().next().expect("a folder");
    let left = fs::read_dir(Path::new(folder)).expect("the server's folder");
    let left = left
        .flatten()
        .map(|entry| entry.file_name().into_string().expect("a name"));
    let left: Vec<String> = left.filter(|name| name.starts_with("record-")).collect();
    assert_eq!(left, Vec::<String>::new());
}

pub fn what_a_program_writes_into_its_record_is_no_markup(server: &Server) {
    let run = |lines: &str| {
        server.run_recorded(&format!(
            r####"fn main() {{
    let wish = std::env::var("WORKBOOK_RECORD").unwrap();
    let file = wish.splitn(3, ' ').nth(2).unwrap();
    std::fs::write(file, r##"{lines}"##).unwrap();
    // asyncio
}}
"####
        ))
    };
    let evil = "<img src=x onerror=alert(1)>";
    let ended = run(&format!(
        r#"{{"run":1,"clock":"real","library":"asyncio"}}
{{"run":1,"event":{{"t":18446744073709551615,"by":"task 18446744073709551615","what":"promise_created","promise":0,"label":"{evil}","until":0}}}}
{{"run":1,"event":{{"t":0,"by":"callback 7","what":"timer_set","callback":7,"name":"{evil}","when":1}}}}
{{"run":1,"event":{{"t":0,"by":"task 1","what":"awaits","task":1,"on":"promise 0"}}}}
{{"run":1,"event":{{"t":0,"by":"thread","what":"reported","message":"{evil}","thread":"{evil}"}}}}
{{"run":1,"event":{{"t":0,"by":"loop","what":"pass_end","pass":0,"ready":["task 9"],"timers":[{{"callback":8,"when":5}}]}}}}
"#
    ));
    assert!(!figure(&ended).contains("<img"), "{ended:?}");
    for junk in ["no record\n", "{\"run\":1}\n", "{\"figure\":\"<b>\"}\n"] {
        assert!(why(&run(junk)).contains("cannot be read"), "{junk}");
    }
    // The server is none the worse for it.
    assert_eq!(server.run("fn main() {}").done["ok"], true);
}

pub fn a_record_stays_within_the_limit_of_files(server: &Server) {
    // The limit is 1 MiB here, and a program that goes beyond it is stopped.
    let ended = server.run_recorded(
        r#"use asyncio::observe::note;
fn main() {
    asyncio::run(async {
        for _ in 0..3000 {
            note("x".repeat(1 << 9));
        }
        Ok(println!("end"))
    }).unwrap();
}
"#,
    );
    assert_eq!(
        (ended.stdout.as_str(), ended.why()),
        ("end\n", ""),
        "{ended:?}"
    );
    assert!(
        why(&ended).contains("the record of this run has more than 1023 KiB"),
        "{ended:?}"
    );
}

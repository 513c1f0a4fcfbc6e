//! What the timeline of a program on Tokio tells: who waits for what, how tasks ended, and where they were made.

use crate::server::Server;
use crate::timelines::{between, data, figure, lanes};

/// What is said of a wait that nobody tells of.
const UNKNOWN: &str = "awaits something not recorded";

/// A program of Tokio on simulated time.
fn on_paused_time(code: &str) -> String {
    let (before, main) = code.split_once("async fn main").expect("a main");
    format!("{before}#[tokio::main(flavor = \"current_thread\", start_paused = true)]\nasync fn main{main}")
}

/// What the table says of each step, markup and all.
fn steps(figure: &str) -> Vec<String> {
    let rows = between(figure, "<tr><td>", "</tr>");
    rows.iter().filter_map(|row| Some(row.split("<td>").nth(3)?.strip_suffix("</td>")?.to_owned())).collect()
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

pub fn what_a_task_of_tokio_waits_for_is_told(server: &Server) {
    // The statement before the wait, the wait, and what is told of it.
    let waits = [
        ("let (_sender, mut items) = mpsc::channel::<u8>(1)", "items.recv().await", "awaits an item"),
        ("let (_sender, mut items) = mpsc::unbounded_channel::<u8>()", "items.recv().await", "awaits an item"),
        ("let (room, _items) = mpsc::channel(1); room.send(1).await", "room.send(2).await", "awaits room"),
        ("let (_sender, mut items) = broadcast::channel::<u8>(1)", "items.recv().await", "awaits an item"),
        ("let (_sender, value) = oneshot::channel::<u8>()", "value.await", "awaits a value"),
        ("let (_sender, mut value) = watch::channel(1)", "value.changed().await", "awaits a change"),
        ("let lock = Mutex::new(1); let _held = lock.lock().await", "lock.lock().await", "awaits the lock"),
        ("let lock = RwLock::new(1); let _held = lock.read().await", "lock.write().await", "awaits the lock"),
        ("let none = Semaphore::new(0)", "none.acquire().await", "awaits a permit"),
        ("let none = Arc::new(Semaphore::new(0))", "none.acquire_owned().await", "awaits a permit"),
        ("let notify = Notify::new()", "notify.notified().await", "awaits a notification"),
        ("let barrier = Barrier::new(2)", "barrier.wait().await", "awaits the barrier"),
        ("let mut ticks = time::interval(HOUR); ticks.tick().await", "ticks.tick().await", "awaits the next tick"),
        ("let mut set = JoinSet::from_iter([pending::<()>()])", "set.join_next().await", "awaits a task of the set"),
        ("let task = task::spawn(pending::<()>())", "task.await", "awaits Pending 2"),
        ("", "time::sleep(HOUR).await", "sleeps until 3600 s"),
        (
            "let (_sender, mut items) = mpsc::channel::<u8>(1)",
            "time::timeout(HOUR, items.recv()).await",
            "awaits an item, until 3600 s at the latest",
        ),
        ("", "time::timeout(HOUR, pending::<()>()).await", "waits until 3600 s at the latest"),
        // What nobody tells of is where it was last.
        ("task::yield_now().await", "pending::<()>().await", UNKNOWN),
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
            let line = code.lines().count() - if *told == UNKNOWN { 2 } else { 1 };
            wanted.push(format!("<td>{line}</td><td>waiter{n} stops here: it {told}</td>"));
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
    // The thread ends when another task has had its turn, so it is waited for.
    let (go, gone) = std::sync::mpsc::channel();
    let thread = spawn_blocking(move || gone.recv());
    spawn(async move { go.send(()) });
    thread.await.unwrap().unwrap();
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

//! The timeline of a run: recorded by the program, read and drawn by the server.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::server::{Ended, Running, Server};

/// The figure of a run that has one.
#[track_caller]
pub fn figure(ended: &Ended) -> &str {
    ended.timeline["figure"].as_str().unwrap_or_else(|| panic!("{ended:?}"))
}

/// Why a run has no figure.
#[track_caller]
fn why(ended: &Ended) -> &str {
    assert_eq!(ended.timeline["figure"], Value::Null, "{ended:?}");
    ended.timeline["why"].as_str().expect("a sentence")
}

/// The texts between these two, without markup.
pub fn between(html: &str, before: &str, after: &str) -> Vec<String> {
    let parts = html.split(before).skip(1);
    parts.filter_map(|part| Some(part.split_once(after)?.0.to_owned())).collect()
}

/// The names of the lanes of each run.
pub fn lanes(figure: &str) -> Vec<Vec<String>> {
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
pub fn data(figure: &str) -> Vec<Value> {
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
    assert_eq!(figure.matches("class=\"trace-run\" data-library=\"asyncio\"").count(), 2);
}

pub fn nothing_comes_unasked(server: &Server) {
    assert_eq!(server.run(TEAS).timeline, Value::Null);
    let answer = server.post("/run", &json!({ "code": TEAS, "timeline": false }));
    assert_eq!(Ended::of(&answer).timeline, Value::Null);
}

pub fn a_program_without_a_loop_has_no_timeline(server: &Server) {
    let ended = server.run_recorded("fn main() { println!(\"on\") }");
    assert_eq!(ended.stdout, "on\n");
    assert!(why(&ended).contains("neither asyncio nor Tokio"), "{ended:?}");
    // It names the library, and makes no loop.
    let ended = server.run_recorded("fn main() { let _ = asyncio::get_running_loop(); }");
    assert!(why(&ended).contains("no loop ran"), "{ended:?}");
}

pub fn a_program_that_observes_its_loop_itself_goes_on_doing_so(server: &Server) {
    let ended = server.run_recorded(
        r#"use asyncio::{EventLoop, observe};
fn main() {
    observe::on_new_loop(|event_loop| event_loop.set_observer(|event| println!("{event:?}")));
    EventLoop::with_virtual_clock().run(async { Ok(()) }).unwrap();
}
"#,
    );
    assert_eq!(ended.done["ok"], true, "{ended:?}");
    assert!(ended.stdout.starts_with("Event { time: Time(0ns), by: Outside, kind: TaskCreated"), "{ended:?}");
    assert!(why(&ended).contains("observes its loop itself"), "{ended:?}");
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
    let caption = "<figcaption>Cut short: what this run did until it used more than 1 s of processor time.<";
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
    assert!(why(&ended).contains("the recorder does not know"), "{ended:?}");
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
    let left = left.flatten().map(|entry| entry.file_name().into_string().expect("a name"));
    let left: Vec<String> = left.filter(|name| name.starts_with("record-")).collect();
    assert_eq!(left, Vec::<String>::new());
}

pub fn what_is_no_file_in_the_place_of_a_record_is_no_record(server: &Server) {
    let ended = server.run_recorded(
        r#"fn main() {
    let wish = std::env::var("WORKBOOK_RECORD").unwrap();
    let file = wish.splitn(3, ' ').nth(2).unwrap();
    let _ = std::fs::remove_file(file);
    // Nobody writes to it, so whoever opened it would wait for ever.
    std::process::Command::new("mkfifo").arg(file).status().unwrap();
    // asyncio
}
"#,
    );
    assert!(why(&ended).contains("cannot be read"), "{ended:?}");
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
{{"run":1,"event":{{"t":18446744073709551615,"by":{{"task":18446744073709551615}},"what":"promise_created","promise":0,"label":"{evil}","until":0}}}}
{{"run":1,"event":{{"t":0,"by":{{"callback":7}},"what":"timer_set","callback":7,"name":"{evil}","when":1}}}}
{{"run":1,"event":{{"t":0,"by":{{"task":1}},"what":"awaits","task":1,"on":{{"promise":0}}}}}}
{{"run":1,"event":{{"t":0,"by":"thread","what":"reported","message":"{evil}","thread":"{evil}"}}}}
{{"run":1,"event":{{"t":0,"by":"loop","what":"pass_end","pass":0,"ready":[{{"task":9}}],"timers":[{{"callback":8,"when":5}}]}}}}
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
    assert_eq!((ended.stdout.as_str(), ended.why()), ("end\n", ""), "{ended:?}");
    assert!(why(&ended).contains("the record of this run has more than 1023 KiB"), "{ended:?}");
}

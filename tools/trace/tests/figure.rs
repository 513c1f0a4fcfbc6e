//! The figures of the book, and what a figure owes to any page it stands on.

use std::collections::BTreeSet;
use std::time::Duration;

use asyncio::observe::{self, note};
use asyncio::{EventLoop, Result, create_task, sleep, yield_now};
use asyncio_trace::{Library, Record, Recording, Run, Source, figure};

mod book;

fn run_of(main: impl Future<Output = Result<()>> + 'static) -> Run {
    let event_loop = EventLoop::with_virtual_clock();
    event_loop.set_exception_handler(|_| ());
    let recording = Recording::start(&event_loop);
    let _ = event_loop.run(main);
    recording.finish("a run").expect("a short run")
}

/// Checks that every element is closed where it should be, and gives the names of all attributes.
fn attributes(html: &str) -> BTreeSet<String> {
    let mut open: Vec<&str> = Vec::new();
    let mut attributes = BTreeSet::new();
    let mut rest = html;
    while let Some((_, after)) = rest.split_once('<') {
        let (tag, after) = after.split_once('>').expect("a tag that ends");
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name));
            continue;
        }
        let name = tag.split([' ', '/']).next().unwrap();
        for attribute in tag.split('"').step_by(2).filter_map(|text| text.strip_suffix('=')) {
            attributes.insert(attribute.rsplit(' ').next().unwrap().to_owned());
        }
        if !tag.ends_with('/') {
            open.push(name);
        }
        if name == "script" {
            let (_, after) = rest.split_once("</script").expect("its end");
            rest = &rest[rest.len() - after.len() - "</script".len()..];
        }
    }
    assert!(open.is_empty(), "{open:?}");
    attributes
}

#[test]
fn a_figure_is_one_block_of_markdown_and_asks_for_nothing_that_a_policy_forbids() {
    let allowed = [
        "aria-hidden",
        "aria-label",
        "class",
        "cx",
        "cy",
        "d",
        "data-events",
        "data-library",
        "data-title",
        "height",
        "r",
        "role",
        "scope",
        "text-anchor",
        "type",
        "viewBox",
        "width",
        "x",
        "y",
    ];
    for (name, html) in book::files("figures") {
        assert!(html.starts_with("<figure ") && html.ends_with("</figure>\n"));
        assert!(html.lines().all(|line| !line.trim().is_empty()), "{}", name);
        for attribute in attributes(&html) {
            assert!(allowed.contains(&&*attribute), "{}: {attribute}", name);
        }
    }
}

#[test]
fn hostile_names_stay_text() {
    let hostile = "</script></figure><img src=x onerror=alert(1)>\n\n\"'&\u{202e}";
    let mut run = run_of(async move {
        create_task(async move {
            note(hostile);
            Ok(sleep(Duration::from_secs(1)).await?)
        })
        .named(hostile)
        .await
    });
    run.title = hostile.to_owned();
    run.source = Some(Source { file: hostile.to_owned(), first_line: 1, lines: vec![hostile.to_owned()] });
    let html = figure::html(&[run], hostile, true);
    let known = attributes(&html);
    assert!(!known.contains("src") && !known.contains("onerror"), "{html}");
    assert!(!html.contains("<img"), "{html}");
    assert!(html.lines().all(|line| !line.trim().is_empty()), "{html}");
    let (_, data) = html.split_once("class=\"trace-data\">").unwrap();
    let (data, _) = data.split_once("</script>").unwrap();
    let data: serde_json::Value = serde_json::from_str(data).unwrap();
    assert_eq!(data["items"][1][0], hostile);
    assert_eq!(data["source"]["lines"][0], hostile);
}

#[test]
fn code_in_a_caption_is_code_and_a_single_backtick_stays() {
    let html = |caption: &str| figure::html(&[run_of(async { Ok(()) })], caption, false);
    assert!(html("`join!` polls <both>.").contains("<figcaption><code>join!</code> polls &lt;both&gt;.</figcaption>"));
    assert!(html("a ` b").contains("<figcaption>a ` b</figcaption>"));
}

#[test]
fn a_run_that_is_too_long_is_refused_in_a_sentence() {
    let run = run_of(async {
        for _ in 0..5_000 {
            yield_now().await?;
        }
        Ok(())
    });
    let count = run.records.len();
    assert!(count > figure::MOST_SHOWN);
    let html = figure::html(&[run], "long", true);
    let sentence = format!("This run has {count} events, and a figure shows at most 10000: record a shorter run.");
    assert!(html.contains(&sentence), "{html}");
    assert!(!html.contains("<svg") && html.len() < 1_000, "{html}");
}

#[test]
fn a_run_in_which_nothing_happens_says_so() {
    let event_loop = EventLoop::with_virtual_clock();
    let recording = Recording::start(&event_loop);
    let run = recording.finish("nothing").unwrap();
    let html = figure::html(&[run], "nothing", true);
    assert!(html.contains("Nothing ran on this loop."), "{html}");
}

#[test]
fn the_marks_of_the_ends_are_within_the_picture() {
    let number = |text: &str| -> f64 {
        let end = text.find(|c: char| c != '.' && !c.is_ascii_digit());
        text[..end.unwrap()].parse().unwrap()
    };
    let mut marks = 0;
    for (name, html) in book::files("figures") {
        for picture in html.split("<svg class=\"trace-lanes\" width=\"").skip(1) {
            // The picture begins a little to the left of its zero.
            let right = number(picture) - 6.0;
            let (picture, _) = picture.split_once("</svg>").unwrap();
            for mark in picture.split("<g class=\"trace-end ").skip(1) {
                let (_, mark) = mark.split_once("d=\"M").unwrap();
                let x = number(mark);
                assert!(x + 9.0 <= right, "{}: {x} of {right}", name);
                marks += 1;
            }
        }
    }
    assert!(marks > 50);
}

#[test]
fn more_tasks_than_anybody_can_follow_share_a_line() {
    let run = |tasks: usize| {
        run_of(async move {
            for _ in 1..tasks {
                create_task(async {
                    note("here");
                    Ok(())
                });
            }
            Ok(yield_now().await?)
        })
    };
    let names = |tasks: usize| {
        let html = figure::html(&[run(tasks)], "many", true);
        let (_, names) = html.split_once("<svg class=\"trace-names\"").unwrap();
        let (names, _) = names.split_once("</svg>").unwrap();
        let names = names.split("text-anchor=\"end\">").skip(2);
        let names = names.map(|name| name.split('<').next().unwrap().to_owned());
        // The table tells of every task.
        assert!(html.contains(&format!("Task-{tasks} is done")));
        names.collect::<Vec<String>>()
    };
    let [most, more] = [names(200), names(1000)];
    assert_eq!((most.len(), &*most[199]), (200, "Task-200"));
    assert_eq!((more.len(), &*more[200]), (201, "and 800 more"));
}

#[test]
fn a_run_that_is_cut_short_is_marked() {
    let mut run = run_of(async { create_task(async { Ok(sleep(Duration::from_secs(1)).await?) }).named("tea").await });
    let marks = |run: &Run| {
        let html = figure::html(std::slice::from_ref(run), "tea", true);
        let legend = html.contains("</svg> is not over when the recording ends</li>");
        let waits = html.contains(">sleeps until 1 s</text>") && html.contains(">awaits tea</text>");
        assert!(waits, "{html}");
        (html.matches("class=\"trace-cut\"").count(), legend)
    };
    assert_eq!(marks(&run), (0, false));
    let sleeps = |record: &Record| matches!(record.event.kind, observe::Kind::LoopWaits { .. });
    let end = run.records.iter().position(sleeps).unwrap();
    run.records.truncate(end);
    // Both tasks, and the legend.
    assert_eq!(marks(&run), (3, true));
}

#[test]
fn a_task_that_has_been_at_no_line_is_shown_where_it_was_made() {
    let mut made = 0;
    let run = run_of(async move {
        let task = create_task(async { Ok(yield_now().await?) }).named("tea");
        task.await
    });
    for record in &run.records {
        if let (observe::Kind::TaskCreated { task: 2, .. }, Some(at)) = (&record.event.kind, &record.event.at) {
            made = i64::from(at.line);
        }
    }
    assert!(made > 0);
    let html = figure::html(&[run], "tea", true);
    let sentence = format!("<td></td><td>tea begins; it was made at line {made}</td>");
    assert!(html.contains(&sentence), "{html}");
    let (_, data) = html.split_once("class=\"trace-data\">").unwrap();
    let (data, _) = data.split_once("</script>").unwrap();
    let data: serde_json::Value = serde_json::from_str(data).unwrap();
    let lines = data["steps"].as_array().unwrap().iter();
    let lines: Vec<i64> = lines.map(|step| step[1].as_i64().unwrap()).collect();
    // Once the task yields, it is there.
    let begins = lines.iter().position(|line| *line == -made).unwrap();
    assert_eq!(lines[begins + 1], made, "{lines:?}");
    assert!(lines[begins + 1..].iter().all(|line| *line >= 0), "{lines:?}");
}

#[test]
fn runs_without_a_title_are_numbered() {
    let run = |library| Run { title: String::new(), library, ..run_of(async { Ok(yield_now().await?) }) };
    let titles = |libraries: &[Library]| -> Vec<String> {
        let runs: Vec<Run> = libraries.iter().map(|library| run(*library)).collect();
        let html = figure::html(&runs, "a program", true);
        let parts = html.split("<p class=\"trace-title\">").skip(1);
        parts.map(|part| part.split('<').next().unwrap_or_default().to_owned()).collect()
    };
    assert!(titles(&[Library::Asyncio]).is_empty());
    assert_eq!(titles(&[Library::Asyncio, Library::Asyncio]), ["Run 1", "Run 2"]);
    assert_eq!(
        titles(&[Library::Asyncio, Library::Tokio, Library::Tokio]),
        ["On this library", "On Tokio, run 1", "On Tokio, run 2"]
    );
}

#[test]
fn another_thread_has_a_lane_if_it_does_something() {
    let quiet = run_of(async { Ok(yield_now().await?) });
    let called = run_of(async {
        let handle = asyncio::get_running_loop()?.handle();
        let thread = std::thread::spawn(move || handle.call_soon_threadsafe(|| note("called")).unwrap());
        thread.join().unwrap();
        Ok(yield_now().await?)
    });
    assert!(!figure::html(&[quiet], "quiet", true).contains(">other thread<"));
    assert!(figure::html(&[called], "called", true).contains(">other thread<"));
}

//! What the picture of a run says without any other text: its arrows, its waits, and its legend.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::Duration;

use asyncio::observe::{Awaited, Kind, note};
use asyncio::{EventLoop, Queue, Result, TcpListener, TcpStream, create_task, get_running_loop, sleep, yield_now};
use asyncio_trace::{Library, Recording, Run, Trace, figure};

mod book;

fn recorded(event_loop: &EventLoop, main: impl Future<Output = Result<()>> + 'static) -> Run {
    let recording = Recording::start(event_loop);
    event_loop.run(main).expect("a program that ends");
    recording.finish("").expect("a short run")
}

fn run_of(main: impl Future<Output = Result<()>> + 'static) -> Run {
    recorded(&EventLoop::with_virtual_clock(), main)
}

fn html(run: Run) -> String {
    figure::html(&[run], "a run", true)
}

/// What stands between two texts, each time.
fn all_between<'a>(text: &'a str, begin: &str, end: &str) -> Vec<&'a str> {
    let parts = text.split(begin).skip(1);
    parts.filter_map(|part| Some(part.split_once(end)?.0)).collect()
}

/// The pictures of a figure, without its legend.
fn pictures(html: &str) -> Vec<&str> {
    all_between(html, "<svg class=\"trace-lanes\"", "</svg>")
}

/// The lines of the legend.
fn legend(html: &str) -> Vec<&str> {
    let (_, legend) = html.split_once("<ul class=\"trace-legend\"").unwrap();
    let (legend, _) = legend.split_once("</ul>").unwrap();
    all_between(legend, "</svg> ", "</li>")
}

/// How many arrows of each kind a picture holds.
fn arrows(picture: &str) -> BTreeMap<&str, usize> {
    let groups = all_between(picture, "<g class=\"trace-arrows ", "</g>");
    let count = |group: &'_ str| group.split('"').nth(2).unwrap().matches('V').count();
    let groups = groups.into_iter();
    groups.map(|group| (group.split('"').next().unwrap(), count(group))).collect()
}

#[test]
fn who_makes_sets_wakes_and_cancels_is_told_by_the_head_of_the_arrow() {
    let html = html(run_of(async {
        let event_loop = get_running_loop()?;
        event_loop.call_soon(|| note("soon"));
        event_loop.call_later(Duration::from_secs(1), || note("later"));
        event_loop.call_later(Duration::from_secs(2), || note("still later"));
        let queue = Queue::new();
        let items = queue.clone();
        let getter = create_task(async move { items.get().await });
        let sleeper = create_task(async { Ok(sleep(Duration::from_secs(9)).await?) });
        yield_now().await?;
        queue.put_nowait(1)?;
        getter.await?;
        sleeper.cancel();
        Ok(())
    }));
    // Made are main, the callback and two tasks; the getter wakes main, and main the getter.
    assert_eq!(
        arrows(pictures(&html)[0]),
        BTreeMap::from([("trace-asks", 1), ("trace-makes", 4), ("trace-sets", 2), ("trace-wakes", 2),])
    );
    let kinds = [
        "makes a task or schedules a callback",
        "sets a timer",
        "wakes: what waited is ready again",
        "asks a task to end",
    ];
    let told: Vec<&str> = legend(&html).into_iter().filter(|entry| kinds.contains(entry)).collect();
    assert_eq!(told, kinds);
    // No two of them have the same shape.
    let (_, legend) = html.split_once("<ul class=\"trace-legend\"").unwrap();
    let shapes = all_between(legend, "<g class=\"trace-arrows ", "</g>");
    let mut shapes: Vec<&str> = shapes.iter().map(|shape| shape.split_once('>').unwrap().1).collect();
    shapes.sort_unstable();
    shapes.dedup();
    assert_eq!(shapes.len(), 4);
}

#[test]
fn arrows_of_tokio_are_those_of_the_loop() {
    let traces = book::files("traces").into_iter();
    let named = |(name, json)| (name == "task-two_tasks").then_some(json);
    let json: String = traces.filter_map(named).collect();
    let trace: Trace = serde_json::from_str(&json).unwrap();
    let mut run = trace.runs.into_iter().find(|run| run.library == Library::Tokio).unwrap();
    for record in &mut run.records {
        if let Kind::Awaits { on, .. } = &mut record.event.kind {
            *on = Awaited::Foreign;
        }
    }
    let html = html(run);
    assert_eq!(arrows(pictures(&html)[0]), BTreeMap::from([("trace-makes", 2), ("trace-wakes", 4)]));
    // Of what the tasks wait for nothing told.
    assert!(html.contains(">awaits something not recorded</text>"), "{html}");
    assert_eq!(
        legend(&html),
        [
            "runs",
            "is ready: it runs when its turn comes",
            "waits for what is written",
            "makes a task or schedules a callback",
            "wakes: what waited is ready again",
            "the loop or Tokio itself, between two turns",
            "prints this line of the output",
            "is done",
            "so much time passes, and nothing runs",
        ]
    );
}

#[test]
fn the_legend_says_what_a_pass_is_where_passes_are_numbered() {
    let mut passes = 0;
    for (_, html) in book::files("figures") {
        let is_numbered = html.contains(">pass</text>");
        assert_eq!(is_numbered, html.contains("data-library=\"asyncio\""));
        let entry = "a pass of the loop, every second one grey: it runs, in order, what was ready when the pass began";
        assert_eq!(legend(&html).contains(&entry), is_numbered);
        passes += usize::from(is_numbered);
    }
    assert!(passes > 20);
}

#[test]
fn a_picture_without_room_for_texts_does_not_promise_them() {
    let naps = |count: u32| {
        let html = html(run_of(async move {
            for _ in 0..count {
                sleep(Duration::from_secs(1)).await?;
            }
            Ok(())
        }));
        let waits = |entry: &&str| entry.starts_with("waits");
        let entry = legend(&html).into_iter().find(waits).map(str::to_owned);
        (entry.unwrap(), labels(pictures(&html)[0]).len())
    };
    assert_eq!(naps(5), ("waits for what is written".to_owned(), 5));
    assert_eq!(naps(100), ("waits".to_owned(), 0));
}

fn number(text: &str) -> f64 {
    text.parse().unwrap()
}

/// What a picture writes at a wait.
struct Label<'a> {
    x: f64,
    y: f64,
    shown: &'a str,
    /// All of it, if it is shortened.
    whole: Option<&'a str>,
}

fn labels(picture: &str) -> Vec<Label<'_>> {
    let labels = all_between(picture, "<g class=\"trace-labels\">", "</g>")[0];
    let texts = all_between(labels, "<text x=\"", "</text>").into_iter();
    let label = |text| {
        let (place, text): (&str, &str) = str::split_once(text, "\">")?;
        let (x, y) = place.split_once("\" y=\"")?;
        let (whole, shown) = match text.split_once("</title>") {
            Some((title, shown)) => (title.strip_prefix("<title>"), shown),
            None => (None, text),
        };
        let (x, y) = (number(x), number(y));
        Some(Label { x, y, shown, whole })
    };
    texts.filter_map(label).collect()
}

/// The lines of the waits of a picture: where each begins and ends, and at which height.
fn waits(picture: &str) -> Vec<(f64, f64, f64)> {
    let paths = all_between(picture, "<path class=\"trace-waits\" d=\"M", "\"/>");
    let lines = paths.iter().flat_map(|path| path.split('M'));
    let line = |line: &str| {
        let (begin, rest) = line.split_once(' ')?;
        let (y, end) = rest.split_once('H')?;
        Some((number(begin), number(end), number(y)))
    };
    lines.filter_map(line).collect()
}

/// Checks that each wait of a picture says what for, within its own length, and counts them and those that are shortened.
fn check_waits(name: &str, html: &str, picture: &str) -> (usize, usize) {
    let labels = labels(picture);
    let mut shortened = 0;
    let waits = waits(picture);
    for (begin, end, y) in &waits {
        let label = labels
            .iter()
            .find(|label| (label.y - (y - 5.0)).abs() < 0.2 && (2.0..end - begin).contains(&(label.x - begin)));
        let label = label.unwrap_or_else(|| panic!("{name}: nothing says what for at {begin} {y}"));
        let width = 6.0 * label.shown.replace("&#39;", "'").chars().count() as f64;
        let room = end - label.x;
        assert!(width < room, "{name}: {} in {room}", label.shown);
        if let Some(whole) = label.whole {
            // The table has the whole text; of a timer it tells when it is set.
            let is_told = html.contains(&format!("stops here: it {whole}</td>")) || whole.starts_with("timer until ");
            assert!(is_told, "{name}: {whole}");
            shortened += 1;
        }
    }
    (waits.len(), shortened)
}

#[test]
fn every_wait_says_what_for_also_where_it_is_short() {
    let (mut all, mut shortened) = (0, 0);
    for (name, html) in book::files("figures") {
        for picture in pictures(&html) {
            let (waits, short) = check_waits(&name, &html, picture);
            all += waits;
            shortened += short;
        }
    }
    assert!(all > 100 && shortened > 20, "{shortened} of {all}");
}

/// The arrows of a picture: where each stands, and its upper and its lower end.
fn lines(picture: &str) -> Vec<(f64, f64, f64)> {
    let groups = all_between(picture, "<g class=\"trace-arrows ", "</g>");
    let paths = groups.iter().filter_map(|group| group.split("d=\"").nth(1)?.split('"').next());
    let line = |line: &str| {
        let (x, rest) = line.split_once(' ')?;
        let (from, to) = rest.split_once('V')?;
        let (from, to) = (number(from), number(to));
        Some((number(x), from.min(to), from.max(to)))
    };
    paths.flat_map(|path| path.split('M').filter_map(line)).collect()
}

#[test]
fn no_arrow_crosses_a_text() {
    let mut near = 0;
    for (name, html) in book::files("figures") {
        for picture in pictures(&html) {
            let lines = lines(picture);
            for label in labels(picture) {
                let width = 6.0 * label.shown.replace("&#39;", "'").chars().count() as f64;
                let at_height = |(_, top, bottom): &&(f64, f64, f64)| *top < label.y && label.y - 9.0 < *bottom;
                for (x, ..) in lines.iter().filter(at_height) {
                    let crosses = label.x - 1.0 < *x && *x < label.x + width;
                    assert!(!crosses, "{name}: an arrow at {x} crosses {} at {}", label.shown, label.x);
                    near += 1;
                }
            }
        }
    }
    assert!(near > 100, "{near}");
}

#[test]
fn waits_that_last_no_time_have_room_for_what_they_wait_for() {
    let name = "a producer with a long name";
    let html = html(run_of(async move {
        let (queue, empty) = (Queue::bounded(1), Queue::bounded(1));
        let (items, answers) = (queue.clone(), empty.clone());
        let producer = create_task(async move {
            for n in 1..=3 {
                items.put(n).await?;
                answers.get().await?;
            }
            Ok(())
        });
        let producer = producer.named(name);
        for _ in 1..=3 {
            let n = queue.get().await?;
            empty.put(n).await?;
        }
        producer.await
    }));
    let picture = pictures(&html)[0];
    let (waits, shortened) = check_waits("hand over", &html, picture);
    assert!(waits > 5 && shortened == waits, "{shortened} of {waits}");
    let labels = labels(picture);
    let label = |shown: &str| labels.iter().find(|label| label.shown == shown);
    assert_eq!(label("an item").unwrap().whole, Some("awaits an item"));
    let whole = format!("awaits {name}");
    assert_eq!(label("a producer with a…").unwrap().whole, Some(&*whole));
}

#[test]
fn a_future_of_another_library_and_a_socket_are_named() {
    let html = html(run_of(async {
        let waker: Rc<RefCell<Option<Waker>>> = Rc::default();
        let kept = waker.clone();
        get_running_loop()?.call_later(Duration::from_secs(1), move || {
            kept.borrow_mut().take().expect("somebody waits").wake();
        });
        let mut asked = false;
        poll_fn(|cx| {
            *waker.borrow_mut() = Some(cx.waker().clone());
            match std::mem::replace(&mut asked, true) {
                true => Poll::Ready(()),
                false => Poll::Pending,
            }
        })
        .await;
        Ok(())
    }));
    let row = "<td>main stops here: it awaits a future of another library</td>";
    assert!(html.contains(row), "{html}");
    let label = "<title>awaits a future of another library</title>another library</text>";
    assert!(html.contains(label), "{html}");

    let event_loop = EventLoop::new();
    let run = recorded(&event_loop, async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let guest = create_task(async move {
            TcpStream::connect(address).await?;
            Ok(())
        });
        listener.accept().await?;
        guest.await
    });
    let row = "<td>main stops here: it awaits the socket</td>";
    let html = figure::html(&[run], "a guest", true);
    assert!(html.contains(row), "{html}");
}

//! The figures of recorded runs, and their steppers, held against the recordings.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use workbook::book::Book;
use workbook::programs::{cargo, chapter};

use crate::Test;
use crate::model::{self, Shown};
use crate::page::{LARGE, SMALL, check_quiet, take_picture};
use crate::site;
use crate::sizes;
use crate::webdriver::{Browser, END, HOME, LEFT, RIGHT};

pub const TESTS: [Test; 8] = [
    ("a_figure_is_gone_through_forwards_and_backwards", a_figure_is_gone_through_forwards_and_backwards),
    ("two_runs_are_compared_in_one_figure", two_runs_are_compared_in_one_figure),
    ("a_figure_is_read_without_scripts_and_without_a_server", a_figure_is_read_without_scripts_and_without_a_server),
    ("picture_sentence_and_marked_line_are_seen_at_once", picture_sentence_and_marked_line_are_seen_at_once),
    ("figures_can_be_read_in_every_theme", figures_can_be_read_in_every_theme),
    ("the_texts_of_a_picture_do_not_cover_one_another", the_texts_of_a_picture_do_not_cover_one_another),
    ("ten_thousand_events_are_opened_and_scrubbed_at_once", sizes::ten_thousand_events_are_opened_and_scrubbed_at_once),
    ("a_chapter_weighs_less_than_eighty_kilobytes", sizes::a_chapter_weighs_less_than_eighty_kilobytes),
];

/// What a step of a figure's stepper shows, as JSON.
const READ: &str = "((figure) => {
    const list = (name) => [...figure.querySelectorAll(`.trace-panels .${name} li:not(.trace-none)`)].map((item) => item.textContent);
    const playhead = figure.querySelector('.trace-playhead').getAttribute('transform');
    return {
        ready: list('trace-queue'), timers: list('trace-timers'), waiting: list('trace-waiting'),
        output: [...figure.querySelectorAll('.trace-panels .trace-output samp')].map((item) => item.textContent),
        line: figure.querySelector('.trace-line')?.dataset.line ?? null,
        made: figure.querySelector('.trace-made')?.dataset.line ?? null,
        program: figure.querySelector('.trace-source > p').textContent,
        count: figure.querySelector('.trace-controls output').textContent,
        now: figure.querySelector('.trace-now').textContent,
        x: Number(playhead.match(/\\(([\\d.]+)/)[1]),
    };
})";

fn figure(caption: &str) -> String {
    format!(
        "[...document.querySelectorAll('figure.trace')].find((figure) => figure.querySelector('figcaption').textContent === '{caption}')"
    )
}

fn part(figure: &str, selector: &str) -> String {
    format!("{figure}.querySelector('{selector}')")
}

/// What the stepper shows now, without what the trace does not tell.
fn read(browser: &Browser, figure: &str) -> Result<(Shown, Value)> {
    let read = browser.get(&format!("{READ}({figure})"))?;
    let list = |name: &str| -> Vec<String> {
        let items = read[name].as_array().into_iter().flatten();
        items.filter_map(|item| Some(item.as_str()?.to_owned())).collect()
    };
    let now = read["now"].as_str().context("a sentence")?;
    let pass = now.split_once("pass ").map_or("", |(_, pass)| pass);
    let pass = pass.split(':').next().unwrap_or_default();
    let line = |name: &str| read[name].as_str().and_then(|line| line.parse().ok());
    let shown = Shown {
        ready: list("ready"),
        timers: list("timers"),
        waiting: list("waiting"),
        output: list("output"),
        line: line("line"),
        made: line("made"),
        pass: pass.parse().with_context(|| now.to_owned())?,
    };
    Ok((shown, read))
}

/// The trace of a figure, and for each step the number of its event.
fn recorded(browser: &Browser, figure: &str, name: &str) -> Result<(Value, Vec<usize>)> {
    let file = cargo::workspace().join(format!("book/traces/{name}.json"));
    let trace: Value = serde_json::from_str(&fs::read_to_string(file)?)?;
    let steps = browser
        .get(&format!("JSON.parse({}.textContent).steps.map((step) => step.at(-1))", part(figure, ".trace-data")))?;
    let steps = steps.as_array().context("the steps")?;
    let events = steps.iter().filter_map(Value::as_u64);
    Ok((trace["runs"][0].clone(), events.map(|event| event as usize).collect()))
}

fn a_figure_is_gone_through_forwards_and_backwards() -> Result<()> {
    let (address, token) = site::served()?;
    let browser = Browser::start(LARGE, false, false)?;
    for (page, name, caption) in [
        ("gather_wait", "gather_wait-three_teas", "gather starts all at once and ends with the longest."),
        (
            "event_loop",
            "event_loop-order",
            "What is ready runs first in, first out; what it schedules runs in the next pass.",
        ),
        ("event_loop", "event_loop-timers", "With nothing ready, the loop waits for the soonest timer."),
    ] {
        browser.open(&format!("{address}/{page}.html#token={token}"))?;
        let figure = figure(caption);
        browser.wait_until(&format!("{figure}.classList.contains('trace-open')"))?;
        let (run, events) = recorded(&browser, &figure, name)?;
        let all = model::shown(&run)?;
        ensure!(events.is_sorted() && events.len() > 10, "{events:?}");
        let check = |step: usize| -> Result<f64> {
            let (shown, read) = read(&browser, &figure)?;
            let wanted = &all[events[step]];
            ensure!(shown == *wanted, "step {step}: {shown:#?}\nwanted {wanted:#?}");
            let is_told = read["program"] == "Program (the marked line made the task)";
            ensure!(is_told == shown.made.is_some(), "step {step}: {read}");
            let count = format!("{} of {}", step + 1, events.len());
            ensure!(read["count"] == *count, "{read}");
            read["x"].as_f64().context("a playhead")
        };

        // Forwards by the button, until it can go no further.
        let mut xs = Vec::new();
        let next = part(&figure, ".trace-next");
        for step in 0..events.len() {
            browser.click(&next)?;
            xs.push(check(step)?);
        }
        ensure!(xs.is_sorted(), "the playhead goes back: {xs:?}");
        ensure!(browser.get(&format!("{next}.disabled"))? == true);
        take_picture(&browser, &format!("figure-{name}.png"))?;

        // Backwards by the keyboard, which must not turn to another chapter.
        let here = browser.get_text("location.href")?;
        browser.get(&format!("{}.focus()", part(&figure, ".trace-stepper")))?;
        for step in (0..events.len() - 1).rev() {
            browser.type_keys(&LEFT.to_string())?;
            check(step)?;
        }
        browser.type_keys(&LEFT.to_string())?;
        check(0)?;
        browser.type_keys(&END.to_string())?;
        check(events.len() - 1)?;
        browser.type_keys(&HOME.to_string())?;
        check(0)?;
        browser.type_keys(&RIGHT.to_string())?;
        check(1)?;
        ensure!(browser.get_text("location.href")? == here);

        // The scrubber, by its own keys and to any place.
        browser.get(&format!("{}.focus()", part(&figure, "input")))?;
        browser.type_keys(&RIGHT.to_string())?;
        check(2)?;
        for step in [events.len() / 2, 3, events.len() - 2] {
            let scrub = format!(
                "((scrubber) => {{ scrubber.value = {}; scrubber.dispatchEvent(new Event('input')); }})({})",
                step + 1,
                part(&figure, "input")
            );
            browser.get(&scrub)?;
            check(step)?;
        }

        // A click into the picture goes to the step that is there.
        browser.click(&part(&figure, ".trace-print"))?;
        let (shown, _) = read(&browser, &figure)?;
        ensure!(shown.output.len() <= 1 && !shown.waiting.contains(&"main".to_owned()), "{shown:?}");
    }
    check_quiet(&browser, &address)
}

fn two_runs_are_compared_in_one_figure() -> Result<()> {
    let (address, token) = site::served()?;
    let browser = Browser::start(LARGE, false, false)?;
    browser.open(&format!("{address}/task.html#token={token}"))?;
    let figure = figure("A cancellation arrives at the await where the task is suspended.");
    let choose = |title: &str| {
        format!("[...{figure}.querySelectorAll('button')].find((button) => button.textContent === '{title}')")
    };
    browser.click(&choose("On Tokio"))?;
    browser.type_keys(&END.to_string())?;
    let output = browser
        .get(&format!("[...{figure}.querySelectorAll('.trace-panels samp')].map((line) => line.textContent)"))?;
    ensure!(output == json!(["asked to end", "cancelled: true"]), "{output}");
    ensure!(browser.get(&format!("{}.hidden", part(&figure, ".trace-timers")))? == true);
    browser.click(&choose("On this library"))?;
    browser.type_keys(&END.to_string())?;
    let (shown, _) = read(&browser, &figure)?;
    ensure!(shown.output == ["asked to end", "pour it away", "cancelled: true"], "{shown:?}");
    browser.get(&format!("{figure}.scrollIntoView()"))?;
    take_picture(&browser, "figure-two-runs.png")?;

    // asyncio is shown when it is asked for, then in every figure that has it, and on the next page.
    let seen = |caption: &str| {
        let runs =
            "querySelectorAll('.trace-run')].filter((run) => run.offsetHeight).map((run) => run.dataset.library)";
        browser.get(&format!("[...{}.{runs}", self::figure(caption)))
    };
    let other = "Tasks wait at the same time.";
    ensure!(seen(other)? == json!(["asyncio", "tokio"]));
    browser.click(&choose("On asyncio"))?;
    browser.type_keys(&END.to_string())?;
    let (shown, _) = read(&browser, &figure)?;
    ensure!(shown.output == ["asked to end", "pour it away", "cancelled: true"], "{shown:?}");
    let listing = browser.get_text(&format!("{}.textContent", part(&figure, ".trace-source code")))?;
    ensure!(listing.contains("except asyncio.CancelledError:"), "{listing}");
    ensure!(seen(other)? == json!(["cpython"]));
    take_picture(&browser, "figure-asyncio.png")?;
    browser.open(&format!("{address}/event_loop.html"))?;
    let order = "What is ready runs first in, first out; what it schedules runs in the next pass.";
    browser.wait_until(&format!("{}.classList.contains('trace-open')", self::figure(order)))?;
    ensure!(seen(order)? == json!(["asyncio", "cpython"]));
    // Of two runs on one loop, either may be chosen without choosing a loop.
    browser.open(&format!("{address}/greenlets.html"))?;
    browser.wait_until("document.querySelector('.trace-choice') !== null")?;
    browser.click("document.querySelector('.trace-choice button:nth-child(2)')")?;
    ensure!(browser.get_text("localStorage.getItem('workbook-loop')")? == "cpython");
    check_quiet(&browser, &address)
}

fn a_figure_is_read_without_scripts_and_without_a_server() -> Result<()> {
    let pages = tempfile::tempdir()?;
    Book::find(None)?.render(pages.path())?;
    let address = format!("file://{}/task.html", pages.path().display());
    let browser = Browser::start(LARGE, false, false)?;

    // From a file, with scripts.
    browser.open(&address)?;
    let figure = figure("Tasks wait at the same time.");
    browser.click(&part(&figure, ".trace-next"))?;
    let (shown, _) = read(&browser, &figure)?;
    ensure!(shown.ready == ["main"], "{shown:?}");

    // Without scripts the picture, the output and the table are there, and no controls.
    browser.devtools("Emulation.setScriptExecutionDisabled", json!({"value": true}))?;
    browser.open(&address)?;
    let page = browser.html()?;
    ensure!(!page.contains("trace-stepper") && !page.contains("trace-open"));
    for class in ["trace-names", "trace-lanes", "trace-output", "trace-table"] {
        let (width, height) = browser.size(&format!("figure.trace .{class}"))?;
        ensure!(width > 50.0 && height > 10.0, "{class}: {width} × {height}");
    }
    take_picture(&browser, "figure-without-scripts.png")
}

/// Goes through every run of every figure of the page, in six steps, and gives of each figure how far it is at most from the top of its pictures to
/// the end of the marked line, and whether its buttons stand in one row.
const SEEN_AT_ONCE: &str = "[...document.querySelectorAll('figure.trace')].filter((figure) => figure.offsetHeight && figure.querySelector('.trace-next')).map((figure) => {
    const box = (selector) => figure.querySelector(selector).getBoundingClientRect();
    const top = () => [...figure.querySelectorAll('.trace-picture')].find((picture) => picture.offsetHeight).getBoundingClientRect().top;
    const choices = [...figure.querySelectorAll('.trace-choice button')];
    let most = 0;
    for (const choice of choices.length ? choices : [null]) {
        choice?.click();
        const scrubber = figure.querySelector('.trace-stepper input');
        for (let part = 1; part <= 6; part += 1) {
            scrubber.value = Math.ceil(part / 6 * scrubber.max);
            scrubber.dispatchEvent(new Event('input'));
            if (!figure.querySelector('.trace-line, .trace-made')) continue;
            const [line, listing] = [box('.trace-line, .trace-made'), box('.trace-source pre')];
            if (line.top < listing.top - 1 || line.bottom > listing.bottom + 1) most = Infinity;
            most = Math.max(most, line.bottom - top());
        }
    }
    const buttons = [...figure.querySelectorAll('.trace-stepper button')].map((button) => button.getBoundingClientRect().top);
    return [most, Math.max(...buttons) - Math.min(...buttons)];
})";

fn picture_sentence_and_marked_line_are_seen_at_once() -> Result<()> {
    let (address, token) = site::served()?;
    for (size, phone) in [((1280, 900), false), (SMALL, true)] {
        // A phone is dark.
        let browser = Browser::start(size, phone, phone)?;
        browser.open(&format!("{address}/index.html#token={token}"))?;
        let mut figures = 0;
        for name in chapters_with_figures()? {
            browser.open(&format!("{address}/{name}.html"))?;
            browser.wait_until("window.workbookTrace !== undefined")?;
            let seen = browser.get(SEEN_AT_ONCE)?;
            for (n, seen) in seen.as_array().context("figures")?.iter().enumerate() {
                let height =
                    seen[0].as_f64().with_context(|| format!("{name}, figure {n}: the marked line is not seen"))?;
                // mdBook's own bar covers the top of the window.
                ensure!(height > 100.0 && height <= f64::from(size.1) - 50.0, "{name}, figure {n}: {height} pixels");
                ensure!(seen[1] == 0, "{name}, figure {n}: the buttons stand in several rows");
                figures += 1;
            }
            let widths = browser.get("[document.documentElement.scrollWidth, innerWidth]")?;
            ensure!(!phone || widths == json!([SMALL.0, SMALL.0]), "{name}: {widths}");
        }
        ensure!(figures > 20, "{figures}");
        browser.get("[...document.querySelectorAll('figure.trace')].at(-1).scrollIntoView()")?;
        take_picture(&browser, if phone { "figure-phone.png" } else { "figure-last.png" })?;
        check_quiet(&browser, &address)?;
    }
    Ok(())
}

/// The contrast of one colour upon another, as the guidelines for accessible pages define it.
const CONTRAST: &str = "const paint = (color) => {
        const context = new OffscreenCanvas(1, 1).getContext('2d');
        context.fillStyle = color;
        context.fillRect(0, 0, 1, 1);
        return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
    };
    const light = (color) => paint(color).map((part) => part / 255)
        .map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
        .reduce((sum, part, n) => sum + part * [0.2126, 0.7152, 0.0722][n], 0);
    const contrast = (one, other) => {
        const [high, low] = [light(one), light(other)].sort((a, b) => b - a);
        return (high + 0.05) / (low + 0.05);
    };";

fn figures_can_be_read_in_every_theme() -> Result<()> {
    let (address, token) = site::served()?;
    let browser = Browser::start(LARGE, false, false)?;
    browser.open(&format!("{address}/task_groups.html#token={token}"))?;
    browser.wait_until("window.workbookTrace !== undefined")?;
    for theme in ["light", "rust", "coal", "navy", "ayu"] {
        let found = browser.get(&format!(
            "(() => {{
                {CONTRAST}
                const html = document.documentElement;
                html.classList.remove('light', 'rust', 'coal', 'navy', 'ayu');
                html.classList.add('{theme}');
                const figure = document.querySelector('figure.trace');
                const paper = getComputedStyle(figure.querySelector('.trace-names')).backgroundColor;
                const of = (selector, property) => contrast(getComputedStyle(figure.querySelector(selector))[property], paper);
                return {{
                    name: of('.trace-names text', 'fill'), label: of('.trace-labels text', 'fill'),
                    cancel: of('.trace-cancels', 'fill'),
                    runs: of('.trace-runs', 'fill'), ready: of('.trace-ready', 'stroke'),
                    waits: of('.trace-waits', 'stroke'), makes: of('.trace-makes .trace-heads', 'fill'),
                    sets: of('.trace-arrows path', 'stroke'), wakes: of('.trace-wakes .trace-heads', 'fill'),
                    asks: of('.trace-asks .trace-heads', 'fill'),
                    done: of('.trace-done path', 'stroke'), failed: of('.trace-failed path', 'stroke'),
                    cancelled: of('.trace-cancelled path', 'stroke'),
                }};
            }})()"
        ))?;
        for (what, contrast) in found.as_object().context("contrasts")? {
            // Text needs more than shapes.
            let is_text = ["name", "label", "cancel"].contains(&&**what);
            let least = if is_text { 4.5 } else { 3.0 };
            let contrast = contrast.as_f64().context("a number")?;
            ensure!(contrast >= least, "{theme}: {what} has a contrast of {contrast:.1}");
        }
        browser.get("document.querySelector('figure.trace').scrollIntoView()")?;
        take_picture(&browser, &format!("figure-{theme}.png"))?;
    }
    check_quiet(&browser, &address)
}

/// The texts of waits that reach into another text of the picture or into what follows the wait; and how many texts there are.
const COVERED: &str = "(() => {
    const covered = [];
    let count = 0;
    document.querySelectorAll('.trace-lanes').forEach((svg) => {
        if (svg.clientWidth === 0) return;
        const texts = [...svg.querySelectorAll('.trace-labels text')];
        const boxes = texts.map((text) => text.getBBox());
        const ends = [...svg.querySelectorAll('.trace-waits')].flatMap((path) => [...path.getAttribute('d').matchAll(/M([\\d.]+) ([\\d.]+)H([\\d.]+)/g)]);
        texts.forEach((text, n) => {
            const [one, right] = [boxes[n], boxes[n].x + boxes[n].width];
            const meets = boxes.some((other, m) => m > n && one.x < other.x + other.width && other.x < right
                && Math.abs(one.y - other.y) < Math.min(one.height, other.height) - 4);
            const near = ends.filter(([, begin, y]) => Math.abs(y - 5 - text.getAttribute('y')) < 0.2 && begin <= one.x + 0.1);
            const end = Math.max(...near.map(([, , , end]) => Number(end)));
            const isLong = !text.classList.contains('trace-cancels') && !(right <= end);
            if (meets || isLong) covered.push(text.textContent);
        });
        count += texts.length;
    });
    return { covered, count };
})()";

fn the_texts_of_a_picture_do_not_cover_one_another() -> Result<()> {
    let (address, token) = site::served()?;
    let browser = Browser::start(LARGE, false, false)?;
    browser.open(&format!("{address}/index.html#token={token}"))?;
    let mut count = 0;
    for name in chapters_with_figures()? {
        browser.open(&format!("{address}/{name}.html"))?;
        browser.get("document.fonts.ready.then(() => true)")?;
        let found = browser.get(COVERED)?;
        ensure!(found["covered"] == json!([]), "{name}: {found}");
        count += found["count"].as_u64().context("a number")?;
    }
    ensure!(count > 100, "{count}");
    check_quiet(&browser, &address)
}

/// The names of the chapters that have figures.
pub fn chapters_with_figures() -> Result<Vec<String>> {
    let src = cargo::workspace().join("book/src");
    let mut names = Vec::new();
    for name in chapter::markdown_files(&src)? {
        let text = fs::read_to_string(Path::new(&src).join(&name))?;
        if text.contains("{{#include ../figures/") {
            names.push(name.trim_end_matches(".md").to_owned());
        }
    }
    ensure!(names.len() >= 15, "{names:?}");
    Ok(names)
}

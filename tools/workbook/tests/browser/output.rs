//! What a program prints, however much of it, and a page that goes on answering.

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tempfile::TempDir;

use crate::Test;
use crate::page::{LARGE, ONLY, READY, button, check_equal, check_quiet, ending, printed, small_book, take_picture};
use crate::site::Server;
use crate::webdriver::{Browser, LONGEST};

pub const TESTS: [Test; 5] = [
    ("a_page_answers_while_a_program_prints", a_page_answers_while_a_program_prints),
    (
        "a_long_output_is_shown_in_part_and_all_of_it_can_be_had",
        a_long_output_is_shown_in_part_and_all_of_it_can_be_had,
    ),
    ("what_controls_a_terminal_is_not_shown_raw", what_controls_a_terminal_is_not_shown_raw),
    ("what_a_program_cannot_have_is_said", what_a_program_cannot_have_is_said),
    ("nothing_is_sent_elsewhere_when_the_server_has_ended", nothing_is_sent_elsewhere_when_the_server_has_ended),
];

/// To be asked for on a quiet machine, with `--ignored --nocapture`.
pub const MEASURED: [Test; 1] =
    [("a_page_answers_at_once_while_a_program_prints", a_page_answers_at_once_while_a_program_prints)];

/// What the page must keep to in a test, in milliseconds: a busy machine takes its time, and a page that froze took minutes.
const BUSY: Bounds = Bounds { gap: 2_000.0, stop: 5_000.0 };

/// What it keeps to on a quiet machine.
const QUIET: Bounds = Bounds { gap: 100.0, stop: 300.0 };

struct Bounds {
    gap: f64,
    stop: f64,
}

/// Lets the page note the longest time between two of its frames, and between two turns of its event loop.
const WATCH: &str = "(() => {
    window.gaps = [0, 0];
    const last = [performance.now(), performance.now()];
    const note = (n) => {
        const now = performance.now();
        gaps[n] = Math.max(gaps[n], now - last[n]);
        last[n] = now;
    };
    const frame = () => { note(0); requestAnimationFrame(frame); };
    const channel = new MessageChannel();
    channel.port1.onmessage = () => { note(1); setTimeout(() => channel.port2.postMessage(0), 1); };
    frame();
    channel.port2.postMessage(0);
})()";

/// A small book, its server and a page of it.
struct Page {
    browser: Browser,
    server: Server,
    _book: TempDir,
}

impl Page {
    fn open(limits: &str) -> Result<Page> {
        let book = tempfile::tempdir()?;
        small_book(book.path())?;
        let server = Server::start_with(Some(book.path()), "0", limits)?;
        let browser = Browser::start(LARGE, false, false)?;
        browser.open(&format!("{}/one.html#token={}", server.address, server.token))?;
        browser.wait_until(READY)?;
        browser.click(&button(ONLY, "Edit"))?;
        Ok(Page { browser, server, _book: book })
    }

    /// Puts a program in the place of the one there is, and runs it.
    fn start(&self, code: &str) -> Result<()> {
        let write = format!(
            "(() => {{ const area = {ONLY}.querySelector('textarea'); area.value = {}; area.dispatchEvent(new Event('input')); }})()",
            json!(code)
        );
        self.browser.get(&write)?;
        self.browser.get(&format!("{ONLY}.querySelector('.run-main').click()"))?;
        Ok(())
    }

    fn run(&self, code: &str, end: &str) -> Result<()> {
        self.start(code)?;
        self.browser.wait_within(LONGEST, &format!("{}?.includes('{end}')", ending(ONLY)))
    }

    /// What was printed, and is shown.
    fn shown(&self) -> Result<String> {
        self.browser.get_text(&printed(ONLY))
    }
}

/// The longest gap while a program runs, and how long Stop took if it was pressed.
fn measure(page: &Page, code: &str, end: &str, stop: bool) -> Result<(f64, f64)> {
    let browser = &page.browser;
    // Compiling it is another matter.
    page.run(code, end)?;
    browser.get(WATCH)?;
    page.start(code)?;
    let mut taken = 0.0;
    if stop {
        browser.wait_until(&format!("{ONLY}.querySelector('.run-stdout')"))?;
        browser.get(&format!("window.pressed = performance.now(), {}.click()", button(ONLY, "Stop")))?;
        let ended =
            format!("{}?.startsWith('Stopped by you') && (window.taken ??= performance.now() - pressed)", ending(ONLY));
        browser.wait_until(&ended)?;
        taken = browser.get("[taken, delete window.taken][0]")?.as_f64().context("a time")?;
    } else {
        browser.wait_within(LONGEST, &format!("{}?.includes('{end}')", ending(ONLY)))?;
    }
    let gap = browser.get("Math.max(...gaps)")?.as_f64().context("a time")?;
    Ok((gap, taken))
}

fn a_page_answers(bounds: &Bounds) -> Result<()> {
    // Enough output for Stop to come before its limit, and enough time for a busy machine.
    let page = Page::open(r#"{"output": 67108864, "wall": 60000}"#)?;
    let slowly = "fn main() { for i in 0..10_000 { println!(\"tick {i}\"); std::thread::sleep(std::time::Duration::from_micros(440)); } }";
    let at_once = "fn main() { for i in 0..20_000 { println!(\"line {i}\"); } }";
    let endless = "fn main() { loop { println!(\"1\"); } }";
    for (name, code, end, stop) in [
        ("10,000 lines in five seconds", slowly, "Ended after", false),
        ("10,000 lines in five seconds, stopped", slowly, "Ended after", true),
        ("20,000 lines at once", at_once, "Ended after", false),
        ("lines without an end, stopped", endless, "limit", true),
    ] {
        let (gap, stopped) = measure(&page, code, end, stop)?;
        let after = if stop { format!(", stopped {stopped:.0} ms after the click") } else { String::new() };
        println!("{name}: at most {gap:.0} ms without an answer{after}");
        ensure!(gap < bounds.gap, "{name}: the page did not answer for {gap:.0} ms");
        ensure!(stopped < bounds.stop, "{name}: Stop took {stopped:.0} ms");
    }
    check_quiet(&page.browser, &page.server.address)
}

fn a_page_answers_while_a_program_prints() -> Result<()> {
    a_page_answers(&BUSY)
}

fn a_page_answers_at_once_while_a_program_prints() -> Result<()> {
    a_page_answers(&QUIET)
}

fn a_long_output_is_shown_in_part_and_all_of_it_can_be_had() -> Result<()> {
    let page = Page::open("{}")?;
    let browser = &page.browser;
    page.run("fn main() { for i in 0..3_000 { println!(\"line {i}\"); } }", "Ended after")?;
    let all: String = (0..3_000).map(|i| format!("line {i}\n")).collect();
    let gap = format!("{ONLY}.querySelector('.run-gap')");
    let said = browser.get_text(&format!("{gap}.firstChild.textContent"))?;
    check_equal(&said, "2,000 of 3,000 lines are left out in the middle.")?;
    let shown = page.shown()?;
    ensure!(shown.starts_with("line 0\n") && shown.contains("line 499\nline 2500\n") && shown.ends_with("line 2999\n"));
    take_picture(browser, "output-left-out.png")?;
    browser.get("navigator.clipboard.writeText = async (text) => { window.copied = text; }")?;
    browser.click(&format!("[...{gap}.querySelectorAll('button')].find((button) => button.textContent === 'Copy')"))?;
    check_equal(&browser.get_text("window.copied")?, &all)?;
    browser.click(&button(ONLY, "Show all"))?;
    check_equal(&page.shown()?, &all)?;
    ensure!(browser.get(&format!("{gap}.hidden"))? == true);
    // One line may be too long as well.
    page.run("fn main() { print!(\"{}\", \"x\".repeat(900_000)); }", "Ended after")?;
    let shown = page.shown()?.len();
    ensure!((60_000..100_000).contains(&shown), "{shown} characters are shown");
    check_quiet(browser, &page.server.address)
}

fn what_controls_a_terminal_is_not_shown_raw() -> Result<()> {
    let page = Page::open("{}")?;
    let code = r#"fn main() {
    for percent in [1, 50, 100] { print!("\r{percent} %"); }
    println!();
    println!("a longer line\r\x1b[Kshort");
    println!("\x1b[1;31mred\x1b[0m and \x1b[38;5;200mpink\x1b[m, \x1b]8;;a\x07a link\x1b]8;;\x07 \x1b[2Aand a bell\x07");
    println!("windows\r");
    eprintln!("\x1b[33mcare\x1b[0m");
    print!("no end");
}"#;
    page.run(code, "Ended after")?;
    check_equal(&page.shown()?, "100 %\nshort\nred and pink, a link and a bell\nwindows\nno end")?;
    let part = |class: &str| page.browser.get_text(&format!("{ONLY}.querySelector('.{class}')?.textContent"));
    check_equal(&part("run-red.run-bold")?, "red")?;
    check_equal(&part("run-stderr .run-yellow")?, "care")?;
    take_picture(&page.browser, "terminal.png")?;
    check_quiet(&page.browser, &page.server.address)
}

fn what_a_program_cannot_have_is_said() -> Result<()> {
    let page = Page::open("{}")?;
    let notes = format!("[...{ONLY}.querySelectorAll('.run-end')].map((note) => note.textContent).join(' ')");
    let reads =
        "fn main() { let mut line = String::new(); println!(\"{:?}\", std::io::stdin().read_line(&mut line)); }";
    page.run(reads, "no input")?;
    page.browser.wait_until(&format!("{notes}.includes('Ended after')"))?;
    check_equal(&page.shown()?, "Ok(0)\n")?;
    page.run("fn main() { println!(\"1\"); }", "Ended after")?;
    ensure!(!page.browser.get_text(&notes)?.contains("no input"));
    page.run("fn tea() {}", "Does not compile: there is no `main`.")?;
    // A panic says where, and leads there.
    page.run("fn main() {\n    println!(\"1\");\n    panic!(\"oh\");\n}", "exit status 101")?;
    page.browser.click(&format!("{ONLY}.querySelector('.run-stderr .run-place')"))?;
    page.browser.type_keys("/")?;
    let area = page.browser.get_text(&format!("{ONLY}.querySelector('textarea').value"))?;
    ensure!(area.contains("    /panic!"), "{area}");
    check_quiet(&page.browser, &page.server.address)
}

fn nothing_is_sent_elsewhere_when_the_server_has_ended() -> Result<()> {
    let Page { browser, server, _book } = Page::open("{}")?;
    browser.get("window.open = (address) => { window.opened = address; }")?;
    drop(server);
    // As when the page asks how far the preparations are.
    browser.get("dispatchEvent(new Event('hashchange'))")?;
    let label = format!("{ONLY}.querySelector('.run-main').textContent");
    browser.wait_until(&format!(
        "document.querySelector('.run-pill').textContent.includes('does not answer') || {label} !== 'Run'"
    ))?;
    check_equal(&browser.get_text(&label)?, "Run")?;
    for press in
        ["click()", "dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', ctrlKey: true, bubbles: true}))"]
    {
        browser.get(&format!("{ONLY}.querySelector('.run-end')?.remove()"))?;
        browser.get(&format!("{ONLY}.querySelector('.run-main').{press}"))?;
        browser.wait_until(&format!("{}?.includes('does not answer')", ending(ONLY)))?;
    }
    ensure!(browser.get("window.opened")?.is_null(), "the program was sent elsewhere");
    Ok(())
}

//! Timelines of what a reader runs, beside the program and on the playground.

use anyhow::{Context, Result, ensure};
use workbook::book::Book;

use crate::page::{
    LARGE, READY, SMALL, button, check_equal, check_quiet, ending, go_to_end_of_line, printed, run, take_picture, text,
};
use crate::site;
use crate::webdriver::{Browser, ESCAPE, LEFT, LONGEST};

/// A program with two tasks.
const PAIRS: &str = "[...document.querySelectorAll('.program')].find((program) => program.querySelector('code.language-rust')?.textContent.includes('two_pairs'))";

/// Gives its first task a name.
const GIVE_A_NAME: &str =
    "((editor) => editor.setValue(editor.getValue().replace('receipt(\"a\"))', 'receipt(\"a\")).named(\"teapot\")')))";

/// The program of the playground that can be seen.
const SEEN: &str = "[...document.querySelectorAll('.program')].find((program) => program.offsetHeight)";

const COUNT: &str = "[...document.querySelectorAll('.program')].filter((program) => program.offsetHeight).length";

fn toggle(program: &str) -> String {
    format!("{program}.querySelector('.run-toggle input')")
}

/// The names of the lanes.
fn lanes(program: &str) -> String {
    format!(
        "[...{program}.querySelectorAll('.run-timeline .trace-names > text')].map((name) => name.textContent).join(', ')"
    )
}

fn part(program: &str, class: &str) -> String {
    format!("{program}.querySelector('.run-timeline .{class}')")
}

/// Goes to just before the closing quotation mark of the first task's name, and types.
fn rename(browser: &Browser, program: &str, more: &str) -> Result<()> {
    let code = browser.get_text(&text(program))?;
    let line = code.lines().position(|line| line.contains(".named(\""));
    let line = line.context("a task has a name")?;
    let (_, after) = code.lines().nth(line).unwrap_or("").split_once(".named(\"").context("a name")?;
    let back = after.len() - after.find('"').context("the end of the name")?;
    go_to_end_of_line(browser, line + 1)?;
    browser.type_keys(&LEFT.to_string().repeat(back))?;
    browser.type_keys(more)
}

/// The page is not wider than the window; only parts of it scroll sideways.
fn check_width(browser: &Browser, width: u32) -> Result<()> {
    let found = browser.get("document.documentElement.scrollWidth")?;
    // A scroll bar takes some of it.
    ensure!(found.as_u64() <= Some(width.into()), "the page is {found} pixels wide");
    Ok(())
}

pub fn an_edited_program_is_drawn_and_gone_through() -> Result<()> {
    let (address, token, _turn) = site::served_alone()?;
    let browser = Browser::start(LARGE, false, false)?;
    browser.open(&format!("{address}/task.html#token={token}"))?;
    browser.wait_until(READY)?;

    // Nobody gets a timeline unasked.
    run(&browser, PAIRS, "Ended after")?;
    check_equal(&browser.get_text(&format!("{PAIRS}.querySelector('.run-timeline').textContent"))?, "")?;
    browser.click(&button(PAIRS, "Edit"))?;
    browser.get(&format!("{GIVE_A_NAME}(ace.edit({PAIRS}.querySelector('.run-editor')))"))?;
    browser.click(&toggle(PAIRS))?;
    run(&browser, PAIRS, "Ended after")?;
    let names = browser.get_text(&lanes(PAIRS))?;
    ensure!(names.contains("teapot"), "{names}");

    // The stepper goes to the line of the edited program.
    let next = part(PAIRS, "trace-next");
    browser.click(&next)?;
    let first = browser.get_text(&format!("{}.textContent", part(PAIRS, "trace-now")))?;
    for _ in 0..2 {
        browser.click(&next)?;
    }
    let third = browser.get_text(&format!("{}.textContent", part(PAIRS, "trace-now")))?;
    ensure!(first != third, "{first}");
    let all = browser.get_text(&format!("{}.max", part(PAIRS, "trace-controls input")))?;
    let listing = browser.get_text(&format!("{}.textContent", part(PAIRS, "trace-source code")))?;
    let code = browser.get_text(&text(PAIRS))?;
    check_equal(listing.trim_end(), code.trim_end())?;
    // One of the steps is the print, and marks its line.
    let marked = (0..all.parse::<usize>()?).find_map(|_| {
        let line = browser.get_text(&format!("{}?.textContent ?? ''", part(PAIRS, "trace-line")));
        match line {
            Ok(line) if line.contains("println!") => Some(Ok(())),
            Ok(_) => browser.click(&next).err().map(Err),
            Err(error) => Some(Err(error)),
        }
    });
    marked.context("no step is at a line that prints")??;
    browser.get(&format!("{}.scrollIntoView()", part(PAIRS, "trace")))?;
    take_picture(&browser, "timeline-of-a-run.png")?;
    check_width(&browser, LARGE.0)?;

    // The wish is kept, for all programs; a new run takes the place of the old drawing.
    browser.reload()?;
    browser.wait_until(READY)?;
    ensure!(browser.get("[...document.querySelectorAll('.run-toggle input')].every((box) => box.checked)")? == true);
    run(&browser, PAIRS, "Ended after")?;
    ensure!(browser.get_text(&lanes(PAIRS))?.contains("teapot"));
    browser.click(&toggle(PAIRS))?;
    run(&browser, PAIRS, "Ended after")?;
    check_equal(&browser.get_text(&lanes(PAIRS))?, "")?;

    // What cannot be drawn is said in a sentence.
    browser.click(&toggle(PAIRS))?;
    browser.click(&button(PAIRS, "Reset"))?;
    browser.get(&format!("ace.edit({PAIRS}.querySelector('.run-editor')).setValue('fn main() {{}}')"))?;
    run(&browser, PAIRS, "Ended after")?;
    let why = browser.get_text(&format!("{}.textContent", part(PAIRS, "run-why")))?;
    ensure!(why.contains("neither asyncio nor Tokio"), "{why}");
    check_quiet(&browser, &address)
}

pub fn a_program_that_the_reader_stops_is_drawn_until_then() -> Result<()> {
    let (address, token, _turn) = site::served_alone()?;
    let browser = Browser::start(LARGE, false, false)?;
    browser.open(&format!("{address}/playground.html#token={token}"))?;
    browser.wait_until("document.querySelector('#playground-scenario')")?;
    browser.wait_until(READY)?;
    let code = "fn main() { asyncio::run(async { for n in 0.. { println!(\"{n}\"); asyncio::sleep(std::time::Duration::from_millis(1)).await?; if n == 3 { asyncio::sleep(std::time::Duration::from_secs(60)).await?; } } Ok(()) }).unwrap() }";
    let editor = format!("ace.edit({SEEN}.querySelector('.run-editor')).setValue('{code}')");
    let stop = button(SEEN, "Stop");
    let caption = format!("{}?.textContent", part(SEEN, "trace figcaption"));
    browser.get(&editor)?;
    for by_key in [false, true] {
        browser.click(&format!("{SEEN}.querySelector('.run-main')"))?;
        browser.wait_within(LONGEST, &format!("{}.includes('3')", printed(SEEN)))?;
        if by_key {
            browser.get(&format!("{SEEN}.querySelector('.run-output').focus()"))?;
            browser.type_keys(&ESCAPE.to_string())?;
        } else {
            browser.click(&stop)?;
        }
        browser.wait_until(&format!("{}?.startsWith('Stopped by you after')", ending(SEEN)))?;
        check_equal(&browser.get_text(&caption)?, "Cut short: what this run did until it was stopped.")?;
        let marks = format!("{SEEN}.querySelectorAll('.trace-lanes .trace-cut').length");
        ensure!(browser.get(&marks)? == 1);
        // It can be gone through to the place where it was cut.
        browser.click(&part(SEEN, "trace-controls button:nth-of-type(4)"))?;
        let lines = browser.get_text(&format!("{SEEN}.querySelector('.trace-panels .trace-output').textContent"))?;
        ensure!(lines.contains('2'), "{lines}");
        take_picture(&browser, "timeline-cut-short.png")?;
    }
    check_quiet(&browser, &address)
}

/// Chooses a loop and a scenario, as a reader does with the mouse and the keyboard.
fn choose(browser: &Browser, library: &str, scenario: &str) -> Result<()> {
    browser.click(&format!(
        "[...document.querySelectorAll('.playground-loops label')].find((label) => label.textContent.includes('{library}')).querySelector('input')"
    ))?;
    browser.click("document.querySelector('#playground-scenario')")?;
    browser.type_keys(scenario)?;
    browser.type_keys(&crate::webdriver::ENTER.to_string())?;
    browser.wait_until(&format!("document.querySelector('#playground-scenario').value.startsWith('{scenario}')"))
}

pub fn the_playground_has_both_loops_and_keeps_every_edit() -> Result<()> {
    let (address, token, _turn) = site::served_alone()?;
    let browser = Browser::start(LARGE, false, false)?;
    browser.open(&format!("{address}/playground.html#token={token}"))?;
    browser.wait_until("document.querySelector('#playground-scenario')")?;
    browser.wait_until(READY)?;
    check_equal(&browser.get_text(COUNT)?, "1")?;

    take_picture(&browser, "playground-top.png")?;

    // This book's loop, edited.
    rename_in_view(&browser, "house")?;
    run(&browser, SEEN, "Ended after")?;
    check_equal(&browser.get_text(&lanes(SEEN))?, "main, greenhouse, black, the loop")?;
    take_picture(&browser, "playground.png")?;
    let ours = browser.get_text(&text(SEEN))?;

    // The same on Tokio.
    choose(&browser, "Tokio", "Three")?;
    check_equal(&browser.get_text(COUNT)?, "1")?;
    let theirs = browser.get_text(&text(SEEN))?;
    ensure!(theirs.contains("#[tokio::main") && theirs != ours, "{theirs}");
    run(&browser, SEEN, "Ended after")?;
    let names = browser.get_text(&lanes(SEEN))?;
    ensure!(names.starts_with("main, green, black"), "{names}");
    browser.click(&part(SEEN, "trace-next"))?;
    take_picture(&browser, "playground-tokio.png")?;
    browser.click(&format!("{SEEN}.querySelector('.run-editor')"))?;
    go_to_end_of_line(&browser, 1)?;
    browser.type_keys(" // mine")?;
    let theirs = browser.get_text(&text(SEEN))?;

    // Every edit is there when the reader comes back, and so is the choice.
    choose(&browser, "This book", "Three")?;
    check_equal(&browser.get_text(&text(SEEN))?, &ours)?;
    choose(&browser, "Tokio", "A guest")?;
    browser.reload()?;
    browser.wait_until("document.querySelector('#playground-scenario')?.value === 'A guest who leaves'")?;
    browser.wait_until(READY)?;
    run(&browser, SEEN, "Ended after")?;
    let output = browser.get_text(&printed(SEEN))?;
    ensure!(output.contains("the pot is put away"), "{output}");
    choose(&browser, "Tokio", "Three")?;
    check_equal(&browser.get_text(&text(SEEN))?, &theirs)?;
    choose(&browser, "This book", "Three")?;
    check_equal(&browser.get_text(&text(SEEN))?, &ours)?;

    // The sidebar leads to a scenario, too.
    browser.get("location.hash = '#a-kitchen-and-two-waiters-1'")?;
    browser.wait_until("document.querySelector('#playground-scenario').value === 'A kitchen and two waiters'")?;
    check_equal(&browser.get_text(COUNT)?, "1")?;
    ensure!(browser.get_text(&text(SEEN))?.contains("mpsc::channel"));
    check_quiet(&browser, &address)
}

fn rename_in_view(browser: &Browser, more: &str) -> Result<()> {
    browser.click(&format!("{SEEN}.querySelector('.run-editor')"))?;
    rename(browser, SEEN, more)
}

pub fn the_playground_fits_a_phone_in_the_dark() -> Result<()> {
    let (address, token, _turn) = site::served_alone()?;
    let browser = Browser::start(SMALL, true, true)?;
    browser.open(&format!("{address}/playground.html#token={token}"))?;
    browser.wait_until("document.querySelector('#playground-scenario')")?;
    browser.wait_until(READY)?;
    take_picture(&browser, "playground-phone-1.png")?;
    run(&browser, SEEN, "Ended after")?;
    browser.click(&part(SEEN, "trace-next"))?;
    check_width(&browser, SMALL.0)?;
    browser.get(&format!("{}.scrollIntoView()", part(SEEN, "trace")))?;
    take_picture(&browser, "playground-phone-2.png")?;
    check_quiet(&browser, &address)
}

pub fn from_elsewhere_the_playground_says_what_it_needs() -> Result<()> {
    let pages = tempfile::tempdir()?;
    Book::find(None)?.render(pages.path())?;
    let files = format!("file://{}", pages.path().display());
    let server = site::serve_files(pages.path())?;
    let browser = Browser::start(LARGE, false, false)?;
    for address in [&files, &server] {
        browser.open(&format!("{address}/playground.html"))?;
        browser.wait_until(crate::page::ELSEWHERE)?;
        check_equal(&browser.get_text(COUNT)?, "8")?;
        let said = browser.get_text("document.querySelector('#playground-place').textContent")?;
        ensure!(said.contains("start cargo run"), "{said}");
        ensure!(browser.get("document.querySelector('#playground-scenario')")?.is_null());
        // One timeline was recorded before, and can be gone through.
        browser.click("document.querySelector('.trace .trace-next')")?;
        // Beside the programs of other pages nothing promises a timeline.
        browser.open(&format!("{address}/task.html"))?;
        browser.wait_until(crate::page::ELSEWHERE)?;
        ensure!(
            browser.get("[...document.querySelectorAll('.run-toggle')].some((toggle) => toggle.offsetHeight)")?
                == false
        );
    }
    Ok(())
}

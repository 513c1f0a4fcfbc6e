//! Python programs on the page: run, edited and drawn as those in Rust, alone, in a pair, and as the twin of an example.

use std::fs;

use anyhow::{Context, Result, ensure};
use workbook::book::Book;
use workbook::programs::python::Python;

use crate::Test;
use crate::page::{
    EXAMPLE, LARGE, READY, SMALL, button, check_equal, check_quiet, ending, go_to_end_of_line, printed, project, run,
    take_picture, text,
};
use crate::site;
use crate::webdriver::{Browser, END, ENTER, LONGEST};

pub const TESTS: [Test; 3] = [
    ("a_python_program_is_run_edited_drawn_and_reset", a_python_program_is_run_edited_drawn_and_reset),
    ("a_pair_stands_below_one_another_on_a_phone", a_pair_stands_below_one_another_on_a_phone),
    ("a_python_program_from_elsewhere_says_how_to_run_it", a_python_program_from_elsewhere_says_how_to_run_it),
];

/// The halves of a pair of the chapter on coroutines.
const PYTHON: &str = "[...document.querySelectorAll('.twins .program:has(.language-python)')].find((program) => program.textContent.includes('the water boils'))";
const RUST: &str = "[...document.querySelectorAll('.twins .program:has(.language-rust)')].find((program) => program.textContent.includes('the water boils'))";

/// Whether there is a Python to run them with.
fn has_python() -> Result<bool> {
    match Python::find() {
        Ok(_) => Ok(true),
        Err(why) => {
            ensure!(std::env::var_os("WORKBOOK_REQUIRE_ALL").is_none(), "{why}");
            eprintln!("note: no Python program is run, because there is {why}");
            Ok(false)
        }
    }
}

/// Where something begins on the page.
fn top(browser: &Browser, element: &str) -> Result<f64> {
    let top = browser.get(&format!("{element}.getBoundingClientRect().top"))?;
    top.as_f64().context("a number")
}

fn a_python_program_is_run_edited_drawn_and_reset() -> Result<()> {
    if !has_python()? {
        return Ok(());
    }
    let (address, token, _turn) = site::served_alone()?;
    let browser = Browser::start(LARGE, false, false)?;
    browser.open(&format!("{address}/coroutine.html#token={token}"))?;
    browser.wait_until(READY)?;

    // Both halves print what stands below the pair.
    let promised = browser.get_text(&format!("[...document.querySelectorAll('.language-text.output')].find((output) => {PYTHON}.compareDocumentPosition(output) & Node.DOCUMENT_POSITION_FOLLOWING).textContent"))?;
    run(&browser, PYTHON, "Ended after")?;
    check_equal(&browser.get_text(&printed(PYTHON))?, &promised)?;
    run(&browser, RUST, "Ended after")?;
    check_equal(&browser.get_text(&printed(RUST))?, &promised)?;
    for (half, name) in [(PYTHON, "Python"), (RUST, "Rust")] {
        check_equal(
            &browser.get_text(&format!("{half}.querySelector('.run-label').textContent"))?,
            &format!("Output of {name}"),
        )?;
        check_equal(
            &browser.get_text(&format!("{half}.querySelector('.run-main').textContent"))?,
            &format!("Run {name}"),
        )?;
    }
    // Their bars are one, and their outputs begin side by side below it.
    for part in [".run-bar", ".run-output"] {
        let tops = [PYTHON, RUST].map(|half| top(&browser, &format!("{half}.querySelector('{part}')")));
        let [of_python, of_rust] = tops;
        ensure!((of_python? - of_rust?).abs() < 1.0, "{part}");
    }
    browser.get(&format!("{PYTHON}.querySelector('pre').scrollIntoView()"))?;
    take_picture(&browser, "pair.png")?;

    // The editor knows the language, and a traceback leads to its line.
    browser.click(&button(PYTHON, "Edit"))?;
    browser.wait_until(&format!("{PYTHON}.querySelector('.ace_keyword')?.textContent === 'import'"))?;
    let original = browser.get_text(&text(PYTHON))?;
    let line = original.lines().position(|line| line.contains("boils")).context("a line that prints")? + 1;
    go_to_end_of_line(&browser, line)?;
    let mistake = format!("{ENTER}raise ValueError(name)");
    browser.type_keys(&mistake)?;
    run(&browser, PYTHON, "Ended with exit status 1")?;
    let marked = browser.get_text(&format!("{PYTHON}.querySelector('.ace_gutter-cell.ace_error').textContent"))?;
    check_equal(&marked, &(line + 1).to_string())?;
    let place = format!("[...{PYTHON}.querySelectorAll('.run-stderr .run-place')].at(-1)");
    check_equal(&browser.get_text(&format!("{place}.textContent"))?, &format!("main.py\", line {}", line + 1))?;
    browser.click(&place)?;
    let cursor = browser.get(&format!("ace.edit({PYTHON}.querySelector('.run-editor')).getCursorPosition()"))?;
    ensure!(cursor["row"] == line, "the cursor is at {cursor}");
    take_picture(&browser, "traceback.png")?;

    // The edit outlives the page, and the book's text comes back.
    let edited = browser.get_text(&text(PYTHON))?;
    ensure!(edited.contains("boils\")\n    raise ValueError(name)\n"), "{edited}");
    browser.reload()?;
    browser.wait_until(READY)?;
    check_equal(&browser.get_text(&text(PYTHON))?, &edited)?;
    browser.click(&button(PYTHON, "Reset"))?;
    check_equal(&browser.get_text(&text(PYTHON))?, &original)?;

    let editor = format!("{PYTHON}.querySelector('.ace_content')");
    // An open block is gone on with at its indentation.
    browser.click(&editor)?;
    browser.control(END)?;
    browser.type_keys(&format!("{ENTER}if True:{ENTER}print(\"more\")"))?;
    run(&browser, PYTHON, "Ended after")?;
    check_equal(&browser.get_text(&printed(PYTHON))?, &format!("{promised}more\n"))?;
    browser.click(&button(PYTHON, "Reset"))?;

    // It can be stopped, and drawn.
    browser.click(&editor)?;
    go_to_end_of_line(&browser, 1)?;
    browser.type_keys(&format!("{ENTER}while True: pass"))?;
    browser.click(&format!("{PYTHON}.querySelector('.run-main')"))?;
    browser.wait_until(&format!("{PYTHON}.querySelector('.run-note').textContent.startsWith('running')"))?;
    browser.click(&button(PYTHON, "Stop"))?;
    browser.wait_until(&format!("{}?.startsWith('Stopped by you')", ending(PYTHON)))?;
    browser.click(&button(PYTHON, "Reset"))?;
    browser.click(&format!("{PYTHON}.querySelector('.run-toggle input')"))?;
    run(&browser, PYTHON, "Ended after")?;
    browser.wait_until(&format!("{PYTHON}.querySelector('.run-timeline .trace-next')"))?;
    browser.get(&format!("{PYTHON}.querySelector('.run-timeline').scrollIntoView()"))?;
    take_picture(&browser, "timeline-of-python.png")?;
    browser.click(&format!("{PYTHON}.querySelector('.run-timeline .trace-next')"))?;
    take_picture(&browser, "timeline-of-python.png")?;

    // A twin prints what its example does.
    browser.click(&format!("{EXAMPLE}.querySelector('[type=text]')"))?;
    browser.type_keys("call")?;
    browser.click(&button(EXAMPLE, "Run Python"))?;
    browser.wait_within(LONGEST, &format!("{}?.startsWith('Ended after')", ending(EXAMPLE)))?;
    let transcript = fs::read_to_string(project().join("examples/coroutine.txt"))?;
    let first = transcript.find("\n== ").map_or(&*transcript, |end| &transcript[..=end]);
    check_equal(&browser.get_text(&printed(EXAMPLE))?, first)?;
    take_picture(&browser, "twin.png")?;
    check_quiet(&browser, &address)
}

fn a_pair_stands_below_one_another_on_a_phone() -> Result<()> {
    if !has_python()? {
        return Ok(());
    }
    let (address, token, _turn) = site::served_alone()?;
    let browser = Browser::start(SMALL, true, true)?;
    browser.open(&format!("{address}/coroutine.html#token={token}"))?;
    browser.wait_until(READY)?;
    run(&browser, PYTHON, "Ended after")?;
    let output = top(&browser, &format!("{PYTHON}.querySelector('.run-output')"))?;
    let rust = top(&browser, &format!("{RUST}.querySelector('pre')"))?;
    ensure!(output < rust, "the output of one stands before the other");
    let width = browser.get("document.documentElement.scrollWidth")?;
    ensure!(width == SMALL.0, "the page is {width} pixels wide");
    browser.get(&format!("{PYTHON}.querySelector('.run-bar').scrollIntoView({{block: 'center'}})"))?;
    take_picture(&browser, "phone-pair.png")?;
    check_quiet(&browser, &address)
}

fn a_python_program_from_elsewhere_says_how_to_run_it() -> Result<()> {
    let pages = tempfile::tempdir()?;
    Book::find(None)?.render(pages.path())?;
    let browser = Browser::start(LARGE, false, false)?;
    let address = format!("file://{}", pages.path().display());
    browser.open(&format!("{address}/coroutine.html"))?;
    browser.wait_until(crate::page::ELSEWHERE)?;
    check_equal(&browser.get_text(&format!("{PYTHON}.querySelector('.run-main').textContent"))?, "Run Python")?;
    run(&browser, PYTHON, "python3 FILE")?;
    browser.click(&button(EXAMPLE, "Run Python"))?;
    browser.wait_until(&format!("{}?.includes('python3 examples/coroutine.py')", ending(EXAMPLE)))?;
    check_quiet(&browser, &address)
}

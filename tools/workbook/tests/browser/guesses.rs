//! Outputs that are folded until the reader has guessed them.

use anyhow::{Result, ensure};
use serde_json::json;

use crate::Test;
use crate::page::{LARGE, SMALL, check_equal, take_picture};
use crate::site;
use crate::webdriver::{Browser, ENTER};

pub const TESTS: [Test; 2] = [
    ("a_guess_is_kept_and_stands_beside_the_output", a_guess_is_kept_and_stands_beside_the_output),
    ("a_folded_output_is_found_printed_and_needs_no_scripts", a_folded_output_is_found_printed_and_needs_no_scripts),
];

const OPEN: &str = "document.querySelectorAll('.guess[open]').length";
const ALL: &str = "document.querySelectorAll('.guess').length";
const GUESSES: &str = "[...document.querySelectorAll('.guess-bar [type=text]')].map(({ value }) => value).slice(0, 2)";

fn a_guess_is_kept_and_stands_beside_the_output() -> Result<()> {
    let (address, _) = site::served()?;
    let browser = Browser::start(LARGE, false, false)?;
    browser.open(&format!("{address}/queues.html"))?;
    ensure!(browser.get(OPEN)? == 0 && browser.get(ALL)?.as_u64() > Some(1));
    let first = "document.querySelector('.guess-bar [type=text]')";
    browser.click(first)?;
    browser.type_keys(&format!("ten looks{ENTER}"))?;
    ensure!(browser.get(OPEN)? == 1);
    let heights = browser.get(
        "['.guess-bar', '.guess pre'].map((part) => document.querySelector(part).getBoundingClientRect().height)",
    )?;
    ensure!(heights.as_array().is_some_and(|both| both.iter().all(|height| height.as_f64() > Some(10.0))), "{heights}");
    take_picture(&browser, "guess.png")?;

    browser.reload()?;
    ensure!(browser.get(GUESSES)? == json!(["ten looks", ""]), "{}", browser.get(GUESSES)?);
    ensure!(browser.get(OPEN)? == 0);

    // The switch holds for all pages until it is taken back.
    browser.click("document.querySelector('.guess-bar [type=checkbox]')")?;
    ensure!(browser.get(OPEN)? == browser.get(ALL)?);
    browser.reload()?;
    ensure!(browser.get(OPEN)? == browser.get(ALL)?);
    browser.click("document.querySelector('.guess-bar [type=checkbox]')")?;
    ensure!(browser.get(OPEN)? == 0);
    browser.reload()?;
    ensure!(browser.get(OPEN)? == 0);

    let phone = Browser::start(SMALL, true, true)?;
    phone.open(&format!("{address}/queues.html"))?;
    phone.get("document.querySelector('.guess-bar').scrollIntoView({ block: 'center' })")?;
    take_picture(&phone, "guess-phone.png")?;
    let widths = phone.get("[document.documentElement.scrollWidth, innerWidth]")?;
    ensure!(widths == json!([SMALL.0, SMALL.0]), "{widths}");
    Ok(())
}

fn a_folded_output_is_found_printed_and_needs_no_scripts() -> Result<()> {
    let address = site::serve_below("/some/where", site::built()?)?;
    let browser = Browser::start(LARGE, false, false)?;
    // A link to words on the page, which looks for them as the browser's own search does, and opens what holds them.
    browser.open(&format!("{address}/queues.html#:~:text=after%203603%20looks"))?;
    browser.wait_until(&format!("{OPEN} === 1"))?;
    browser.open(&format!("{address}/queues.html?highlight=3603"))?;
    browser.wait_until(&format!("{OPEN} > 0"))?;

    browser.devtools("Emulation.setScriptExecutionDisabled", json!({"value": true}))?;
    browser.open(&format!("{address}/queues.html"))?;
    let page = browser.html()?;
    ensure!(page.contains("<details class=\"guess\">") && !page.contains("<div class=\"guess-bar\">"));
    let (_, summary) = browser.size(".guess > summary")?;
    ensure!(summary > 10.0, "{summary}");
    let closed = browser.size(".guess")?;
    browser.devtools("Emulation.setEmulatedMedia", json!({"media": "print"}))?;
    let printed = browser.size(".guess")?;
    ensure!(printed.1 > closed.1 + 20.0, "closed {closed:?}, printed {printed:?}");
    check_equal(&browser.complaints()?.join("\n"), "")
}

//! Pages that everybody can use: by keyboard, with little sight, and with a screen reader.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use workbook::programs::cargo;

use crate::page::{READY, SMALL, check_equal, check_quiet, run, take_picture};
use crate::site;
use crate::webdriver::{Browser, ENTER, LONGEST, RIGHT};

const DESKTOP: (u32, u32) = (1280, 900);
const TAB: char = '\u{E004}';

const PAGES: [&str; 12] = [
    "introduction",
    "gather_wait",
    "queues",
    "event_loop",
    "timeouts",
    "playground",
    "dictionary",
    "glossary",
    "rows",
    "runtimes",
    "streams",
    "http_server",
];

fn axe() -> PathBuf {
    cargo::workspace().join("target/axe/node_modules/axe-core/axe.min.js")
}

/// Says what is missing, if anything is.
pub fn missing() -> Option<String> {
    let is_there = axe().is_file();
    (!is_there).then(|| "there is no axe-core: npm install --no-save --prefix target/axe axe-core".to_owned())
}

/// The serious findings of axe in the page as it is now; another theme than the first changes nothing but colours.
fn findings(browser: &Browser, theme: &str, all: bool) -> Result<Vec<String>> {
    browser.get(&format!("document.getElementById('mdbook-theme-{theme}').click()"))?;
    // A colour on its way to another is neither.
    let changing = "document.getAnimations().some((animation) => animation instanceof CSSTransition && animation.playState !== 'finished')";
    browser.wait_within(LONGEST, &format!("!{changing}"))?;
    let only = if all { "" } else { "runOnly: ['color-contrast']," };
    let found = browser.get(&format!(
        "axe.run(document, {{ {only} resultTypes: ['violations'], preload: false, iframes: false }}).then(({{ violations }}) => violations
            .filter(({{ impact }}) => ['serious', 'critical'].includes(impact))
            .flatMap(({{ id, nodes }}) => nodes.map(({{ target, any }}) => `${{id}} ${{target.join(' ')}} ${{any[0]?.data?.contrastRatio ?? ''}}`.trim())))"
    ))?;
    let found = found.as_array().context("findings")?.iter();
    Ok(found.filter_map(Value::as_str).map(str::to_owned).collect())
}

/// Uses what a page has, so that it is looked at, too: a stepper, an exercise, a program with its timeline.
fn use_page(browser: &Browser, page: &str) -> Result<()> {
    if page != "gather_wait" {
        return Ok(());
    }
    browser.wait_until(READY)?;
    browser.wait_until("document.querySelector('.exercise > summary')")?;
    browser.get("document.querySelectorAll('.trace-next').forEach((next) => next.click())")?;
    browser.click("document.querySelector('.exercise > summary')")?;
    browser.wait_until("document.querySelector('.exercise .ex-main')")?;
    browser.get("document.querySelector('.run-toggle input:not(:checked)')?.click()")?;
    run(browser, "document.querySelector('.program:has(.language-rust)')", "Ended after")?;
    browser.wait_until("document.querySelector('.run-timeline .trace-stepper')")
}

pub fn axe_finds_nothing_serious() -> Result<()> {
    let (address, token, _turn) = site::served_alone()?;
    let browser = Browser::start(DESKTOP, false, false)?;
    let axe = fs::read_to_string(axe()).with_context(|| missing().unwrap_or_default())?;
    browser.devtools("Page.addScriptToEvaluateOnNewDocument", json!({"source": axe}))?;
    browser.open(&format!("{address}/index.html#token={token}"))?;
    let mut serious = Vec::new();
    for ((width, height), phone) in [(DESKTOP, false), (SMALL, true)] {
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": phone});
        browser.devtools("Emulation.setDeviceMetricsOverride", size)?;
        for page in PAGES {
            browser.open(&format!("{address}/{page}.html"))?;
            browser.wait_until("window.axe && window.workbookTrace")?;
            use_page(&browser, page)?;
            // The page with all of it is looked at in all themes.
            let themes: &[&str] = match page {
                "gather_wait" if !phone => &["light", "navy", "coal", "ayu", "rust"],
                _ => &["light", "navy"],
            };
            for theme in themes {
                let found = findings(&browser, theme, *theme == "light")?;
                serious.extend(found.iter().map(|finding| format!("{page}, {theme}, {width}: {finding}")));
            }
            browser.get("document.getElementById('mdbook-theme-light').click()")?;
        }
    }
    ensure!(serious.is_empty(), "{serious:#?}");
    check_quiet(&browser, &address)
}

pub fn a_page_is_used_by_keyboard() -> Result<()> {
    let (address, token) = site::served()?;
    let browser = Browser::start(SMALL, false, false)?;
    browser.open(&format!("{address}/gather_wait.html#token={token}"))?;
    browser.wait_until(READY)?;
    let focused = |property: &str| browser.get_text(&format!("document.activeElement.{property}"));

    // The first stop leads past the contents, and the text's first control follows soon.
    browser.type_keys(&TAB.to_string())?;
    check_equal(&focused("textContent")?, "Skip to the text")?;
    browser.type_keys(&ENTER.to_string())?;
    check_equal(&focused("tagName")?, "MAIN")?;
    let mut stops = 0;
    while focused("closest('.program')?.className ?? ''")? != "program" {
        browser.type_keys(&TAB.to_string())?;
        stops += 1;
        ensure!(stops < 10, "no program after {stops} stops");
    }
    let outline = "getComputedStyle(document.activeElement).outlineStyle";
    check_equal(&browser.get_text(outline)?, "solid")?;

    // The contents open and close.
    browser.get("document.querySelector('#mdbook-sidebar-toggle').focus()")?;
    for (key, expanded) in [(' ', "true"), (ENTER, "false")] {
        browser.type_keys(&key.to_string())?;
        browser.wait_until(&format!("document.activeElement.ariaExpanded === '{expanded}'"))?;
    }

    // What scrolls is a stop with a name, is scrolled by the keyboard, and turns to no other chapter. What does not is none.
    let boxes = "[...document.querySelectorAll('main :is(pre > code, .table-wrapper, .trace-picture)')].filter((box) => box.checkVisibility())";
    browser.wait_until("document.querySelector('code[tabindex].has-more')")?;
    let wrong = browser.get(&format!(
        "{boxes}.filter((box) => (box.scrollWidth > box.clientWidth + 1) !== (box.tabIndex === 0 && box.ariaLabel?.length > 5)).map((box) => box.outerHTML.slice(0, 200))"
    ))?;
    ensure!(wrong == json!([]), "{wrong:#}");
    let first = "document.querySelector('code[tabindex].has-more')";
    browser.get(&format!("{first}.focus()"))?;
    take_picture(&browser, "keyboard-phone.png")?;
    browser.type_keys(&RIGHT.to_string())?;
    browser.wait_until(&format!("{first}.scrollLeft > 0"))?;
    check_equal(&browser.get_text("location.pathname")?, "/gather_wait.html")?;
    browser.get(&format!("{first}.scrollLeft = 10000"))?;
    browser.wait_until("!document.activeElement.classList.contains('has-more')")?;
    check_quiet(&browser, &address)
}

/// The columns of the tables that are cards on a phone, as the page calls them there, where they differ from the heads.
const UNNAMED: &str = "[...document.querySelectorAll('.cards table')].flatMap((table) => {
    const heads = [...table.tHead.rows[0].cells].map((head) => head.textContent.trim());
    return [...table.tBodies[0].rows].flatMap((row) => [...row.cells].filter((cell) => cell.offsetHeight).map((cell, n) => {
        const name = getComputedStyle(cell, '::before').content;
        return [heads[cell.cellIndex], name === 'none' ? '' : name.slice(1, -1)];
    })).filter(([head, name]) => head !== name && !['concept', ''].includes(head));
})";

pub fn tables_keep_their_names_on_a_phone_and_their_columns_on_paper() -> Result<()> {
    let (address, token) = site::served()?;
    let browser = Browser::start(SMALL, true, false)?;
    for page in ["dictionary", "rows", "beliefs"] {
        browser.open(&format!("{address}/{page}.html#token={token}"))?;
        browser.wait_until("window.workbookTrace")?;
        ensure!(browser.get(UNNAMED)? == json!([]), "{page}: {}", browser.get(UNNAMED)?);
        let cards = browser.get("document.querySelectorAll('.cards tbody tr').length")?;
        ensure!(cards.as_u64() > Some(40), "{page}: {cards}");
    }

    // A sheet of A4 between its margins.
    let paper = json!({"width": 700, "height": 1000, "deviceScaleFactor": 1, "mobile": false});
    browser.devtools("Emulation.setDeviceMetricsOverride", paper)?;
    browser.devtools("Emulation.setEmulatedMedia", json!({"media": "print"}))?;
    for page in ["dictionary", "rows", "beliefs", "messages", "print"] {
        browser.open(&format!("{address}/{page}.html"))?;
        browser.wait_within(LONGEST, "window.workbookTrace")?;
        // The playground's page, too, shows all of its programs there.
        let hidden = browser.get("[...document.querySelectorAll('main > *:not(script, .guess-bar)')].filter((part) => !part.offsetHeight && part.textContent.trim()).map((part) => part.outerHTML.slice(0, 100))")?;
        ensure!(hidden == json!([]), "{page}: hidden are {hidden}");
        let cut = browser.get("[...document.querySelectorAll('main :is(table, td code)')].filter((part) => part.getBoundingClientRect().right > innerWidth).map((part) => part.textContent.slice(0, 60))")?;
        ensure!(cut == json!([]), "{page}: cut off are {cut}");
    }
    check_quiet(&browser, &address)
}

/// The programs whose bar is not as high as the room that the page keeps for it before the script brings it.
const KEPT: &str = "[...document.querySelectorAll('main > .program:has(> pre > code:is(.language-rust, .language-python))')].filter((program) => program.offsetHeight && !program.querySelector('.run-editor')).flatMap((program) => {
    const pre = program.querySelector('pre').cloneNode(true);
    program.before(pre);
    const room = parseFloat(getComputedStyle(pre).marginBottom) - parseFloat(getComputedStyle(program).marginBottom);
    pre.remove();
    const bar = program.querySelector('.run-bar').offsetHeight;
    return Math.abs(room - bar) < 3 ? [] : [`${room} and ${bar}`];
})";

pub fn a_page_does_not_jump_while_it_opens() -> Result<()> {
    let (address, token) = site::served()?;
    let browser = Browser::start(DESKTOP, false, false)?;
    let observe = "window.jumps = [];
        new PerformanceObserver((list) => list.getEntries().forEach(({ value, sources }) => jumps.push([value, sources.map(({ node }) => `${node?.nodeName} ${node?.className}`.trim()).join()]))).observe({ type: 'layout-shift', buffered: true });";
    browser.devtools("Page.addScriptToEvaluateOnNewDocument", json!({"source": observe}))?;
    browser.open(&format!("{address}/index.html#token={token}"))?;
    for page in ["playground", "queues", "dictionary", "runtimes", "coroutine"] {
        browser.open(&format!("{address}/{page}.html"))?;
        match page {
            "playground" => browser.wait_until("document.querySelector('#playground-scenario')")?,
            _ => browser
                .wait_until("document.querySelector('.ex-count') && document.querySelector('.run-bar, .cards')")?,
        }
        // The observer hears of a shift in the frame after it.
        browser.get("new Promise((tell) => requestAnimationFrame(() => requestAnimationFrame(tell)))")?;
        let sum = browser.get("jumps.reduce((sum, [jump]) => sum + jump, 0)")?.as_f64().context("a sum")?;
        println!("{page}: {sum:.3}");
        ensure!(sum < 0.1, "{page}: {sum}: {:#}", browser.get("jumps")?);
        // Whether a page is painted before its scripts have run is chance; the room that it keeps for their bars is none.
        let kept = browser.get(KEPT)?;
        ensure!(kept == json!([]), "{page}: too little or too much room for {kept}");
    }
    check_quiet(&browser, &address)
}

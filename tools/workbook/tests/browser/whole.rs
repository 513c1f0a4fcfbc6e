//! The book is whole wherever it lies: without the program, below a prefix, without scripts.

use std::fs;

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use workbook::book::Book;

use crate::Test;
use crate::page::{LARGE, check_equal, check_quiet, take_picture};
use crate::site::{self, Server};
use crate::webdriver::Browser;

pub const TESTS: [Test; 6] = [
    ("the_exercises_are_in_pages_without_the_program", the_exercises_are_in_pages_without_the_program),
    ("a_link_to_the_exercises_goes_there", a_link_to_the_exercises_goes_there),
    ("on_paper_solutions_stand_behind_the_chapters", on_paper_solutions_stand_behind_the_chapters),
    ("below_a_prefix_the_page_for_what_is_missing_is_whole", below_a_prefix_the_page_for_what_is_missing_is_whole),
    ("without_scripts_the_served_book_has_its_contents", without_scripts_the_served_book_has_its_contents),
    ("an_old_address_leads_to_the_new_one", an_old_address_leads_to_the_new_one),
];

fn below_a_prefix_the_page_for_what_is_missing_is_whole() -> Result<()> {
    let static_pages = site::serve_below("/some/where", site::built()?)?;
    let (served, _) = site::served()?;
    let browser = Browser::start(LARGE, false, false)?;
    // A server of files does not know what is missing below a folder that is missing, the program does.
    for address in
        [format!("{static_pages}/none.html"), format!("{served}/none.html"), format!("{served}/no/such.html")]
    {
        browser.open(&address)?;
        browser.wait_until("document.querySelector('#mdbook-sidebar a') !== null")?;
        let complaints = browser.complaints()?;
        // The page itself is answered as missing, and asks whether it is the program's.
        let expected = |complaint: &String| complaint.contains(&address) || complaint.contains("/status");
        ensure!(complaints.iter().all(expected), "{complaints:#?}");
        browser.click("document.querySelector('#mdbook-sidebar a[href$=\"queues.html\"]')")?;
        browser.wait_until("document.querySelector('h1#queues') !== null")?;
        browser.complaints()?;
    }
    Ok(())
}

fn without_scripts_the_served_book_has_its_contents() -> Result<()> {
    let (address, _) = site::served()?;
    let browser = Browser::start(LARGE, false, false)?;
    browser.devtools("Emulation.setScriptExecutionDisabled", json!({"value": true}))?;
    browser.open(&format!("{address}/queues.html"))?;
    let page = browser.devtools("DOM.getDocument", json!({"depth": -1, "pierce": true}))?;
    let frame = find(&page, &|node| node["nodeName"] == "IFRAME").unwrap_or(&Value::Null);
    let link = find(frame, &|node| {
        node["attributes"].as_array().is_some_and(|attributes| attributes.contains(&json!("gather_wait.html")))
    });
    ensure!(link.is_some(), "{frame}");
    take_picture(&browser, "contents-without-scripts.png")?;
    check_quiet(&browser, &address)
}

/// The first part of a document that is wanted.
fn find<'a>(value: &'a Value, wanted: &dyn Fn(&Value) -> bool) -> Option<&'a Value> {
    if wanted(value) {
        return Some(value);
    }
    match value {
        Value::Array(parts) => parts.iter().find_map(|part| find(part, wanted)),
        Value::Object(parts) => parts.values().find_map(|part| find(part, wanted)),
        _ => None,
    }
}

fn an_old_address_leads_to_the_new_one() -> Result<()> {
    let folder = tempfile::tempdir()?;
    fs::create_dir(folder.path().join("src"))?;
    for (name, text) in [
        (
            "book.toml",
            "[output.html.redirect]\n\"/old.html\" = \"one.html\"\n\"/old.html#part\" = \"two.html#part\"\n\"/one.html#gone\" = \"two.html#part\"\n",
        ),
        ("src/SUMMARY.md", "- [One](one.md)\n- [Two](two.md)\n"),
        ("src/one.md", "# One\n\n## Kept {#kept}\n"),
        ("src/two.md", "# Two\n\n## Part {#part}\n"),
    ] {
        fs::write(folder.path().join(name), text)?;
    }
    let pages = tempfile::tempdir()?;
    Book::find(Some(folder.path()))?.render(pages.path())?;
    let server = Server::start(Some(folder.path()))?;
    let browser = Browser::start(LARGE, false, false)?;
    for address in [server.address.clone(), site::serve_below("/some/where", pages.path())?] {
        for (old, new) in [
            ("old.html", "one.html"),
            ("old.html#kept", "one.html#kept"),
            ("old.html#part", "two.html#part"),
            ("one.html#gone", "two.html#part"),
        ] {
            browser.open("about:blank")?;
            browser.open(&format!("{address}/{old}"))?;
            browser.wait_until(&format!("location.href.endsWith('/{new}')"))?;
            check_equal(&browser.get_text("location.href")?, &format!("{address}/{new}"))?;
        }
    }
    // mdBook's page for an old address names no icon, so a browser may ask for one.
    let mut complaints = browser.complaints()?;
    complaints.retain(|complaint| !complaint.contains("/favicon.ico"));
    ensure!(complaints.is_empty(), "{complaints:#?}");
    Ok(())
}

const FOLDED: &str = "[...document.querySelectorAll('.exercise[open] .ex-answers > details')].map((part) => part.querySelector('summary').textContent)";

fn the_exercises_are_in_pages_without_the_program() -> Result<()> {
    let address = site::serve_below("/some/where", site::built()?)?;
    let files = format!("file://{}", site::built()?.display());
    let browser = Browser::start(LARGE, false, false)?;
    for address in [address, files] {
        browser.open(&format!("{address}/gather_wait.html#exercise-late_tea"))?;
        let open = "document.querySelector('.exercise[open] h3')?.textContent";
        // The number is the chapter's.
        browser.wait_until(&format!("/^\\d+\\.1 A limit around a group$/.test({open})"))?;
        let shown = browser.get("['.ex-how', '.ex-task', '.ex-program pre', '.ex-choice', '.ex-read'].filter((part) => document.querySelector(`.exercises ${part}`)?.checkVisibility())")?;
        ensure!(shown.as_array().is_some_and(|parts| parts.len() == 5), "{shown}");
        check_equal(
            &browser.get_text("document.querySelectorAll('.exercises button:not(.clip-button)').length")?,
            "0",
        )?;
        let folded = browser.get(FOLDED)?;
        let expected = json!(["Hint 1 of 2", "Hint 2 of 2", "The answer: look when you have yours"]);
        ensure!(folded == expected, "{folded}");
        let hidden = browser.get("[...document.querySelectorAll('.ex-answers > details > :not(summary)')].filter((part) => part.checkVisibility({contentVisibilityAuto: true}) && part.getBoundingClientRect().height).length")?;
        ensure!(hidden == 0, "{hidden}");
        take_picture(&browser, "exercise-without-the-program.png")?;
        browser.click("document.querySelector('.exercise[open] .ex-solution summary')")?;
        browser.wait_until(
            "document.querySelector('.exercise[open] .ex-solution strong').getBoundingClientRect().height > 0",
        )?;
    }
    let complaints = browser.complaints()?;
    ensure!(complaints.is_empty(), "{complaints:#?}");
    Ok(())
}

fn a_link_to_the_exercises_goes_there() -> Result<()> {
    let (served, token) = site::served()?;
    let browser = Browser::start(LARGE, false, false)?;
    browser.open(&format!("{served}/index.html#token={token}"))?;
    browser.wait_until("localStorage.getItem('workbook.token') !== null")?;
    let place = |id: &str| format!("document.querySelector('{id}').getBoundingClientRect().top");
    for (name, id) in [("gather_wait", "#exercises"), ("queues", "#exercise-room_for_two"), ("task", "#exercises")] {
        browser.open(&format!("{served}/{name}.html{id}"))?;
        browser.wait_until("document.querySelector('.exercise[data-state]') !== null")?;
        browser.get("document.fonts.ready.then(() => true)")?;
        // Below the bar at the top, and in the upper half.
        let top = browser.get(&place(id))?.as_f64().unwrap_or(f64::NAN);
        ensure!((0.0..400.0).contains(&top), "{name}{id} is at {top}");
    }
    take_picture(&browser, "exercises-from-a-link.png")
}

fn on_paper_solutions_stand_behind_the_chapters() -> Result<()> {
    let address = site::serve_below("/some/where", site::built()?)?;
    let browser = Browser::start(LARGE, false, false)?;
    browser.devtools("Page.addScriptToEvaluateOnNewDocument", json!({"source": "window.print = () => {};"}))?;
    browser.open(&format!("{address}/print.html"))?;
    browser.wait_until("document.querySelector('.ex-behind') !== null")?;
    let counts = browser.get("[...new Set(['.exercise', '.exercise[open]', '.ex-behind > .ex-answers', '.ex-behind .ex-solution[open]', '.ex-behind > h3'].map((kind) => document.querySelectorAll(kind).length))]")?;
    let count = counts[0].as_u64().unwrap_or_default();
    ensure!(counts == json!([count]) && count > 100, "{counts}");
    ensure!(browser.get("document.querySelector('.exercise .ex-answers')")? == Value::Null);
    let twice = browser.get("(() => { const ids = [...document.querySelectorAll('[id]')].map(({ id }) => id); const seen = new Set(); return ids.filter((id) => seen.size === seen.add(id).size); })()")?;
    ensure!(twice == json!([]), "{twice}");
    // Each of these asks the page for its layout, which took minutes in so long a page.
    let alive = browser.get("document.querySelectorAll('.trace-stepper, [data-scrolls]').length")?;
    ensure!(alive == 0, "{alive}");
    Ok(())
}

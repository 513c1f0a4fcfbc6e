//! The book is whole wherever it lies: without the program, below a prefix, without scripts.

use std::fs;

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use workbook::book::Book;

use crate::Test;
use crate::page::{LARGE, check_equal, check_quiet, take_picture};
use crate::site::{self, Server};
use crate::webdriver::Browser;

pub const TESTS: [Test; 3] = [
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
    let complaints = browser.complaints()?;
    ensure!(complaints.is_empty(), "{complaints:#?}");
    Ok(())
}

//! What the search of the book finds, and in which order.

use std::fs;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::Test;
use crate::page::{LARGE, check_requests, take_picture};
use crate::site;
use crate::webdriver::{Browser, ENTER};

pub const TESTS: [Test; 2] = [
    ("what_stands_on_a_page_is_found", what_stands_on_a_page_is_found),
    ("the_index_is_loaded_when_somebody_searches", the_index_is_loaded_when_somebody_searches),
];

/// The most that the index may weigh, in bytes as it lies there.
const HEAVIEST: u64 = 3_000_000;

const COUNT: &str = "document.querySelectorAll('#mdbook-searchresults li').length";

/// Asks, and gives the titles of what was found with the lines below them.
fn ask(browser: &Browser, words: &str) -> Result<Vec<(String, String)>> {
    let asked = serde_json::to_string(words)?;
    browser.get(&format!("(() => {{ const field = document.getElementById('mdbook-searchbar'); field.value = {asked}; field.dispatchEvent(new KeyboardEvent('keyup')); }})()"))?;
    browser.wait_until(&format!(
        "document.getElementById('mdbook-searchresults-header').textContent.includes({})",
        serde_json::to_string(&format!("'{words}'"))?
    ))?;
    let found = browser.get("[...document.querySelectorAll('#mdbook-searchresults li')].map((item) => [item.querySelector('a').textContent, item.querySelector('.teaser').textContent])")?;
    Ok(serde_json::from_value(found)?)
}

fn what_stands_on_a_page_is_found() -> Result<()> {
    let address = site::serve_below("/some/where", site::built()?)?;
    let browser = Browser::start(LARGE, false, false)?;
    browser.open(&format!("{address}/index.html"))?;
    browser.type_keys("/")?;
    browser.wait_until("window.search.index !== undefined && document.activeElement.id === 'mdbook-searchbar'")?;

    // Codes of errors, names, a word that only a program prints; each teaser has it.
    for words in [
        "E0277",
        "E0373",
        "E0382",
        "E0282",
        "E0521",
        "E0308",
        "E0599",
        "E0728",
        "E0733",
        "E0752",
        "Lagged",
        "call_soon_threadsafe",
        "poured",
        "RecvError::Lagged",
        "error[E0277]",
    ] {
        let found = ask(&browser, words)?;
        let (title, teaser) = found.first().with_context(|| format!("{words} is not found"))?;
        let both = format!("{title} {teaser}").to_lowercase();
        ensure!(both.contains(&words.to_lowercase()), "{words}: {title}: {teaser}");
    }
    let marked = browser
        .get("[...document.querySelectorAll('#mdbook-searchresults .teaser em')].map((part) => part.textContent)")?;
    ensure!(marked[0].as_str().is_some_and(|word| word.contains("E0277")), "{marked}");
    take_picture(&browser, "search.png")?;

    // The best match first: a heading that is the word, and an exercise by its title.
    for (words, first) in
        [("Queues", "Queues » Queues"), ("boxes", "» Boxes"), ("a limit around a group", ".1 A limit around a group")]
    {
        let found = ask(&browser, words)?;
        let (title, _) = found.first().with_context(|| format!("{words} is not found"))?;
        ensure!(title.contains(first), "{words}: {found:#?}");
    }
    // Another form of the word; all words before some.
    ensure!(!ask(&browser, "cancellations")?.is_empty());
    let found = ask(&browser, "gather shield")?;
    ensure!(!found.is_empty());
    ensure!(ask(&browser, "qqqq")?.is_empty());

    // A result leads to the place, and opens the exercise that holds it.
    ask(&browser, "A limit around a group")?;
    browser.type_keys(&ENTER.to_string())?;
    browser
        .wait_until("document.querySelector('.exercise[open] h3')?.textContent.endsWith('A limit around a group')")?;
    Ok(())
}

fn the_index_is_loaded_when_somebody_searches() -> Result<()> {
    let pages = site::built()?;
    let index = fs::read_dir(pages)?
        .filter_map(|entry| entry.ok())
        .find(|entry| entry.file_name().to_string_lossy().starts_with("searchindex"))
        .context("an index")?;
    let size = index.metadata()?.len();
    println!("the index has {size} bytes");
    ensure!(size <= HEAVIEST, "the index has {size} bytes: leave a page out of it, [output.html.search.chapter]");

    let address = site::serve_files(pages)?;
    let browser = Browser::start(LARGE, false, false)?;
    browser.open(&format!("{address}/queues.html"))?;
    browser.get("document.fonts.ready.then(() => true)")?;
    ensure!(browser.get("window.search.index")? == Value::Null);
    ensure!(browser.get("document.getElementById('mdbook-search-index')")? == json!(null));
    browser.type_keys("/")?;
    browser.wait_until("window.search.index !== undefined")?;
    // One keystroke must not be felt: on a quiet machine it takes less than a tenth of the time that is allowed here.
    browser.get("document.getElementById('mdbook-searchbar').value = 'a'")?;
    let slowest = browser.get(
        "(() => {
        const field = document.getElementById('mdbook-searchbar');
        const times = ['q', 'qu', 'que', 'queu', 'queue', 'queues', 'the', 'E0277 the'].map((words) => {
            const begin = performance.now();
            field.value = words;
            field.dispatchEvent(new KeyboardEvent('keyup'));
            return performance.now() - begin;
        });
        return Math.max(...times);
    })()",
    )?;
    println!("the slowest search took {slowest} ms");
    ensure!(slowest.as_f64() < Some(2_000.0), "{slowest} ms");
    ensure!(browser.get(COUNT)?.as_u64() > Some(0));
    check_requests(&browser, &address)
}

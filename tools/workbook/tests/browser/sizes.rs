//! The most that a figure and a page may hold.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use asyncio::{EventLoop, create_task, sleep, yield_now};
use asyncio_trace::{Recording, Run, figure};
use serde_json::json;
use workbook::book::Book;

use crate::figures::chapters_with_figures;
use crate::page::{LARGE, take_picture};
use crate::site;
use crate::webdriver::Browser;

/// A run with as many events as a figure shows.
fn long_run() -> Result<Run> {
    let event_loop = EventLoop::with_virtual_clock();
    let recording = Recording::start(&event_loop);
    event_loop
        .run(async {
            for number in 0..60 {
                let _ = create_task(async move {
                    loop {
                        sleep(Duration::from_millis(number % 7 + 1)).await?;
                        yield_now().await?;
                    }
                    #[expect(unreachable_code, reason = "says what the loop ends with")]
                    Ok::<(), asyncio::Error>(())
                });
            }
            sleep(Duration::from_millis(100)).await?;
            Ok(())
        })
        .map_err(|error| anyhow::anyhow!("{error}"))?;
    let mut run = recording.finish("Ten thousand events.")?;
    ensure!(run.records.len() >= figure::MOST_SHOWN);
    run.records.truncate(figure::MOST_SHOWN);
    Ok(run)
}

pub fn ten_thousand_events_are_opened_and_scrubbed_at_once() -> Result<()> {
    let pages = tempfile::tempdir()?;
    Book::find(None)?.render(pages.path())?;
    let run = long_run()?;
    let long = figure::html(&[run], "Ten thousand events.", true);
    let page = fs::read_to_string(pages.path().join("task.html"))?;
    let (head, rest) = page.split_once("<main>").context("a page")?;
    let (_, tail) = rest.split_once("</main>").context("a page")?;
    let template = format!("{head}<main><template>{long}</template><div></div></main>{tail}");
    fs::write(pages.path().join("long.html"), template)?;
    let address = site::serve_files(pages.path())?;
    let browser = Browser::start(LARGE, false, false)?;
    browser.open(&format!("{address}/long.html"))?;
    browser.wait_until("window.workbookTrace !== undefined")?;

    // As a figure comes from the server: its text becomes a part of the page, is opened, and painted. The best of three counts, here
    // and for each jump below, because other programs may be at work.
    let opened = "(() => {
        const text = document.querySelector('template').innerHTML;
        const place = document.querySelector('main div');
        const times = [1, 2, 3].map(() => {
            place.replaceChildren();
            const begin = performance.now();
            place.innerHTML = text;
            workbookTrace.open(place.firstElementChild);
            place.getBoundingClientRect();
            return performance.now() - begin;
        });
        return Math.min(...times);
    })()";
    let opened = browser.get(opened)?.as_f64().context("a time")?;
    let scrubbed = "(() => {
        const scrubber = document.querySelector('main .trace-stepper input');
        const rounds = [1, 2, 3].map(() => [1, 0.5, 0.9, 0.1, 0.77, 0.3].map((part) => {
            const begin = performance.now();
            scrubber.value = Math.round(part * scrubber.max);
            scrubber.dispatchEvent(new Event('input'));
            document.querySelector('main').getBoundingClientRect();
            return performance.now() - begin;
        }));
        const best = rounds[0].map((_, i) => Math.min(...rounds.map((times) => times[i])));
        return Math.max(...best);
    })()";
    let scrubbed = browser.get(scrubbed)?.as_f64().context("a time")?;
    println!("10,000 events: opened in {opened:.0} ms, the slowest jump took {scrubbed:.0} ms");
    let steps = browser.get("document.querySelector('main .trace-stepper input').max")?;
    ensure!(steps.as_str().and_then(|steps| steps.parse().ok()) > Some(5_000), "{steps}");
    take_picture(&browser, "figure-long.png")?;
    // On a quiet machine it is less than a tenth of this; what does its work once for each event would take much longer.
    ensure!(opened < 2_000.0, "opened in {opened} ms");
    ensure!(scrubbed < 500.0, "scrubbed in {scrubbed} ms");

    // Data that says it has more is refused.
    let refused = "(() => {
        const figure = document.querySelector('template').content.firstElementChild.cloneNode(true);
        figure.querySelector('.trace-run').dataset.events = '10001';
        workbookTrace.open(figure);
        return [figure.querySelector('.trace-refused').textContent, figure.querySelector('.trace-stepper')];
    })()";
    let refused = browser.get(refused)?;
    let sentence = "This run has 10001 events, and a figure shows at most 10000: record a shorter run.";
    ensure!(refused == json!([sentence, null]), "{refused}");
    Ok(())
}

/// Asks as a browser does, and gives the length of what is sent: without its feature for it, ureq does not unpack that.
fn weight(address: &str, path: &str) -> Result<usize> {
    let request = ureq::get(format!("{address}/{path}")).header("Accept-Encoding", "gzip");
    let mut answer = request.call().with_context(|| path.to_owned())?;
    Ok(answer.body_mut().read_to_vec()?.len())
}

pub fn a_chapter_weighs_less_than_eighty_kilobytes() -> Result<()> {
    let (address, token) = site::served()?;
    let browser = Browser::start(LARGE, false, false)?;
    browser.open(&format!("{address}/task.html#token={token}"))?;
    let files = browser.get("[...document.querySelectorAll('script[src*=\"theme/\"], link[href*=\"theme/\"]')].map((file) => file.getAttribute('src') ?? file.getAttribute('href'))")?;
    let mut theme = 0;
    for file in files.as_array().context("files")? {
        theme += weight(&address, file.as_str().context("a name")?)?;
    }
    ensure!(theme > 10_000, "{files}");
    // The chapter's own text is counted, too: it is less trouble than to take it away, and there is room.
    let mut heaviest = (0, String::new());
    for name in chapters_with_figures()? {
        heaviest = heaviest.max((weight(&address, &format!("{name}.html"))?, name));
    }
    let (page, name) = heaviest;
    println!("{name}.html has {page} bytes as served, scripts and styles {theme}");
    ensure!(page + theme <= 80_000, "{name}.html has {page} bytes, scripts and styles {theme}");
    Ok(())
}

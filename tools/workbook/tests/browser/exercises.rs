//! What a reader does with the exercises of a chapter, on a copy of the project whose files may be changed.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;
use workbook::programs::cargo;

use crate::site::Server;
use crate::webdriver::{Browser, ENTER, LONGEST};

const SIZE: (u32, u32) = (1280, 800);

/// What the sidebar says of the chapter.
const COUNT: &str = "[...document.querySelectorAll('.ex-count')].map((count) => count.ariaLabel).find((label) => label.startsWith('Gather'))";

fn exercise(name: &str) -> String {
    format!("document.querySelector('#exercise-{name}')")
}

fn button(name: &str, start: &str) -> String {
    format!(
        "[...{}.querySelectorAll('button')].find((button) => button.textContent.startsWith('{start}'))",
        exercise(name)
    )
}

/// Whether the answer to what the reader did holds this text.
fn says(name: &str, text: &str) -> String {
    format!("{}.querySelector('.ex-result')?.textContent.includes(\"{text}\")", exercise(name))
}

fn open(browser: &Browser, name: &str) -> Result<()> {
    browser.click(&format!("{}.querySelector('summary')", exercise(name)))?;
    browser.wait_until(&format!("{}.querySelector('.ex-main')", exercise(name)))
}

pub fn exercises_are_answered_checked_and_solved() -> Result<()> {
    let project = copy_of_project()?;
    let server = Server::start(Some(&project.path().join("book")))?;
    let (address, token) = (&server.address, &server.token);
    let browser = Browser::start(SIZE, false, false)?;
    browser.open(&format!("{address}/gather_wait.html#token={token}"))?;
    browser.wait_until(&format!("{COUNT}?.includes('0 of 5')"))?;

    // A wrong answer shows what is believed, the right one why it is right.
    let name = "late_tea";
    open(&browser, name)?;
    for (letter, said) in [("a", "The limit would only end the waiting"), ("b", "The limit hits the group in second 3")]
    {
        let choice = format!("{}.querySelector('[value={letter}]')", exercise(name));
        browser.click(&choice)?;
        browser.click(&button(name, "Answer"))?;
        browser.wait_until(&says(name, said))?;
    }
    browser.wait_until(&format!("{COUNT}.includes('1 of 5')"))?;

    // The starter fails for the reason that its author means.
    browser.click(&button(name, "Next"))?;
    let name = "one_by_one";
    let file = project.path().join("work/gather_wait/one_by_one.rs");
    let area = format!("{}.querySelector('textarea')", exercise(name));
    browser.wait_until(&format!("{area} !== null"))?;
    browser.click(&area)?;
    browser.control(ENTER)?;
    let failed = "failed: all three stations are asked at the same time";
    browser.wait_within(LONGEST, &says(name, failed))?;
    browser.click(&button(name, "Hint"))?;
    browser.wait_until(&says(name, "Hint 1 of 3"))?;
    browser.wait_until(&format!("{} !== undefined", button(name, "Hint (1 of 3)")))?;

    // What another editor saves meanwhile is not overwritten, and can be loaded.
    let starter = fs::read_to_string(&file)?;
    let theirs = format!("// mine, from another editor\n{starter}");
    fs::write(&file, &theirs)?;
    browser.click(&area)?;
    browser.type_keys("here")?;
    browser.wait_until(&format!("{} !== undefined", button(name, "Load the file")))?;
    ensure!(fs::read_to_string(&file)? == theirs);
    browser.click(&button(name, "Load the file"))?;
    ensure!(browser.get_text(&format!("{area}.value"))? == theirs);

    // The solution passes, is in the file, and counts.
    let solution = cargo::workspace().join("exercises/gather_wait/one_by_one/solution.rs");
    let solution = fs::read_to_string(solution)?;
    browser.get(&format!("{area}.select()"))?;
    let text = serde_json::to_string(&solution)?;
    ensure!(browser.get(&format!("document.execCommand('insertText', false, {text})"))? == true);
    browser.click(&button(name, "Check"))?;
    browser.wait_within(LONGEST, &says(name, "A future does nothing until somebody polls it"))?;
    browser.wait_until(&format!("{COUNT}.includes('2 of 5')"))?;
    ensure!(fs::read_to_string(&file)? == solution);

    // The only complaint is about the save that was refused.
    let complaints = browser.complaints()?;
    let expected =
        complaints.iter().all(|complaint| complaint.contains("/exercises/one_by_one") && complaint.contains("409"));
    ensure!(expected, "{complaints:#?}");

    // What is broken is named, and not taken for a page from elsewhere.
    let broken = project.path().join("exercises/gather_wait/one_by_one/exercise.toml");
    fs::write(broken, "broken")?;
    let section = "document.querySelector('section.exercises')?.textContent";
    let told = format!("{section}?.includes('exercise.toml: TOML parse error')");
    // The server hears of it a moment later.
    loop {
        browser.reload()?;
        browser.wait_until(&format!("{told} || {COUNT}?.includes('of 5')"))?;
        if browser.get(&told)? == true {
            return Ok(());
        }
    }
}

/// The book with what it includes, and the exercises as their authors wrote them.
fn copy_of_project() -> Result<TempDir> {
    let copy = tempfile::tempdir()?;
    for folder in ["book", "examples", "exercises", "src"] {
        copy_folder(&cargo::workspace().join(folder), &copy.path().join(folder))
            .with_context(|| format!("cannot copy {folder}"))?;
    }
    Ok(copy)
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy_folder(&from, &to)?;
        } else {
            fs::copy(&from, &to)?;
        }
    }
    Ok(())
}

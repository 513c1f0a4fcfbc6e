//! What a reader does with the exercises of a chapter, on a copy of the project whose files may be changed.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tempfile::TempDir;
use workbook::programs::cargo;

use crate::page::take_picture;
use crate::site::Server;
use crate::webdriver::{Browser, ENTER, ESCAPE, LONGEST};

const SIZE: (u32, u32) = (1280, 800);

/// What the sidebar says of the chapter.
const COUNT: &str = "[...document.querySelectorAll('.ex-count')].map((count) => count.ariaLabel).find((label) => label.startsWith('Gather'))";

fn exercise(name: &str) -> String {
    format!("document.querySelector('#exercise-{name}').closest('.exercise')")
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
    let editor = format!("{}.querySelector('.run-editor')", exercise(name));
    let text = format!("ace.edit({editor}).getValue()");
    browser.wait_until(&format!("{editor} !== null"))?;
    // Its parts have the page's colours.
    browser.wait_until(&format!("{editor}.querySelector('.ace_keyword') !== null"))?;
    browser.click(&format!("{editor}.querySelector('.ace_scroller')"))?;
    browser.control(ENTER)?;
    let failed = "failed: all three stations are asked at the same time";
    browser.wait_within(LONGEST, &says(name, failed))?;
    let shown = "[...document.querySelectorAll('.ex-hint, .ex-solution')].filter((part) => part.checkVisibility()).map((part) => part.textContent.trim().split('\\n')[0])";
    ensure!(browser.get(shown)? == json!([]), "hints are for those who ask");
    browser.click(&button(name, "Hint"))?;
    browser.wait_until(&says(name, "Hint 1 of 3"))?;
    browser.wait_until(&format!("{} !== undefined", button(name, "Hint (1 of 3)")))?;
    let seen = browser.get(shown)?;
    ensure!(seen == json!(["Hint 1 of 3"]), "{seen}");
    // Tab indents, and Escape leaves.
    browser.click(&format!("{editor}.querySelector('.ace_scroller')"))?;
    browser.wait_until("document.activeElement.matches('.ace_text-input')")?;
    browser.type_keys(&ESCAPE.to_string())?;
    browser.wait_until("document.activeElement.textContent === 'Check'")?;
    take_picture(&browser, "exercise-hint.png")?;

    // What another editor saves meanwhile is not overwritten, and can be loaded.
    let starter = fs::read_to_string(&file)?;
    let theirs = format!("// mine, from another editor\n{starter}");
    fs::write(&file, &theirs)?;
    browser.click(&format!("{editor}.querySelector('.ace_scroller')"))?;
    browser.type_keys("here")?;
    browser.wait_until(&format!("{} !== undefined", button(name, "Load the file")))?;
    ensure!(fs::read_to_string(&file)? == theirs);
    browser.click(&button(name, "Load the file"))?;
    ensure!(browser.get_text(&text)? == theirs);

    // What does not compile is marked at its line, and the line can be gone to.
    let type_all = |new: &str| -> Result<()> {
        browser.get(&format!("ace.edit({editor}).selectAll()"))?;
        browser.get(&format!("ace.edit({editor}).insert({})", serde_json::to_string(new)?))?;
        Ok(())
    };
    type_all("pub fn ask_all() {\n    let cups: u32 = \"two\";\n}\n")?;
    browser.click(&button(name, "Check"))?;
    browser.wait_within(LONGEST, &says(name, "mismatched types"))?;
    let marked = browser.get(&format!("{editor}.querySelector('.ace_gutter-cell.ace_error')?.textContent"))?;
    ensure!(marked == "2", "{marked}");
    browser.click(&format!("{}.querySelector('.run-place')", exercise(name)))?;
    let row = browser.get(&format!("ace.edit({editor}).getCursorPosition().row"))?;
    ensure!(row == 1, "{row}");
    take_picture(&browser, "exercise-error.png")?;

    // The solution passes, is in the file, and counts.
    let solution = cargo::workspace().join("exercises/gather_wait/one_by_one/solution.rs");
    let solution = fs::read_to_string(solution)?;
    type_all(&solution)?;
    browser.click(&button(name, "Check"))?;
    browser.wait_within(LONGEST, &says(name, "A future does nothing until somebody polls it"))?;
    browser.wait_until(&format!("{COUNT}.includes('2 of 5')"))?;
    ensure!(fs::read_to_string(&file)? == solution);

    // What does not end can be stopped, and the next check gets its turn.
    type_all(&solution.replacen("let ", "loop {}\n    let ", 1))?;
    browser.click(&button(name, "Check"))?;
    browser.wait_until(&format!("{} !== undefined", button(name, "Stop")))?;
    browser.click(&button(name, "Stop"))?;
    browser.wait_until(&says(name, "Stopped by you."))?;
    type_all(&solution)?;
    browser.click(&button(name, "Check"))?;
    browser.wait_within(LONGEST, &says(name, "A future does nothing until somebody polls it"))?;

    // The only complaint is about the save that was refused.
    let complaints = browser.complaints()?;
    let expected =
        complaints.iter().all(|complaint| complaint.contains("/exercises/one_by_one") && complaint.contains("409"));
    ensure!(expected, "{complaints:#?}");

    // What is broken is named, and not taken for a page from elsewhere.
    let broken = project.path().join("exercises/gather_wait/one_by_one/exercise.toml");
    fs::write(broken, "broken")?;
    let section = "document.querySelector('.ex-how')?.textContent";
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

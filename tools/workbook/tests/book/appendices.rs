//! The appendices leave nothing out: every name of asyncio is in the dictionary, every row of the index leads to a chapter, a
//! program and a test.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::Ordering::Relaxed;

use anyhow::{Context as _, Result, bail};
use libtest_mimic::{Failed, Trial};
use pulldown_cmark::{Event, Parser, Tag};
use workbook::programs::chapter::{self, Block, Chapter};
use workbook::programs::fence::Fence;

use crate::{Context, skip_unless};

/// Prints what the Python programs it is given use of asyncio.
const NAMES: &str = include_str!("asyncio_names.py");

/// `others` are the names of this program's other trials, which the index may name, too.
pub fn trials(context: &'static Context, chapters: &'static [Chapter], others: &[Trial]) -> Vec<Trial> {
    let others: Vec<String> = others.iter().map(|trial| trial.name().to_owned()).collect();
    let can_run = context.python.is_ok();
    if !can_run {
        context.counts.skipped.fetch_add(1, Relaxed);
    }
    let dictionary = Trial::test("every name of asyncio is in the dictionary", move || {
        report(dictionary_problems(context, chapters)?)
    });
    let rows = Trial::test("every row of the index has a chapter, code and a test", move || {
        report(index_problems(context.book.project(), chapters, &others)?)
    });
    vec![skip_unless(can_run, dictionary), rows]
}

fn report(problems: Vec<String>) -> Result<(), Failed> {
    if problems.is_empty() {
        return Ok(());
    }
    Err(Failed::from(problems.join("\n")))
}

fn dictionary_problems(context: &Context, chapters: &[Chapter]) -> Result<Vec<String>> {
    let dictionary = chapter(chapters, "dictionary.md")?;
    let mut problems = Vec::new();
    let mut known = BTreeSet::new();
    for (number, cells) in tables(&dictionary.text) {
        known.extend(code(&cells[0]));
        let links = links(cells.last().expect("a row has cells"));
        if links.is_empty() {
            problems.push(format!("dictionary.md:{number}: says not where it is in use"));
        }
        let names = |cell: &String| code(cell);
        let names: Vec<Vec<String>> = cells.iter().take(2).map(names).collect();
        let mut is_shown = false;
        for link in links {
            let mut programs = Vec::new();
            for block in section(chapters, &link).unwrap_or_default() {
                let is_source = matches!(block.fence, Fence::RustSource | Fence::PythonSource);
                if is_source || block.fence.is_program() {
                    programs.push(shown(context.book.project(), block)?);
                }
            }
            let uses = |name: &String| programs.iter().any(|program| is_used(name, program));
            if !names.iter().flatten().any(uses) {
                problems.push(format!("dictionary.md:{number}: no program at {link} uses what the row is about"));
            }
            is_shown |= names.iter().filter_map(|names| names.first()).any(uses);
        }
        if !is_shown {
            problems.push(format!("dictionary.md:{number}: no link leads to a program with the first of its names"));
        }
    }
    for (place, name, classes) in used(context, chapters)? {
        let candidates: Vec<String> = match classes {
            None => vec![format!("asyncio.{name}")],
            Some(_) => known
                .iter()
                .filter(|known| {
                    !known.starts_with("asyncio.") && known.split_once('.').is_some_and(|(_, it)| it == name)
                })
                .cloned()
                .collect(),
        };
        if !candidates.iter().any(|candidate| known.contains(candidate)) {
            problems.push(format!(
                "{place}: `{name}` is not in dictionary.md ({})",
                classes.map_or("asyncio".to_owned(), |classes| classes.join(", "))
            ));
        }
    }
    Ok(problems)
}

/// The text of a block, or of the part of a file that it includes.
fn shown(project: &Path, block: &Block) -> Result<String> {
    let include = block.text.trim().strip_prefix("{{#include ");
    let Some(include) = include.and_then(|include| include.strip_suffix("}}")) else {
        return Ok(block.text.clone());
    };
    let (file, anchor) = include.split_once(':').unwrap_or((include, ""));
    let text = fs::read_to_string(project.join("book/src").join(file))?;
    if anchor.is_empty() {
        return Ok(text);
    }
    let [begin, end] = ["ANCHOR", "ANCHOR_END"].map(|mark| format!("{mark}: {anchor}"));
    let lines = text.lines().skip_while(|line| !line.ends_with(&begin));
    let lines: Vec<&str> = lines.take_while(|line| !line.ends_with(&end)).collect();
    Ok(lines.join("\n"))
}

/// Tells whether a program has the last word of a name in it, such as `wait` of `Event.wait`.
fn is_used(name: &str, program: &str) -> bool {
    let words = |text: &str| -> Vec<String> {
        let words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
        words.map(str::to_owned).collect()
    };
    let last = words(name).pop().unwrap_or_default();
    !last.is_empty() && words(program).contains(&last)
}

/// A name of asyncio in use: where, which, and the classes that have it, if it is not one of the module.
type Used = (String, String, Option<Vec<String>>);

/// Every name of asyncio in the book's text, in its Python programs, and in the examples' twins.
fn used(context: &Context, chapters: &[Chapter]) -> Result<Vec<Used>> {
    let mut programs = Vec::new();
    let mut used = Vec::new();
    for chapter in chapters {
        for block in &chapter.blocks {
            if matches!(block.fence, Fence::Python | Fence::PythonRaises) {
                programs.push((block.place(), block.text.clone()));
            }
        }
        for span in code(&chapter.text) {
            let Some(rest) = span.strip_prefix("asyncio.") else {
                continue;
            };
            let name = rest.split(|c: char| !c.is_alphanumeric() && c != '_').next();
            used.push((chapter.name.clone(), name.unwrap_or(rest).to_owned(), None));
        }
    }
    let twins = context.book.project().join("examples");
    for entry in fs::read_dir(&twins)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "py") {
            let place = path.strip_prefix(context.book.project())?;
            programs.push((place.display().to_string(), fs::read_to_string(&path)?));
        }
    }
    let mut command = match &context.python {
        Ok(python) => python.command(),
        Err(why) => bail!("{why}"),
    };
    let mut child = command.args(["-c", NAMES]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut input = child.stdin.take().context("the script has an input")?;
    input.write_all(serde_json::to_string(&programs)?.as_bytes())?;
    drop(input);
    let output = child.wait_with_output()?;
    if !output.status.success() {
        bail!("the list of names could not be made: {}", output.status);
    }
    used.extend(serde_json::from_slice::<Vec<Used>>(&output.stdout)?);
    Ok(used)
}

fn index_problems(project: &Path, chapters: &[Chapter], others: &[String]) -> Result<Vec<String>> {
    let index = chapter(chapters, "rows.md")?;
    let mut tests = test_functions(project)?;
    tests.extend(others.iter().cloned());
    tests.insert("every row of the index has a chapter, code and a test".to_owned());
    tests.insert("every name of asyncio is in the dictionary".to_owned());
    let mut last = None;
    let mut problems = Vec::new();
    for (number, cells) in tables(&index.text) {
        let mut problem = |what: String| problems.push(format!("rows.md:{number}: {what}"));
        let [row, _, read, run, held] = cells.as_slice() else {
            problem("a row has five cells".to_owned());
            continue;
        };
        let is_next = follows(last.as_deref(), row);
        if !is_next {
            problem(format!("`{row}` does not follow: rows are numbered A1, A2, and so on, B1 …"));
        }
        last = Some(row.clone());
        let links = links(read);
        let sections: Vec<&[Block]> = links.iter().filter_map(|link| section(chapters, link)).collect();
        if links.is_empty() || sections.len() < links.len() {
            problem(format!("{read} does not lead to a section of the book"));
        }
        let parts = code(run);
        for part in &parts {
            if let Err(why) = check_part(project, part) {
                problem(why);
            }
        }
        let is_checked = |block: &Block| matches!(block.fence, Fence::Output | Fence::Stderr | Fence::Compiler);
        let in_sections = |what: fn(&Block) -> bool| sections.iter().any(|blocks| blocks.iter().any(what));
        // The appendices that only point elsewhere are held to it by tests of their own.
        let is_appendix = row.starts_with('U');
        if parts.is_empty() && !is_appendix && !in_sections(|block| block.fence.is_program()) {
            problem(format!("{row} has no code: neither a part of an example nor a program in its section"));
        }
        let held_by = code(held);
        if held_by.is_empty() {
            problem(format!("{row} has no test"));
        }
        for test in held_by {
            let exists = match test.as_str() {
                "transcript" => !parts.is_empty(),
                "page" => sections.iter().any(|blocks| blocks.iter().any(is_checked)),
                name => tests.contains(name),
            };
            if !exists {
                problem(format!("there is no test `{test}`"));
            }
        }
    }
    Ok(problems)
}

/// Whether a row's name is the one after the last: `A2` after `A1`, and then `B1`.
fn follows(last: Option<&str>, name: &str) -> bool {
    let split = |name: &str| -> Option<(u32, u32)> {
        let (letter, number) = name.split_at_checked(1)?;
        Some((letter.chars().next()?.into(), number.parse().ok()?))
    };
    match (last.and_then(split), split(name)) {
        (None, Some(first)) => first == ('A'.into(), 1),
        (Some((letter, number)), Some(next)) => next == (letter, number + 1) || next == (letter + 1, 1),
        (_, None) => false,
    }
}

/// A part is written as it is typed: `gather_wait failure`, or `clients` for an example without parts.
fn check_part(project: &Path, part: &str) -> Result<(), String> {
    let (slug, name) = part.split_once(' ').unwrap_or((part, ""));
    let file = project.join("examples").join(format!("{slug}.rs"));
    let source = fs::read_to_string(&file).map_err(|_| format!("there is no example `{slug}`"))?;
    if name.is_empty() || source.contains(&format!("name: \"{name}\"")) {
        return Ok(());
    }
    Err(format!("the example {slug} has no part `{name}`"))
}

/// The names of all test functions of the project.
fn test_functions(project: &Path) -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    let mut folders = vec![project.join("tests"), project.join("examples/tests"), project.join("tools")];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = fs::read_to_string(&path)?;
                // A test program with a `main` of its own has the names of its trials as texts.
                if text.contains("libtest_mimic") {
                    names.extend(text.split('"').skip(1).step_by(2).map(str::to_owned));
                }
                let mut is_test = false;
                for line in text.lines().map(str::trim_start) {
                    if line.starts_with("#[") {
                        is_test |= line.contains("test]") || line.contains("test(");
                    } else {
                        let line = line.strip_prefix("async ").unwrap_or(line);
                        if let (true, Some(rest)) = (is_test, line.strip_prefix("fn ")) {
                            names.extend(rest.split('(').next().map(str::to_owned));
                        }
                        is_test = false;
                    }
                }
            }
        }
    }
    Ok(names)
}

fn chapter<'a>(chapters: &'a [Chapter], name: &str) -> Result<&'a Chapter> {
    let found = chapters.iter().find(|chapter| chapter.name == name);
    found.with_context(|| format!("the book has no {name}"))
}

/// The rows of all tables in a text, each with its line number, without heads.
fn tables(text: &str) -> Vec<(usize, Vec<String>)> {
    let mut rows = Vec::new();
    let mut in_body = false;
    for (number, line) in (1..).zip(text.lines()) {
        let Some(row) = line.strip_prefix("| ") else {
            in_body = line.starts_with("|---");
            continue;
        };
        if in_body {
            let row = row.strip_suffix(" |").unwrap_or(row);
            rows.push((number, row.split(" | ").map(str::to_owned).collect()));
        }
    }
    rows
}

/// The pieces of code in a text, such as `this` one.
fn code(text: &str) -> Vec<String> {
    let codes = Parser::new(text).filter_map(|event| match event {
        Event::Code(code) => Some(code.into_string()),
        _ => None,
    });
    codes.collect()
}

fn links(text: &str) -> Vec<String> {
    let links = Parser::new(text).filter_map(|event| match event {
        Event::Start(Tag::Link { dest_url, .. }) => Some(dest_url.into_string()),
        _ => None,
    });
    links.collect()
}

/// The blocks under the heading that a link of the kind `chapter.md#heading` names; those of the whole chapter without a heading.
fn section<'a>(chapters: &'a [Chapter], link: &str) -> Option<&'a [Block]> {
    let (name, anchor) = link.split_once('#').unwrap_or((link, ""));
    let chapter = chapters.iter().find(|chapter| chapter.name == name)?;
    if anchor.is_empty() {
        return Some(&chapter.blocks);
    }
    let headings = chapter::headings(&chapter.text);
    let at = headings.iter().position(|heading| heading.id.as_deref() == Some(anchor))?;
    let after = headings[at + 1..].iter();
    let end = after
        .filter(|heading| heading.level <= headings[at].level)
        .map(|heading| heading.line)
        .next()
        .unwrap_or(usize::MAX);
    let blocks = &chapter.blocks;
    let first = blocks.partition_point(|block| block.line < headings[at].line);
    let last = blocks.partition_point(|block| block.line < end);
    Some(&blocks[first..last])
}

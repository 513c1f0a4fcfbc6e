//! No chapter uses Rust beyond the chapters 1 to 10, 13 and 15 of the Rust book unless its reader is led to what explains it.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use libtest_mimic::{Failed, Trial};
use workbook::programs::chapter::{Block, Chapter};

use crate::Context;

/// What a line of a program is recognised by.
type Sign = fn(&str) -> bool;

/// Where each feature is explained: a heading below which a program has it.
const FEATURES: [(&str, Sign); 26] = [
    ("rust.md#threads", |line| line.contains("thread::spawn")),
    ("rust.md#mpsc", |line| line.contains("mpsc::channel()") || line.contains("std::sync::mpsc")),
    ("rust.md#arc", |line| has_word(line, "Arc")),
    ("rust.md#mutex", |line| has_word(line, "Mutex")),
    ("rust.md#atomics", |line| line.contains("Ordering::")),
    ("rust.md#send", |line| has_word(line, "Send")),
    ("rust.md#static", |line| line.contains("+ 'static") || line.contains(": 'static")),
    ("rust.md#dyn", |line| has_word(line, "dyn")),
    ("rust.md#impl", |line| line.contains(": impl ") || line.contains("-> impl ")),
    ("rust.md#async-closures", |line| {
        line.contains("AsyncFn") || line.contains("async |") || line.contains("async move |")
    }),
    ("rust.md#let-else", |line| {
        line.trim_start().starts_with("let ") && line.ends_with(" else {") && !line.contains("= if ")
    }),
    ("rust.md#while-let", |line| line.contains("while let ")),
    ("rust.md#guards", |line| line.split_once(" =>").is_some_and(|(pattern, _)| pattern.contains(" if "))),
    ("rust.md#turbofish", |line| line.contains("::<")),
    ("rust.md#cell", |line| has_word(line, "Cell")),
    ("rust.md#underscore", |line| line.contains("let _ =")),
    ("rust.md#bytes", |line| line.contains("= b\"") || line.contains("(b\"")),
    ("own_project.md#main", |line| line.contains("Builder::new")),
    ("own_project.md#errors", |line| has_word(line, "anyhow") || line.contains("thiserror")),
    ("own_project.md#test", |line| line.contains("[cfg(test)]")),
    ("coroutine.md#call", |line| line.contains("async move {")),
    ("state_machine.md#poll", |line| line.contains("Poll<")),
    ("state_machine.md#poll", |line| has_word(line, "Waker") || line.contains("waker()")),
    ("state_machine.md#pin", |line| has_word(line, "Pin") || line.contains("pin!")),
    ("select.md#form", |line| line.contains("select!")),
    ("streams.md#a-trait-for-it", |line| has_word(line, "Stream")),
];

fn has_word(line: &str, word: &str) -> bool {
    line.split(|c: char| !c.is_alphanumeric() && c != '_').any(|part| part == word)
}

pub fn trials(context: &'static Context, chapters: &'static [Chapter]) -> Vec<Trial> {
    vec![Trial::test("Rust is explained where it is first used", move || {
        let problems = problems(&context.book.folder().join("src"), chapters).map_err(|error| format!("{error:#}"))?;
        if problems.is_empty() { Ok(()) } else { Err(Failed::from(problems.join("\n"))) }
    })]
}

fn problems(src: &Path, chapters: &[Chapter]) -> Result<Vec<String>> {
    let summary = fs::read_to_string(src.join("SUMMARY.md"))?;
    let mut in_order: Vec<_> = chapters.iter().collect();
    in_order.sort_by_key(|chapter| summary.find(&format!("]({})", chapter.name)));
    let mut problems = Vec::new();
    for (place, sign) in FEATURES {
        let (page, id) = place.split_once('#').context("a place is a page and an id")?;
        let chapter = in_order.iter().find(|chapter| chapter.name == page).with_context(|| format!("no {page}"))?;
        if !is_shown_below(chapter, id, sign) {
            problems.push(format!("{place}: no program below this heading has it"));
        }
        let first = in_order.iter().find(|chapter| chapter.name != "rust.md" && uses(chapter, sign).next().is_some());
        let Some(first) = first.filter(|first| first.name != page) else { continue };
        let (block, line) = uses(first, sign).next().context("just found")?;
        if !text_until_next(first, block).contains(&format!("]({place})")) {
            problems.push(format!(
                "{}: there is no link to {place} where this is first used: {}",
                block.place(),
                line.trim()
            ));
        }
    }
    Ok(problems)
}

/// The lines of a chapter's programs that a reader sees and that have the sign.
fn uses(chapter: &Chapter, sign: Sign) -> impl Iterator<Item = (&Block, &str)> {
    let programs = chapter.blocks.iter().filter(|block| block.fence.is_program() && block.fence.is_rust());
    programs.flat_map(move |block| block.shown().filter(move |line| sign(line)).map(move |line| (block, line)))
}

/// Whether a program between this heading and the next has it.
fn is_shown_below(chapter: &Chapter, id: &str, sign: Sign) -> bool {
    let start = chapter.text.lines().position(|line| line.starts_with('#') && line.ends_with(&format!("{{#{id}}}")));
    let Some(start) = start else { return false };
    let length = chapter.text.lines().skip(start + 1).position(|line| line.starts_with("## "));
    let end = length.map_or(usize::MAX, |length| start + 1 + length);
    uses(chapter, sign).any(|(block, _)| (start..end).contains(&block.line))
}

/// The chapter's text up to the program after this one.
fn text_until_next(chapter: &Chapter, block: &Block) -> String {
    let next = chapter
        .blocks
        .iter()
        .find(|other| other.line > block.line && other.fence.is_program() && other.fence.is_rust());
    chapter.text.lines().take(next.map_or(usize::MAX, |next| next.line)).collect::<Vec<_>>().join("\n")
}

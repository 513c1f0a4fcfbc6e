//! How long a chapter takes: an estimate by one formula, for readers and for who plans a course.

use pulldown_cmark::{Event, Parser, Tag, TagEnd};

use crate::exercises::catalog;
use crate::programs::chapter::{Block, Chapter};
use crate::programs::fence::{Fence, is_folded};

/// What is read in a minute: so many words, or so many lines of programs and of what they print.
const WORDS: usize = 200;
const LINES: usize = 20;

/// Estimates are given in steps of so many minutes.
const STEP: usize = 5;

/// Stands in the page on all chapters where their table is put.
pub const TABLE: &str = "<!-- minutes -->";

/// One chapter's share of a reader's time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Minutes {
    pub title: String,
    /// The chapter's file.
    pub page: String,
    pub reading: usize,
    pub exercises: u32,
}

impl Minutes {
    /// Of a chapter with exercises, from its text with whole examples in it.
    pub fn of(page: &str, text: &str, exercises: &catalog::Chapter) -> Minutes {
        Minutes {
            title: exercises.title.clone(),
            page: page.to_owned(),
            reading: reading(page, text),
            exercises: exercises.exercises.iter().map(|exercise| exercise.minutes).sum(),
        }
    }

    /// Says it below the chapter's heading.
    pub fn say(&self, text: &str) -> String {
        let (heading, rest) = text.split_once('\n').unwrap_or((text, ""));
        let Minutes { reading, exercises, .. } = self;
        format!(
            "{heading}\n\n<div class=\"minutes\">\n\n[About {reading} minutes](minutes.md), and {exercises} for the [exercises](#exercises)\n\n</div>\n{rest}"
        )
    }
}

/// Minutes for the text, in steps.
///
/// Simplification: a word is a word, whether it is easy or not; a Python program is read in passing, because the Rust beside it does the same, and so is a whole example; each output that is to be guessed takes a minute.
fn reading(page: &str, text: &str) -> usize {
    let blocks = Chapter::parse(page, text).blocks;
    let lines: usize = blocks.iter().map(lines).sum();
    let mut guesses = 0;
    let mut words = 0;
    let mut in_block = false;
    for event in Parser::new(text) {
        match event {
            Event::Start(Tag::CodeBlock(kind)) => {
                in_block = true;
                guesses += usize::from(matches!(kind, pulldown_cmark::CodeBlockKind::Fenced(info) if is_folded(&info)));
            }
            Event::End(TagEnd::CodeBlock) => in_block = false,
            Event::Text(text) | Event::Code(text) if !in_block => words += text.split_whitespace().count(),
            _ => {}
        }
    }
    // In fractions of a minute that are whole, and then to the nearest step.
    let all = words * LINES + lines * WORDS + guesses * WORDS * LINES;
    let step = WORDS * LINES * STEP;
    ((all + step / 2) / step).max(1) * STEP
}

/// The lines of a block that are read.
fn lines(block: &Block) -> usize {
    match block.fence {
        Fence::Python | Fence::PythonRaises => 0,
        _ if block.fence.is_include() => 0,
        _ => block.shown().count(),
    }
}

/// All chapters in mdBook's Markdown.
pub fn table(chapters: &[Minutes]) -> String {
    let mut table = "| chapter | reading | exercises |\n|---|--:|--:|\n".to_owned();
    for Minutes { title, page, reading, exercises } in chapters {
        table.push_str(&format!("| [{title}]({page}) | {reading} | {exercises} |\n"));
    }
    let reading: usize = chapters.iter().map(|chapter| chapter.reading).sum();
    let exercises: u32 = chapters.iter().map(|chapter| chapter.exercises).sum();
    table + &format!("| all | {reading} | {exercises} |\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_lines_and_guesses_are_counted() {
        let words = "word ".repeat(1000);
        assert_eq!(reading("a.md", &words), 5);
        assert_eq!(reading("a.md", &format!("# T\n\n{words}{words}")), 10);
        let line = "let a = 1;\n# hidden\n\n".repeat(60);
        assert_eq!(reading("a.md", &format!("{words}\n\n```rust\n{line}```\n")), 10);
        assert_eq!(reading("a.md", &format!("{words}\n\n```python\n{line}```\n")), 5);
        assert_eq!(reading("a.md", &format!("{words}\n\n```rust,ignore,source\n{line}```\n")), 5);
        let guess = "```text,output,folded\na\n```\n\n".repeat(3);
        assert_eq!(reading("a.md", &format!("{words}\n\n{guess}")), 10);
    }

    #[test]
    fn it_is_said_below_the_heading() {
        let chapter = Minutes { title: "T".to_owned(), page: "t.md".to_owned(), reading: 30, exercises: 45 };
        let said = chapter.say("# T\n\nText.\n");
        assert!(said.starts_with("# T\n\n<div") && said.ends_with("</div>\n\nText.\n"), "{said}");
        assert!(table(&[chapter.clone(), chapter]).ends_with("| all | 60 | 90 |\n"));
    }

    #[test]
    fn the_page_says_the_formula() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../book/src/minutes.md");
        let page = std::fs::read_to_string(page).expect("a page of the book");
        let said = format!("{WORDS} words a minute, {LINES} lines of programs and of what they print a minute");
        assert!(page.contains(&said) && page.contains(TABLE), "{said}");
    }
}

//! What plain Markdown cannot say: mdBook calls this between reading the chapters and making pages of them.
//!
//! `book.toml` names it, so that a plain `mdbook build book` makes the same pages; [`crate::book`] puts it in the place of that command, so that nothing is started and nothing is done twice.
//! It comes after mdBook's own step that expands `{{#include …}}`.

use std::io;
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use mdbook_driver::book::{Book, Chapter};
use mdbook_preprocessor::{Preprocessor, PreprocessorContext, parse_input};
use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag};

use crate::exercises::catalog::Catalog;
use crate::exercises::{Places, section};
use crate::minutes::{self, Minutes};
use crate::programs::fence::{Fence, is_folded};

/// The step of this name in `book.toml`.
pub struct Workbook;

impl Preprocessor for Workbook {
    fn name(&self) -> &str {
        "workbook"
    }

    fn run(&self, context: &PreprocessorContext, mut book: Book) -> Result<Book> {
        let catalog = catalog(&context.root)?;
        let mut problem = None;
        let mut minutes = Vec::new();
        book.for_each_chapter_mut(|chapter| match change(chapter, catalog.as_ref()) {
            Ok(chapter) => minutes.extend(chapter),
            Err(error) => {
                problem.get_or_insert(error.context(format!("in the chapter {}", chapter.name)));
            }
        });
        book.for_each_chapter_mut(|chapter| {
            chapter.content = chapter.content.replace(minutes::TABLE, &minutes::table(&minutes));
        });
        problem.map_or(Ok(book), Err)
    }
}

/// Speaks with an mdBook that has started this program.
pub fn speak() -> Result<()> {
    let (context, book) = parse_input(io::stdin())?;
    let book = Workbook.run(&context, book)?;
    serde_json::to_writer(io::stdout(), &book).context("mdBook does not listen")
}

/// The exercises beside the book, if it has any.
fn catalog(book: &Path) -> Result<Option<Catalog>> {
    let project = book.parent().ok_or_else(|| anyhow!("{} is no folder of a book", book.display()))?;
    let folder = Places::of(project).exercises;
    if folder.is_dir() { Catalog::open(folder).map(Some) } else { Ok(None) }
}

/// Gives what a chapter with exercises takes.
fn change(chapter: &mut Chapter, catalog: Option<&Catalog>) -> Result<Option<Minutes>> {
    let slug = chapter.path.as_deref().and_then(Path::file_stem).unwrap_or_default().to_string_lossy();
    let with_exercises = catalog.and_then(|catalog| {
        let exercises = catalog.chapters.iter().find(|exercises| exercises.slug == slug)?;
        Some((catalog, exercises))
    });
    let mut minutes = None;
    if let Some((catalog, exercises)) = with_exercises {
        let chapter_minutes = Minutes::of(&format!("{slug}.md"), &chapter.content, exercises);
        chapter.content = chapter_minutes.say(&chapter.content);
        minutes = Some(chapter_minutes);
        let number = chapter.number.as_ref().map(ToString::to_string).unwrap_or_default();
        chapter.content.push_str(&section::markdown(catalog, exercises, &number)?);
    }
    chapter.content = fold(&chapter.content);
    Ok(minutes)
}

/// Puts what the reader is to guess into elements that can be opened; `book/theme/guess.js` puts a field before them.
///
/// The paragraph behind it goes with it, because its first words give the answer away.
fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let mut done = 0;
    let mut events = Parser::new(text).into_offset_iter().peekable();
    while let Some((event, range)) = events.next() {
        let Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) = event else {
            continue;
        };
        let summary = Fence::parse(&info).ok().and_then(|fence| fence.summary());
        if let (Some(summary), true) = (summary, is_folded(&info)) {
            while events.next_if(|(_, inside)| inside.end <= range.end).is_some() {}
            let answer = events.peek().filter(|(event, _)| *event == Event::Start(Tag::Paragraph));
            let end = answer.map_or(range.end, |(_, answer)| answer.end);
            let (before, inside) = (&text[done..range.start], text[range.start..end].trim_end());
            folded.push_str(before);
            folded.push_str(&format!(
                "<details class=\"guess\"><summary>{summary}</summary>\n\n{inside}\n\n</details>\n"
            ));
            done = end;
        }
    }
    folded + &text[done..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_to_be_guessed_is_folded() {
        let block = "```text,output,folded\nc\n```\n";
        let open = "a\n\n```text,output\nb\n```\n\n";
        for (inside, after) in [("\nd\nd\n", "\ne\n"), ("", "\n## d\n")] {
            let folded = format!(
                "{open}<details class=\"guess\"><summary>Output</summary>\n\n{block}{inside}\n</details>\n{after}"
            );
            let made = fold(&format!("{open}{block}{inside}{after}"));
            assert_eq!(made.replace("\n\n\n", "\n\n"), folded);
        }
    }
}

//! A chapter's source, read into its code blocks.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use super::fence::Fence;

/// One code block of a chapter.
#[derive(Clone, Debug)]
pub struct Block {
    /// The chapter's file name relative to the book's source folder, with `/` between folders.
    pub chapter: String,
    /// The line of the opening backticks, from 1.
    pub line: usize,
    pub fence: Fence,
    /// The text between the fences, hidden lines included as written.
    pub text: String,
}

impl Block {
    /// Names the block as editors do, `chapter.md:12`.
    pub fn place(&self) -> String {
        format!("{}:{}", self.chapter, self.line)
    }

    /// The lines that a reader sees and that have something in them.
    pub fn shown(&self) -> impl Iterator<Item = &str> {
        let hides = self.fence.is_rust();
        self.text.lines().filter(move |line| {
            let bare = line.trim();
            !(bare.is_empty() || hides && (bare == "#" || bare.starts_with("# ")))
        })
    }

    /// The Rust program of the block: what hides a line on the page is taken away.
    ///
    /// Does exactly what skeptic does, so that both test the same program.
    pub fn rust_source(&self) -> String {
        let mut source = String::new();
        for line in self.text.lines() {
            let bare = line.trim_start();
            source.push_str(match bare {
                "#" => "",
                _ => bare.strip_prefix("# ").unwrap_or(line),
            });
            source.push('\n');
        }
        source
    }
}

/// Something in a chapter that the rules do not allow.
#[derive(Clone, Debug)]
pub struct Problem {
    pub chapter: String,
    pub line: usize,
    pub what: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}: {}", self.chapter, self.line, self.what)
    }
}

/// A chapter's code blocks, in order, and what could not be read as one.
#[derive(Debug, Default)]
pub struct Chapter {
    pub name: String,
    pub text: String,
    pub blocks: Vec<Block>,
    pub problems: Vec<Problem>,
}

impl Chapter {
    /// Reads the chapter's text; `name` is its file name for messages.
    pub fn parse(name: &str, text: &str) -> Chapter {
        let mut chapter = Chapter { name: name.to_owned(), text: text.to_owned(), ..Chapter::default() };
        let mut events = Parser::new(text).into_offset_iter();
        while let Some((event, range)) = events.next() {
            match event {
                Event::Start(Tag::CodeBlock(kind)) => {
                    let mut body = String::new();
                    for (event, _) in events.by_ref() {
                        match event {
                            Event::Text(text) => body.push_str(&text),
                            Event::End(TagEnd::CodeBlock) => break,
                            _ => {}
                        }
                    }
                    chapter.add_block(kind, range, body);
                }
                Event::Html(html) | Event::InlineHtml(html) if html.contains("<pre") => {
                    chapter.problem(&range, "code in HTML is not tested: write a fenced block".to_owned());
                }
                _ => {}
            }
        }
        chapter
    }

    fn add_block(&mut self, kind: CodeBlockKind<'_>, range: Range<usize>, text: String) {
        let fence = match kind {
            CodeBlockKind::Fenced(info) => Fence::parse(&info),
            CodeBlockKind::Indented => {
                Err("an indented code block: write a fenced block, or indent the text less".to_owned())
            }
        };
        match fence {
            Ok(fence) => {
                let block = Block { chapter: self.name.clone(), line: self.line_at(range.start), fence, text };
                self.blocks.push(block);
            }
            Err(what) => self.problem(&range, what),
        }
    }

    fn problem(&mut self, range: &Range<usize>, what: String) {
        let problem = Problem { chapter: self.name.clone(), line: self.line_at(range.start), what };
        self.problems.push(problem);
    }

    fn line_at(&self, offset: usize) -> usize {
        self.text[..offset].matches('\n').count() + 1
    }
}

/// A heading of a chapter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heading {
    /// From 1.
    pub line: usize,
    /// From 1, the title of the chapter.
    pub level: usize,
    /// What is written behind the words as `{#id}`.
    pub id: Option<String>,
    pub words: String,
}

/// The headings of a chapter's text.
pub fn headings(text: &str) -> Vec<Heading> {
    let mut headings = Vec::new();
    let mut open = None;
    for (event, range) in Parser::new_ext(text, Options::ENABLE_HEADING_ATTRIBUTES).into_offset_iter() {
        match event {
            Event::Start(Tag::Heading { level, id, .. }) => {
                let line = 1 + text[..range.start].matches('\n').count();
                open = Some(Heading { line, level: level as usize, id: id.map(Into::into), words: String::new() });
            }
            Event::Text(text) | Event::Code(text) => {
                if let Some(heading) = &mut open {
                    heading.words.push_str(&text);
                }
            }
            Event::End(TagEnd::Heading(_)) => headings.extend(open.take()),
            _ => {}
        }
    }
    headings
}

/// The names of all Markdown files under `dir`, sorted, with `/` between folders.
pub fn markdown_files(dir: &Path) -> Result<Vec<String>> {
    fn visit(dir: &Path, prefix: &str, names: &mut Vec<String>) -> std::io::Result<()> {
        for entry in fs::read_dir(dir)? {
            let entry = entry?;
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if entry.file_type()?.is_dir() {
                visit(&entry.path(), &format!("{name}/"), names)?;
            } else if name.ends_with(".md") {
                names.push(name);
            }
        }
        Ok(())
    }
    let mut names = Vec::new();
    visit(dir, "", &mut names).with_context(|| format!("cannot read the chapters in {}", dir.display()))?;
    names.sort();
    Ok(names)
}

/// Reads every chapter under the book's source folder, but not the table of contents.
pub fn read_all(src: &Path) -> Result<Vec<Chapter>> {
    markdown_files(src)?
        .iter()
        .filter(|name| *name != "SUMMARY.md")
        .map(|name| {
            let path: PathBuf = src.join(name);
            let text =
                fs::read_to_string(&path).with_context(|| format!("cannot read the chapter {}", path.display()))?;
            Ok(Chapter::parse(name, &text.replace("\r\n", "\n")))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_know_their_line_and_text() {
        let chapter = Chapter::parse("a.md", "# A\n\n```rust\nfn main() {}\n```\n");
        assert!(chapter.problems.is_empty());
        let block = &chapter.blocks[0];
        assert_eq!((block.place().as_str(), &block.fence), ("a.md:3", &Fence::Rust));
        assert_eq!(block.text, "fn main() {}\n");
    }

    #[test]
    fn indented_unlabelled_and_html_code_are_problems() {
        let text = "a\n\n    indented\n\nb\n\n```\nx\n```\n\n<pre>y</pre>\n";
        let lines: Vec<usize> = Chapter::parse("a.md", text).problems.iter().map(|problem| problem.line).collect();
        assert_eq!(lines, [3, 7, 11]);
    }

    #[test]
    fn headings_have_the_id_that_is_written_behind_them() {
        let found = headings("# A\n\n```rust\n# b\n```\n\n## `C`, *d* {#c}\n");
        let heading = |line, level, id: Option<&str>, words: &str| Heading {
            line,
            level,
            id: id.map(str::to_owned),
            words: words.to_owned(),
        };
        assert_eq!(found, [heading(1, 1, None, "A"), heading(7, 2, Some("c"), "C, d")]);
    }

    #[test]
    fn hidden_lines_are_part_of_the_program() {
        let chapter = Chapter::parse("a.md", "```rust\n# fn main() {\n#\n  #[cold]\n# }\n```\n");
        assert_eq!(chapter.blocks[0].rust_source(), "fn main() {\n\n  #[cold]\n}\n");
    }
}

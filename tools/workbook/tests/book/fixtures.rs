//! Proof that each rule can fail: chapters, a table of contents and pages with mistakes in them.
//!
//! In `fixtures/project/book/src`, a comment `<!-- fails: … -->` stands above each line that must be complained about in these words.
//! No other complaint may come up.

use std::path::{Path, PathBuf};

use libtest_mimic::{Failed, Trial};
use workbook::programs::chapter::{self, Chapter};
use workbook::programs::fence::Fence;
use workbook::programs::program::{Tools, programs};
use workbook::supervisor::limits::Limits;

use crate::{Context, examples, links, skip_unless, tidy};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

pub fn trials(context: &'static Context) -> Vec<Trial> {
    let src = folder().join("project/book/src");
    let chapters = chapter::read_all(&src).expect("the fixtures are part of the project");
    let mut trials: Vec<Trial> = chapters.into_iter().map(|chapter| chapter_trial(context, chapter)).collect();
    trials.push(Trial::test("fixture SUMMARY.md", || {
        let problems = tidy::summary_problems(&folder().join("summary"));
        let lines = problems.iter().map(ToString::to_string).collect();
        complaints_are(
            lines,
            &[
                "SUMMARY.md:8: code in the table of contents is not shown",
                "SUMMARY.md:4: there is no chapter `missing.md`",
                "SUMMARY.md:5: `one.md` is listed twice",
                "one.md:1: has the same name as deep/one.md",
                "orphan.md:1: no reader finds this chapter",
            ],
        )
    }));
    trials.push(Trial::test("fixture site", || {
        complaints_are(
            links::problems(&folder().join("site"))?,
            &[
                "index.html:4: `https://example.com/style.css` asks another machine",
                "index.html:7: `//example.com/script.js` asks another machine",
                "index.html:14: `absent.html` leads nowhere",
                "index.html:15: `#nowhere` leads to no place in that page",
                "index.html:16: `other.html#nowhere` leads to no place in that page",
                "index.html:17: `absent.png` leads nowhere",
                "index.html:18: `/index.html` works only at the root of a server",
                "style.css: a style must not load from elsewhere",
            ],
        )
    }));
    trials.push(Trial::test("fixture examples", || {
        let slugs = ["alone".to_owned(), "known".to_owned()];
        complaints_are(
            examples::missing_files(&folder().join("project/examples"), &slugs),
            &["examples/alone.py is missing", "examples/alone.txt is missing"],
        )
    }));
    trials
}

/// Each complaint must begin with one of the expected ones, and each of these must occur.
fn complaints_are(complaints: Vec<String>, expected: &[&str]) -> Result<(), Failed> {
    let unexpected = complaints
        .iter()
        .filter(|complaint| !expected.iter().any(|begin| complaint.starts_with(begin)))
        .map(|complaint| format!("should not be said: {complaint}"));
    let missing = expected
        .iter()
        .filter(|begin| !complaints.iter().any(|complaint| complaint.starts_with(**begin)))
        .map(|begin| format!("should be said: {begin}"));
    let wrong: Vec<String> = unexpected.chain(missing).collect();
    if wrong.is_empty() { Ok(()) } else { Err(Failed::from(wrong.join("\n"))) }
}

fn chapter_trial(context: &'static Context, chapter: Chapter) -> Trial {
    let uses_python = chapter.blocks.iter().any(|block| matches!(block.fence, Fence::Python | Fence::PythonRaises));
    let can_run = !uses_python || context.python.is_ok();
    let name = format!("fixture {}", chapter.name);
    let trial = Trial::test(name, move || {
        let expected = expectations(&chapter);
        let found = complaints(context, &chapter)?;
        let unexpected = found
            .iter()
            .filter(|found| !expected.iter().any(|expected| expected.is(found)))
            .map(|found| format!("should not be said: {found}"));
        let missing = expected
            .iter()
            .filter(|expected| !found.iter().any(|found| expected.is(found)))
            .map(|expected| format!("should be said: {}{}", expected.place, expected.words));
        let wrong: Vec<String> = unexpected.chain(missing).collect();
        if wrong.is_empty() { Ok(()) } else { Err(Failed::from(wrong.join("\n"))) }
    });
    skip_unless(can_run, trial)
}

struct Expectation {
    place: String,
    words: String,
}

impl Expectation {
    fn is(&self, complaint: &str) -> bool {
        complaint.starts_with(&self.place) && complaint.contains(&self.words)
    }
}

fn expectations(chapter: &Chapter) -> Vec<Expectation> {
    let lines = chapter.text.lines().enumerate();
    lines
        .filter_map(|(i, line)| {
            let words = line.strip_prefix("<!-- fails: ")?.strip_suffix(" -->")?;
            Some(Expectation {
                // The line after this one; lines count from 1.
                place: format!("{}:{}: ", chapter.name, i + 2),
                words: words.to_owned(),
            })
        })
        .collect()
}

fn complaints(context: &Context, chapter: &Chapter) -> Result<Vec<String>, Failed> {
    let project = folder().join("project");
    let problems = tidy::problems(&project, &project.join("book/src"), chapter);
    let mut complaints: Vec<String> = problems.iter().map(ToString::to_string).collect();
    let tools = Tools {
        compiler: &context.compiler,
        python: context.python.as_ref().ok(),
        modules: &context.book.project().join("examples"),
        limits: match chapter.name.as_str() {
            "time.md" => Limits { wall: 500, ..Limits::tests() },
            _ => Limits::tests(),
        },
    };
    let is_tidy = |line| problems.iter().all(|problem| problem.line != line);
    complaints.extend(
        programs(chapter)
            .0
            .iter()
            .filter(|program| is_tidy(program.block.line))
            .filter_map(|program| program.check(&tools).err()),
    );
    Ok(complaints)
}

//! The rules for the chapters' text.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

use clap::Parser as _;
use clap::error::ErrorKind;
use libtest_mimic::{Failed, Trial};
use pulldown_cmark::{Event, Parser, Tag};
use workbook::cli::Cli;
use workbook::programs::chapter::{self, Block, Chapter, Problem};
use workbook::programs::fence::Fence;
use workbook::programs::program::programs;

use crate::{Context, take_home};

pub fn trials(context: &'static Context, chapters: &[Chapter]) -> Vec<Trial> {
    let project = context.book.project();
    let src = context.book.folder().join("src");
    let summary = summary_problems(&src);
    let mut trials = vec![trial("SUMMARY.md", summary)];
    for chapter in chapters {
        trials.push(trial(&chapter.name, problems(project, &src, chapter)));
    }
    trials
}

fn trial(name: &str, problems: Vec<Problem>) -> Trial {
    Trial::test(format!("tidy {name}"), move || {
        if problems.is_empty() {
            return Ok(());
        }
        let lines: Vec<String> = problems.iter().map(Problem::to_string).collect();
        Err(Failed::from(lines.join("\n")))
    })
}

/// More lines of one block than these nobody reads in one go.
const LONGEST: usize = 25;

/// Chapters whose blocks are longer, until they are written anew.
const WITH_LONG_BLOCKS: [&str; 8] = [
    "clients.md",
    "http_server.md",
    "playground.md",
    "resources.md",
    "streams.md",
    "subprocesses.md",
    "tcp_server.md",
    "versions.md",
];

/// Everything in a chapter that the rules do not allow.
///
/// `project` is the folder that holds `src/` and `examples/`, `src` the one that holds the chapter.
pub fn problems(project: &Path, src: &Path, chapter: &Chapter) -> Vec<Problem> {
    let mut problems = chapter.problems.clone();
    problems.extend(programs(chapter).1);
    for block in &chapter.blocks {
        let found = match &block.fence {
            fence if fence.is_include() => check_include(project, src, block),
            Fence::Console => check_console(project, block),
            fence if fence.is_program() && fence.is_rust() => check_whole(block),
            _ => Ok(()),
        };
        if let Err(what) = found {
            problems.push(problem(block, 0, what));
        }
        let shown = block.shown().count();
        if shown > LONGEST && !WITH_LONG_BLOCKS.contains(&chapter.name.as_str()) {
            let what =
                format!("shows {shown} lines, and at most {LONGEST} are read in one go: take two, or hide with `# `");
            problems.push(problem(block, 0, what));
        }
        if block.text.contains("/src/") {
            problems.extend(unknown_names(project, chapter, block));
        }
    }
    problems.extend(stray_includes(src, chapter));
    problems.extend(loose_links(src, chapter));
    for (number, line) in (1..).zip(chapter.text.lines()) {
        if line.contains("TODO") {
            problems.push(Problem {
                chapter: chapter.name.clone(),
                line: number,
                what: "is still to be written".to_owned(),
            });
        }
    }
    problems.sort_by_key(|problem| problem.line);
    problems
}

fn problem(block: &Block, offset: usize, what: String) -> Problem {
    Problem { chapter: block.chapter.clone(), line: block.line + offset, what }
}

fn check_whole(block: &Block) -> Result<(), String> {
    if block.text.contains("fn main") {
        return Ok(());
    }
    Err("not a whole program: write `fn main`, hidden with `# ` if it is not the point".to_owned())
}

fn check_include(project: &Path, src: &Path, block: &Block) -> Result<(), String> {
    let line = block.text.trim();
    let target = line
        .strip_prefix("{{#include ")
        .and_then(|rest| rest.strip_suffix("}}"))
        .filter(|target| !target.contains(['{', '\n']))
        .ok_or("must be one `{{#include …}}` line and nothing else")?;
    let (file, anchor) = match target.trim().split_once(':') {
        Some((file, anchor)) => (file, Some(anchor)),
        None => (target.trim(), None),
    };
    let chapter = src.join(&block.chapter);
    let path = plain(&chapter.parent().unwrap_or(src).join(file));
    let allowed: &[(&str, &str)] = match block.fence {
        Fence::RustSource => &[("src", "rs"), ("examples", "rs")],
        Fence::PythonSource => &[("examples", "py")],
        _ => &[("examples", "txt")],
    };
    let fits = allowed.iter().any(|(folder, ending)| {
        path.starts_with(plain(&project.join(folder))) && path.extension().is_some_and(|found| found == *ending)
    });
    if !fits {
        let wanted: Vec<String> = allowed.iter().map(|(folder, ending)| format!("{folder}/….{ending}")).collect();
        return Err(format!("must include a file {}, not {file}", wanted.join(" or ")));
    }
    let text = fs::read_to_string(&path).map_err(|error| format!("cannot read the included file {file}: {error}"))?;
    match anchor {
        None => Ok(()),
        Some(_) if block.fence == Fence::Transcript => {
            Err("must include the whole transcript, without an anchor".to_owned())
        }
        Some(anchor) if anchor.starts_with(|c: char| c.is_ascii_digit()) => {
            Err(format!("line numbers go wrong with the next edit: mark the lines in {file} with ANCHOR comments"))
        }
        Some(anchor) => ["ANCHOR", "ANCHOR_END"].into_iter().try_for_each(|mark| {
            let wanted = format!("{mark}: {anchor}");
            if text.lines().any(|line| line.trim_end().ends_with(&wanted)) {
                return Ok(());
            }
            Err(format!("{file} has no line that ends with `{wanted}`: add it"))
        }),
    }
}

/// What the text after a piece of the library's source explains must be in that source: the next edit may rename it.
///
/// Only names in backticks are looked at that can be nothing else: small letters and underscores.
fn unknown_names(project: &Path, chapter: &Chapter, block: &Block) -> Vec<Problem> {
    let known = library_words(&project.join("src"));
    let end = block.line + block.text.lines().count() + 1;
    let lines = chapter.text.lines().enumerate().skip(end);
    let ends = |line: &str| line.starts_with("```") || line.starts_with('#');
    let mut problems = Vec::new();
    for (i, line) in lines.take_while(|(_, line)| !ends(line)) {
        if line.starts_with("<!--") {
            continue;
        }
        for name in line.split('`').skip(1).step_by(2) {
            let is_name = name.len() > 1 && name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
            if is_name && !known.contains(name) {
                problems.push(Problem {
                    chapter: chapter.name.clone(),
                    line: i + 1,
                    what: format!("`{name}` is nowhere in src/: does it have another name now?"),
                });
            }
        }
    }
    problems
}

/// All words of the code in a folder, without its comments.
fn library_words(folder: &Path) -> HashSet<String> {
    let mut words = HashSet::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            words.extend(library_words(&path));
        }
        let text = fs::read_to_string(&path).unwrap_or_default();
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        let found = code.flat_map(|line| line.split(|c: char| !c.is_alphanumeric() && c != '_'));
        words.extend(found.map(str::to_owned));
    }
    words
}

/// The path with every `..` worked out, whether it exists or not.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                plain.pop();
            }
            Component::CurDir => {}
            part => plain.push(part),
        }
    }
    plain
}

/// What a chapter may include outside of blocks: the folder beside `src`, the ending, and how such a file is made.
const DRAWN: [(&str, &str, &str); 2] = [
    ("figures", "html", "record it with cargo run -p recorded --bin record"),
    ("plots", "svg", "measure it with cargo run --release -p benches -- --plots"),
];

/// Tells whether the line is a whole figure or plot, and whether there is such a file.
fn figure(src: &Path, chapter: &Chapter, line: &str) -> Option<Result<(), String>> {
    let file = line.strip_prefix("{{#include ")?.strip_suffix("}}").filter(|file| !file.contains(['{', ':']))?;
    let path = plain(&src.join(&chapter.name).parent()?.join(file));
    let (_, _, how) = DRAWN.iter().find(|(folder, ending, _)| {
        path.parent() == Some(&plain(&src.join("..").join(folder)))
            && path.extension().is_some_and(|found| found == *ending)
    })?;
    Some(match path.is_file() {
        true => Ok(()),
        false => Err(format!("there is no figure {file}: {how}")),
    })
}

/// Includes are for the kinds of blocks that are nothing else, and for figures: all other text stands in the chapter.
fn stray_includes(src: &Path, chapter: &Chapter) -> Vec<Problem> {
    let allowed: Vec<usize> =
        chapter.blocks.iter().filter(|block| block.fence.is_include()).map(|block| block.line + 1).collect();
    let lines: Vec<&str> = chapter.text.lines().collect();
    let is_apart = |i: usize| {
        let neighbours = [i.checked_sub(1), Some(i + 1)].into_iter().flatten();
        neighbours.filter_map(|i| lines.get(i)).all(|line| line.is_empty())
    };
    lines
        .iter()
        .enumerate()
        .filter(|(i, line)| {
            let mentions = line.replace("\\{{#", "").contains("{{#");
            mentions && !allowed.contains(&(i + 1))
        })
        .filter_map(|(i, line)| {
            let what = match figure(src, chapter, line) {
                Some(Ok(())) if is_apart(i) => return None,
                Some(Ok(())) => "Markdown would take the text beside a figure for a part of it: leave an empty line before and after".to_owned(),
                Some(Err(what)) => what,
                None => "mdBook expands this: put it in a block of kind `source` or `transcript`, name a whole figure, or write `\\{{#`".to_owned(),
            };
            Some(Problem {
                chapter: chapter.name.clone(),
                line: i + 1,
                what,
            })
        })
        .collect()
}

/// A link that names a place in a chapter names a heading that says its id, so that other words for the heading break no link.
fn loose_links(src: &Path, chapter: &Chapter) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (event, range) in Parser::new(&chapter.text).into_offset_iter() {
        let Event::Start(Tag::Link { dest_url, .. }) = event else {
            continue;
        };
        let Some((file, id)) = dest_url.split_once('#') else {
            continue;
        };
        let text = match file {
            "" => Ok(chapter.text.clone()),
            file if file.ends_with(".md") => fs::read_to_string(src.join(&chapter.name).with_file_name(file)),
            // Pages of other kinds have no headings of ours; the test of the built book follows these links.
            _ => continue,
        };
        // A file that does not exist is told by that test, too.
        let Ok(text) = text else {
            continue;
        };
        let named = chapter::headings(&text).iter().any(|heading| heading.id.as_deref() == Some(id));
        // An exercise has its name for its id, and the test of the built book follows the link.
        let of_exercise = id.starts_with("exercise-");
        if !named && !of_exercise && !text.contains(&format!("id=\"{id}\"")) {
            problems.push(Problem {
                chapter: chapter.name.clone(),
                line: chapter.text[..range.start].matches('\n').count() + 1,
                what: format!("`{dest_url}` leads to no heading that says its id: write `{{#{id}}}` behind its words"),
            });
        }
    }
    problems
}

fn check_console(project: &Path, block: &Block) -> Result<(), String> {
    for line in block.text.lines() {
        if let Some(command) = line.strip_prefix("$ ") {
            check_command(project, command).map_err(|why| format!("`{command}` {why}"))?;
        }
    }
    Ok(())
}

/// A command must be one that works here: what it names exists, and the program understands its arguments.
fn check_command(project: &Path, command: &str) -> Result<(), String> {
    let words: Vec<&str> = command.split_whitespace().collect();
    let (cargos, programs) = match words.iter().position(|word| *word == "--") {
        Some(at) => (&words[..at], &words[at + 1..]),
        None => (&words[..], &[][..]),
    };
    let exists = |file: String| match project.join(&file).exists() {
        true => Ok(()),
        false => Err(format!("cannot work: there is no {file}")),
    };
    match cargos {
        ["cargo", "run"] => {
            let args = ["workbook"].iter().chain(programs);
            let understood = Cli::try_parse_from(args).map(drop);
            understood.or_else(|error| match error.kind() {
                ErrorKind::DisplayHelp => Ok(()),
                _ => Err(format!("is not understood: {error}")),
            })
        }
        ["cargo", "run", "--example", slug] | ["cargo", "run", "--release", "--example", slug] => {
            exists(format!("examples/{slug}.rs"))
        }
        ["python3", file, ..] => exists((*file).to_owned()),
        ["cargo", "run", "--release", "-p", package, "--example", name] => {
            exists(format!("tools/{package}/examples/{name}.rs"))
        }
        ["cargo", "run", "--release", "-p", package] => exists(format!("tools/{package}/src/main.rs")),
        ["cargo", "test", "-p", package, "--test", name] => {
            let manifest = format!("tools/{package}/Cargo.toml");
            let text = fs::read_to_string(project.join(&manifest)).unwrap_or_default();
            match text.contains(&format!("[[test]]\nname = \"{name}\"\n")) {
                true => Ok(()),
                false => Err(format!("cannot work: {manifest} names no such test")),
            }
        }
        ["cargo", "test"] | ["cargo", "doc", "--open"] | ["cargo", "new", _] => Ok(()),
        // Whether it adds enough is a trial of its own.
        ["cargo", "add", ..] => match take_home::Added::parse(command) {
            Some(_) => Ok(()),
            None => Err("is not `cargo add NAME [--dev] [--features A,B]`".to_owned()),
        },
        _ => {
            Err("is of no kind that a test knows: see `check_command` in tools/workbook/tests/book/tidy.rs".to_owned())
        }
    }
}

/// What is wrong with the table of contents and the set of files.
pub fn summary_problems(src: &Path) -> Vec<Problem> {
    let problem =
        |file: &str, line: usize, what: &str| Problem { chapter: file.to_owned(), line, what: what.to_owned() };
    let (Ok(files), Ok(text)) = (chapter::markdown_files(src), fs::read_to_string(src.join("SUMMARY.md"))) else {
        return vec![problem("SUMMARY.md", 1, "cannot be read")];
    };
    let mut problems = Vec::new();
    let summary = Chapter::parse("SUMMARY.md", &text);
    problems.extend(summary.problems);
    for block in &summary.blocks {
        problems.push(problem(
            "SUMMARY.md",
            block.line,
            "code in the table of contents is not shown: move it to a chapter",
        ));
    }

    let mut listed = HashMap::new();
    for (event, range) in Parser::new(&text).into_offset_iter() {
        let Event::Start(Tag::Link { dest_url, .. }) = event else {
            continue;
        };
        let line = text[..range.start].matches('\n').count() + 1;
        let file = dest_url.trim_start_matches("./").to_owned();
        if !files.contains(&file) {
            problems.push(problem(
                "SUMMARY.md",
                line,
                &format!("there is no chapter `{file}`: write it or remove the line"),
            ));
        }
        if listed.insert(file.clone(), line).is_some() {
            problems.push(problem("SUMMARY.md", line, &format!("`{file}` is listed twice: remove one line")));
        }
    }
    let mut stems: HashMap<String, &str> = HashMap::new();
    for file in files.iter().filter(|file| *file != "SUMMARY.md") {
        if !listed.contains_key(file) {
            problems.push(problem(file, 1, "no reader finds this chapter: list it in SUMMARY.md"));
        }
        let stem = Path::new(file).file_stem().unwrap_or_default();
        // Skeptic names its tests by the stem, without regard to punctuation.
        let stem = stem.to_string_lossy().to_lowercase().replace('-', "_");
        if let Some(other) = stems.insert(stem, file) {
            problems.push(problem(file, 1, &format!("has the same name as {other}: rename one of them")));
        }
    }
    problems
}

//! What the chapter on blocking says of costs is what was measured.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use libtest_mimic::{Failed, Trial};

use crate::Context;

/// How long the longest bar of a group is, as in `examples/costs/`.
const LONGEST: f64 = 30.0;

/// By the title of the group and by what was measured.
type Figures = HashMap<(String, String), f64>;

pub fn trials(context: &'static Context) -> Vec<Trial> {
    let trial = |name: &str, holds: fn(&Path) -> Result<()>| {
        Trial::test(name, move || holds(context.book.project()).map_err(|error| Failed::from(format!("{error:#}"))))
    };
    vec![
        trial("the bars of the costs are as long as their figures", bars_are_as_long_as_their_figures),
        trial("the chapter on blocking says of the costs what was measured", chapter_says_what_was_measured),
    ]
}

fn figures(project: &Path, language: &str) -> Result<Figures> {
    let file = format!("examples/measured/blocking_{language}.txt");
    let text = fs::read_to_string(project.join(&file)).with_context(|| file.clone())?;
    let mut figures = Figures::new();
    let mut group = String::new();
    for line in text.lines() {
        let Some(row) = line.strip_prefix("  ") else {
            group = line.to_owned();
            continue;
        };
        let name = row.split_whitespace().next().context("a row has a name")?;
        let figure = row.split_whitespace().nth(1).context("a row has a figure")?;
        figures.insert((group.clone(), name.to_owned()), figure.parse()?);
    }
    ensure!(figures.len() == 9, "{file}: {figures:?}");
    Ok(figures)
}

fn bars_are_as_long_as_their_figures(project: &Path) -> Result<()> {
    for language in ["rust", "python"] {
        let figures = figures(project, language)?;
        let text = fs::read_to_string(project.join(format!("examples/measured/blocking_{language}.txt")))?;
        let mut group = String::new();
        for line in text.lines() {
            let Some(row) = line.strip_prefix("  ") else {
                group = line.to_owned();
                continue;
            };
            let name = row.split_whitespace().next().context("a row has a name")?;
            let largest = figures.iter().filter(|((of, _), _)| *of == group).map(|(_, figure)| *figure);
            let share = figures[&(group.clone(), name.to_owned())] / largest.fold(0.0, f64::max);
            let bar = match (share * LONGEST).round() as usize {
                0 => "▏".to_owned(),
                blocks => "█".repeat(blocks),
            };
            ensure!(row.ends_with(&format!("  {bar}")), "{language}, {group}: {row}");
        }
    }
    Ok(())
}

fn chapter_says_what_was_measured(project: &Path) -> Result<()> {
    let text = fs::read_to_string(project.join("book/src/blocking.md"))?;
    let says = |sentence: &str| {
        ensure!(text.contains(sentence), "the chapter no longer says: {sentence}");
        Ok(())
    };
    let figures_of = |language| -> Result<_> {
        let figures = figures(project, language)?;
        Ok(move |group: &str, name: &str| figures[&(group.to_owned(), name.to_owned())])
    };
    let (rust, python) = (figures_of("rust")?, figures_of("python")?);
    says("Eleven tasks wait in the memory that a thread uses itself, and three hundred are made in its time.")?;
    let (waiting, made) = (
        rust("memory", "thread") / rust("memory", "task"),
        rust("make and end", "thread") / rust("make and end", "task"),
    );
    ensure!((11.0..12.0).contains(&waiting) && (295.0..305.0).contains(&made), "{waiting} {made}");
    says(
        "In CPython 3.11 a thread takes 13.1 KiB and a task 1.3 KiB, and a task is made in a fifteenth of a thread's time",
    )?;
    ensure!((python("memory", "thread"), python("memory", "task")) == (13.1, 1.3), "the memory in Python");
    let made = python("make and end", "thread") / python("make and end", "task");
    ensure!((14.5..16.0).contains(&made), "{made}");
    says(
        "ten thousand that merely wait take some 90 MiB as threads, without the kernel's share, and some 8 MiB as tasks, in Rust",
    )?;
    let mebibytes = |name| rust("memory", name) * 10_000.0 / 1024.0;
    let (threads, tasks) = (mebibytes("thread"), mebibytes("task"));
    ensure!((85.0..95.0).contains(&threads) && (7.5..8.5).contains(&tasks), "{threads} {tasks}");
    Ok(())
}

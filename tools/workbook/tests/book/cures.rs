//! What a page says in words of its programs: with this change, that one prints this.
//!
//! The changes of a chapter are in `cures/CHAPTER.toml`.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};
use libtest_mimic::{Failed, Trial};
use serde::Deserialize;
use workbook::programs::chapter::{Block, Chapter};
use workbook::programs::compile::Source;
use workbook::programs::program::run_now;

use crate::{Context, skip_unless};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cures {
    cure: Vec<Cure>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cure {
    says: String,
    /// What the program contains, and no other of the chapter.
    program: String,
    change: Vec<Change>,
    /// What it prints then.
    prints: Option<String>,
    /// Or the error with which it does not compile then, as the compiler writes it: `error[E0277]`.
    error: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    /// Occurs once.
    from: String,
    to: String,
}

pub fn trials(context: &'static Context, chapters: &'static [Chapter]) -> Vec<Trial> {
    let files = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/book/cures");
    let mut names: Vec<_> =
        fs::read_dir(&files).expect("a folder of this test").map(|entry| entry.expect("an entry").path()).collect();
    names.sort();
    names.iter().flat_map(|file| of_chapter(context, chapters, file)).collect()
}

fn of_chapter(context: &'static Context, chapters: &'static [Chapter], file: &Path) -> Vec<Trial> {
    let name = file.with_extension("md").file_name().unwrap_or_default().to_string_lossy().into_owned();
    let cures = match read(file) {
        Ok(cures) => cures,
        Err(error) => return vec![Trial::test(format!("cures of {name}"), move || Err(format!("{error:#}").into()))],
    };
    let blocks = chapters.iter().find(|chapter| chapter.name == name).map_or(&[][..], |chapter| &chapter.blocks);
    let trial = |cure: Cure| {
        let says = format!("cure {name}: {}", cure.says);
        let programs: Vec<&Block> = blocks.iter().filter(|block| block.text.contains(&cure.program)).collect();
        let &[program] = &programs[..] else {
            let why = format!("{} programs contain `{}`", programs.len(), cure.program);
            return Trial::test(says, move || Err(why.into()));
        };
        if program.fence.is_rust() {
            return Trial::test(says, move || in_rust(context, program, &cure)).with_kind("rust");
        }
        let lacks = context.python_lacks("");
        let can_run = lacks.is_none();
        let test = move || lacks.map_or_else(|| in_python(context, program, &cure), |why| Err(why.into()));
        skip_unless(can_run, Trial::test(says, test).with_kind("python"))
    };
    cures.into_iter().map(trial).collect()
}

fn read(file: &Path) -> Result<Vec<Cure>> {
    let cures: Cures = toml::from_str(&fs::read_to_string(file)?).with_context(|| file.display().to_string())?;
    Ok(cures.cure)
}

fn changed(mut source: String, cure: &Cure) -> Result<String, Failed> {
    for Change { from, to } in &cure.change {
        match source.matches(from).count() {
            1 => source = source.replace(from, to),
            count => return Err(format!("this occurs {count} times in the program: {from}").into()),
        }
    }
    Ok(source)
}

fn in_rust(context: &Context, program: &Block, cure: &Cure) -> Result<(), Failed> {
    let source = changed(program.rust_source(), cure)?;
    let _cores = context.cores.read();
    let compiled = context.compiler.compile_now(&Source::of(&source))?;
    let said = compiled.rendered();
    if let Some(error) = &cure.error {
        assert!(compiled.executable.is_none() && said.contains(error), "{said}");
        return Ok(());
    }
    let executable = compiled.executable.ok_or(format!("it does not compile:\n{said}"))?;
    assert_eq!(Some(run_now(&Command::new(executable))?.stdout), cure.prints);
    Ok(())
}

fn in_python(context: &Context, program: &Block, cure: &Cure) -> Result<(), Failed> {
    let source = changed(program.text.clone(), cure)?;
    let _cores = context.cores.read();
    let mut command = context.python.as_ref()?.command();
    command.args(["-c", &source]).env("PYTHONPATH", context.book.project().join("examples"));
    assert_eq!(Some(run_now(&command)?.stdout), cure.prints);
    Ok(())
}

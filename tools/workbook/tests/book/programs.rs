//! One trial for each program of the book.

use std::process::Command;

use libtest_mimic::{Failed, Trial};
use workbook::programs::chapter::Chapter;
use workbook::programs::compile::Source;
use workbook::programs::fence::Fence;
use workbook::programs::program::{Program, Tools, programs, run_now};
use workbook::supervisor::limits::Limits;

use crate::{Context, skip_unless};

pub fn trials(context: &'static Context, chapters: &[Chapter]) -> Vec<Trial> {
    let programs = chapters.iter().flat_map(|chapter| programs(chapter).0);
    let mut trials: Vec<Trial> = programs.map(|program| trial(context, program)).collect();
    let blocks = chapters.iter().filter(|chapter| chapter.name == "task.md").flat_map(|chapter| &chapter.blocks);
    let unheard = blocks.into_iter().find(|block| block.text.contains("tokio::spawn"));
    let source = unheard.map(|block| Source::of(&block.rust_source()));
    trials.push(Trial::test("nothing is said in task.md of a failed task", move || {
        is_silent(context, source.as_ref().ok_or("no program there spawns a task")?)
    }));
    trials
}

/// A program that writes nothing on standard error, which no block of the book can say.
fn is_silent(context: &Context, source: &Source) -> Result<(), Failed> {
    let executable = context.compiler.compile_now(source)?.executable.ok_or("does not compile")?;
    let ended = run_now(&Command::new(executable))?;
    assert!(ended.stdout.contains("the shop closes"), "{}", ended.stdout);
    assert_eq!(ended.stderr, "");
    Ok(())
}

fn trial(context: &'static Context, program: Program) -> Trial {
    let source = &program.block.text;
    let (kind, lacks) = match program.block.fence {
        Fence::Python | Fence::PythonRaises => ("python", context.python_lacks(source)),
        _ => ("rust", None),
    };
    let lacks = lacks.or_else(|| context.server_lacks(source));
    if let Some(why) = &lacks {
        context.counts.skip(why);
    }
    let can_run = lacks.is_none();
    let name = format!("program {}", program.block.place());
    let trial = Trial::test(name, move || {
        if let Some(why) = lacks {
            return Err(why.into());
        }
        let _cores = context.cores.read();
        let tools = Tools {
            compiler: &context.compiler,
            python: context.python.as_ref().ok(),
            modules: &context.book.project().join("examples"),
            limits: Limits::tests(),
        };
        let checked = program.check(&tools)?;
        context.counts.add(&program.block.fence, checked);
        Ok(())
    });
    skip_unless(can_run, trial.with_kind(kind))
}

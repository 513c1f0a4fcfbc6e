//! One trial for each program of the book.

use libtest_mimic::Trial;
use workbook::programs::chapter::Chapter;
use workbook::programs::fence::Fence;
use workbook::programs::program::{Program, Tools, programs};
use workbook::supervisor::limits::Limits;

use crate::{Context, skip_unless};

pub fn trials(context: &'static Context, chapters: &[Chapter]) -> Vec<Trial> {
    let programs = chapters.iter().flat_map(|chapter| programs(chapter).0);
    programs.map(|program| trial(context, program)).collect()
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

//! What is compiled in the background, while the reader reads.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::{Context, Result};
use tokio::sync::watch;
use tokio::task::spawn_blocking;

use super::Runner;
use crate::book::Book;
use crate::exercises::Exercises;
use crate::programs::compile::{Compiler, Source, Unfinished};
use crate::programs::fence::Fence;
use crate::programs::{cargo, chapter};
use crate::supervisor::Supervisor;

/// Prepares everything at the start and after each change of the book; the exercises are compiled with the compiler that is found here.
pub async fn prepare(runner: &Arc<Runner>, exercises: &Arc<Exercises>, book: &Book, mut builds: watch::Receiver<u64>) {
    runner.known().modules = book.project().join("examples");
    builds.mark_changed();
    while builds.changed().await.is_ok() {
        let problem = prepare_once(runner, exercises, book).await.err().map(|error| format!("{error:#}"));
        if let Some(problem) = &problem {
            eprintln!("note: programs cannot be run from the page as they should: {problem}");
        }
        runner.known().status.problem = problem;
    }
}

async fn prepare_once(runner: &Arc<Runner>, exercises: &Arc<Exercises>, book: &Book) -> Result<()> {
    let exercises = exercises.clone();
    let compiler = spawn_blocking(move || exercises.find_compiler()).await??;
    if let Some(why) = compiler.slow() {
        eprintln!("note: programs are linked with static libraries, which is slower: {why}");
    }
    runner.spare.refill();
    {
        let mut known = runner.known();
        known.status.ready = true;
        known.status.fast = compiler.slow().is_none();
        known.compiler = Some(compiler.clone());
    }
    let programs = programs(book);
    if let Ok(programs) = &programs {
        let mut known = runner.known();
        known.status.total = programs.len();
        known.status.compiled = 0;
    }
    // An example cannot be run before it is built; a program that is not compiled yet only takes a little longer.
    let examples = find_examples(runner, book).await;
    compile_book(runner, &programs?, &compiler).await.and(examples)
}

/// Compiles the book's own programs, so that an unchanged one starts at once.
async fn compile_book(runner: &Runner, programs: &BTreeSet<String>, compiler: &Compiler) -> Result<()> {
    let mut supervisor = Supervisor::start_in_background()?;
    for program in programs {
        let source = Source::of(program);
        if compiler.find_compiled(&source)?.is_none() {
            // The reader's own program goes first.
            drop(runner.turn.acquire().await?);
            match compiler.compile(&source, &mut supervisor).await {
                // Whoever runs it hears why the compiler did not come to its end.
                Err(error) if !error.is::<Unfinished>() => return Err(error),
                _ => {}
            }
        }
        runner.known().status.compiled += 1;
    }
    supervisor.stop().await;
    Ok(())
}

/// All Rust programs of the book, those that must not compile too.
fn programs(book: &Book) -> Result<BTreeSet<String>> {
    let chapters = chapter::read_all(&book.folder().join("src"))?;
    let blocks = chapters.iter().flat_map(|chapter| &chapter.blocks);
    Ok(blocks
        .filter(|block| block.fence.is_rust() && block.fence != Fence::RustSource)
        .map(|block| block.rust_source())
        .collect())
}

/// Has cargo build the examples, as readers do, and remembers where they are.
async fn find_examples(runner: &Runner, book: &Book) -> Result<()> {
    let project = book.project().to_path_buf();
    if !project.join("Cargo.toml").is_file() {
        return Ok(());
    }
    let folder = project.join("examples");
    let built = spawn_blocking(move || cargo::artifacts(&project, &["build", "--examples"]));
    let built = built.await?.context("the examples cannot be run")?;
    let mut known = runner.known();
    known.examples = built
        .into_iter()
        .filter(|artifact| artifact.target.is_example())
        .filter_map(|artifact| Some((artifact.target.name, artifact.executable?.into())))
        // Only what a chapter shows, by the name of its file.
        .filter(|(name, _)| folder.join(format!("{name}.rs")).is_file())
        .collect();
    known.status.examples = known.examples.keys().cloned().collect();
    Ok(())
}

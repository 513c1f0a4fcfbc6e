//! Compiling a reader's program: quickly, under limits, and at most once.

use std::env;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use tempfile::TempDir;

use super::bundle::Bundles;
use super::job::{End, Event, Job};
use super::launch::Supervisor;
use super::limits::Limits;
use super::protocol::{Stream, Why};
use crate::programs::cache::Cache;
use crate::programs::cargo::RECORDED;
use crate::programs::compile::{Compiler, SOURCE, Source};
use crate::programs::compiled::{Compiled, Diagnostic, diagnostics};
use crate::programs::recipe::{Recipe, START};

/// Older results are thrown away at a start.
const KEEP: Duration = Duration::from_secs(14 * 24 * 3600);

/// The variables that the compiler and the linker may need.
#[cfg(unix)]
const COMPILER_VARIABLES: [&str; 5] = [
    "PATH",
    "HOME",
    "SDKROOT",
    "DEVELOPER_DIR",
    "MACOSX_DEPLOYMENT_TARGET",
];

/// The crates whose loops have timelines.
const LOOPS: [&str; 2] = ["asyncio", "tokio"];

/// The calls of a program that takes notes itself; a loop has one observer.
const OBSERVING: [&str; 2] = ["set_observer", "on_new_loop"];

/// What follows a program that is recorded: what it prints is noted, and its `main` can be called from outside.
const RECORDING: &str = "\
#[allow(unused_imports)] #[macro_use(print, println)] extern crate recorded;
#[doc(hidden)] pub fn __recorded_main() -> impl ::std::process::Termination { main() }
";

/// The program that begins the record.
const STARTING: &str = "\
fn main() -> impl std::process::Termination {
    recorded::recorder::begin();
    main::__recorded_main()
}
";

/// Everything that is needed to compile programs.
pub struct Kit {
    compiler: Compiler,
    /// Without it, programs are linked with static libraries, which takes longer.
    bundles: Option<Bundles>,
    cache: Cache,
    limits: Limits,
}

/// What came of a program.
pub enum Outcome {
    Compiled(Compiled),
    /// The compiler met a limit, or failed in another way than by refusing the program.
    Failed {
        end: End,
        text: String,
    },
}

impl Kit {
    /// Builds the crates and the shared library; takes minutes the first time.
    pub fn make(workspace: &Path, limits: Limits) -> Result<Kit> {
        let compiler = Compiler::find(workspace)?;
        let cache = Cache::open(compiler.target().join("book-runs"))?;
        cache.forget(KEEP, |_| false)?;
        let bundles = Bundles::build(&compiler, workspace, &cache);
        if let Err(why) = &bundles {
            eprintln!("note: programs are linked with static libraries, which is slower: {why:#}");
        }
        Ok(Kit {
            compiler,
            bundles: bundles.ok(),
            cache,
            limits,
        })
    }

    /// Whether programs are linked with shared libraries.
    pub fn is_fast(&self) -> bool {
        self.bundles.is_some()
    }

    /// Finds what was made of the program before.
    pub fn find(&self, code: &str) -> Result<Option<Compiled>> {
        self.cache.find(&self.usual(&tidy(code)).1.key)
    }

    /// Compiles the program, or finds what was made of it before.
    pub async fn compile(
        &self,
        code: &str,
        supervisor: &mut Supervisor,
        background: bool,
    ) -> Result<Outcome> {
        let code = tidy(code);
        let (source, recipe) = self.usual(&code);
        if let Some(compiled) = self.cache.find(&recipe.key)? {
            return Ok(Outcome::Compiled(compiled));
        }
        let work = self.cache.work([(SOURCE, source.as_str())])?;
        let mut tried = self
            .call(work, &recipe.args, supervisor, background)
            .await?;
        if speaks_of_more(&tried.messages, &code) || is_unlinked(&tried.messages) {
            // The reader must not see what was appended, and some crates cannot be linked with from a shared library.
            let plain = self.compiler.recipe(&[Source::only(&code)], &[]);
            let work = self.cache.work([(SOURCE, code.as_str())])?;
            tried = self.call(work, &plain.args, supervisor, background).await?;
        }
        let Call {
            work,
            end,
            text,
            messages,
        } = tried;
        match (messages, end.why, end.status) {
            (Some(messages), None, Some(_)) => {
                let compiled = self.cache.keep(&recipe.key, work, end.ok(), &messages)?;
                Ok(Outcome::Compiled(compiled))
            }
            _ => Ok(Outcome::Failed {
                end,
                text: readable(text),
            }),
        }
    }

    /// The source with what is appended to it, and how it is compiled.
    fn usual(&self, code: &str) -> (String, Recipe) {
        let (more, end) = match &self.bundles {
            Some(bundles) => bundles.of(&self.compiler.names_in(code)),
            None => (&[][..], ""),
        };
        let main = if has_main(code) { "" } else { "fn main() {}\n" };
        let source = format!("{code}{main}{end}");
        let recipe = self.compiler.recipe(&[Source::only(&source)], more);
        (source, recipe)
    }

    /// Whether the program observes its loops itself.
    pub fn observes(&self, code: &str) -> bool {
        OBSERVING.iter().any(|call| code.contains(call))
    }

    /// Whether the program has anything that a timeline could show.
    pub fn has_timeline(&self, code: &str) -> bool {
        let used = self.compiler.names_in(code);
        LOOPS.iter().any(|name| used.contains(name))
    }

    /// Compiles the program so that it is recorded, or finds what was made of it before; gives whether it was found.
    ///
    /// `None` if that does not work; [`Kit::compile`] knows what to tell the reader.
    /// A compiler that met a limit would meet it again, so that is an outcome.
    pub async fn compile_recorded(
        &self,
        code: &str,
        supervisor: &mut Supervisor,
    ) -> Result<Option<(Outcome, bool)>> {
        let code = tidy(code);
        let mut used = self.compiler.names_in(&code);
        used.push(RECORDED);
        let shared = self.bundles.as_ref().map(|bundles| bundles.of(&used));
        // Some crates cannot be linked with from a shared library.
        for (more, end) in shared.into_iter().chain([(&[][..], "")]) {
            let source = format!("{code}{RECORDING}{end}");
            let start = format!("{STARTING}{end}");
            let Some(recipe) = self.compiler.recorded(&source, &start, more) else {
                return Ok(None);
            };
            if let Some(compiled) = self.cache.find(&recipe.key)? {
                return Ok(Some((Outcome::Compiled(compiled), true)));
            }
            let work = self
                .cache
                .work([(SOURCE, source.as_str()), (START, &start)])?;
            let library = self.call(work, &recipe.library, supervisor, false).await?;
            if library.end.why.is_some() {
                let Call { end, text, .. } = library;
                let text = readable(text);
                return Ok(Some((Outcome::Failed { end, text }, false)));
            }
            if !library.end.ok() || speaks_of_more(&library.messages, &code) {
                return Ok(None);
            }
            let messages = library.messages.unwrap_or_default();
            let program = self.call(library.work, &recipe.program, supervisor, false);
            let program = program.await?;
            if program.end.ok() {
                let cache = &self.cache;
                let compiled = cache.keep(&recipe.key, program.work, true, &messages)?;
                return Ok(Some((Outcome::Compiled(compiled), false)));
            }
            if !is_unlinked(&program.messages) {
                break;
            }
        }
        Ok(None)
    }

    /// Calls the compiler in a folder of [`Cache::work`].
    async fn call(
        &self,
        work: TempDir,
        args: &[String],
        supervisor: &mut Supervisor,
        background: bool,
    ) -> Result<Call> {
        let job = Job {
            program: self.compiler.rustc().to_path_buf(),
            args: args.to_vec(),
            folder: work.path().to_path_buf(),
            private: false,
            environment: compiler_environment(work.path()),
            limits: self.limits,
            background,
        };
        supervisor.begin(&job).await?;
        let mut text = String::new();
        let end = loop {
            match supervisor.event().await? {
                Event::Output(output) if output.stream == Stream::Stderr => {
                    text.push_str(&output.text)
                }
                Event::Output(_) => {}
                Event::End(end) => break end,
            }
        };
        let messages = diagnostics(&text).ok();
        Ok(Call {
            work,
            end,
            text,
            messages,
        })
    }
}

/// One call of the compiler.
struct Call {
    work: TempDir,
    end: End,
    text: String,
    /// The text read as messages; the compiler prints something else when it fails.
    messages: Option<Vec<Diagnostic>>,
}

/// What the compiler said, as it would have printed it; it prints something else when it fails.
pub fn readable(text: String) -> String {
    let messages = diagnostics(&text).map(|diagnostics| Compiled {
        executable: None,
        diagnostics,
    });
    messages.map_or(text, |messages| messages.rendered())
}

/// Says why the compiler did not come to its end.
pub fn unfinished(end: &End) -> String {
    let message = end.message.as_deref().unwrap_or("it failed");
    let advice = match end.why {
        Some(Why::Time | Why::Memory) => "; look for a constant, a macro or a type without an end",
        _ => "",
    };
    format!("the compiler: {message}{advice}")
}

/// Makes equal what differs only in ways that mean nothing, so that it is compiled once.
fn tidy(code: &str) -> String {
    let code = code.replace("\r\n", "\n");
    format!("{}\n", code.trim_end())
}

/// Whether the program seems to have a `main`; the compiler tells better, but later.
fn has_main(code: &str) -> bool {
    code.match_indices("fn").any(|(at, _)| {
        let after = code[at + 2..].trim_start();
        after.len() < code[at + 2..].len()
            && after
                .strip_prefix("main")
                .is_some_and(|rest| rest.trim_start().starts_with(['(', '<']))
    })
}

/// Whether a message speaks of lines after the reader's last one.
fn speaks_of_more(messages: &Option<Vec<Diagnostic>>, code: &str) -> bool {
    let lines = code.lines().count();
    let mut spans = messages.iter().flatten().flat_map(|message| &message.spans);
    spans.any(|span| span.file_name == SOURCE && span.line_end > lines)
}

/// Whether all was well until the linker.
fn is_unlinked(messages: &Option<Vec<Diagnostic>>) -> bool {
    let mut messages = messages.iter().flatten();
    messages.any(|message| message.message.starts_with("linking with"))
}

/// What the compiler gets to work in this folder.
#[cfg(unix)]
pub fn compiler_environment(work: &Path) -> Vec<(String, String)> {
    let mut variables: Vec<_> = COMPILER_VARIABLES
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), env::var(name).ok()?)))
        .collect();
    variables.push(("TMPDIR".to_owned(), work.display().to_string()));
    variables
}

/// Linkers elsewhere are found by variables of many names.
#[cfg(not(unix))]
pub fn compiler_environment(_work: &Path) -> Vec<(String, String)> {
    env::vars().collect()
}

/// What every program gets, and nothing of what the reader's shell has beside it.
pub fn program_environment(folder: &Path) -> Vec<(String, String)> {
    let folder = folder.display().to_string();
    let kept = if cfg!(windows) {
        &["PATH", "SystemRoot"][..]
    } else {
        &["PATH"]
    };
    let mut variables: Vec<_> = kept
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), env::var(name).ok()?)))
        .collect();
    for name in ["HOME", "TMPDIR", "TEMP", "TMP"] {
        variables.push((name.to_owned(), folder.clone()));
    }
    variables.push(("LANG".to_owned(), "C.UTF-8".to_owned()));
    variables
}

/// How long something took, in the unit of the protocol.
pub fn milliseconds(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_main_is_found_in_every_form() {
        for code in [
            "fn main() {}",
            "async fn main() {}",
            "fn  main()\n{}",
            "#[tokio::main]\nasync fn\nmain () {}",
            "fn helper() {} pub fn main() {}",
        ] {
            assert!(has_main(code), "{code}");
        }
        for code in [
            "",
            "fn mainly() {}",
            "fn domain() {}",
            "let fnmain = 1;",
            "struct S;",
        ] {
            assert!(!has_main(code), "{code}");
        }
    }

    #[test]
    fn line_ends_do_not_make_another_program() {
        assert_eq!(tidy("a\r\nb"), tidy("a\nb\n\n"));
        assert_ne!(tidy("a\n b"), tidy("a\nb"));
    }
}

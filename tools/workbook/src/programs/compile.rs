//! Compiling a program: at most once, under limits, and linked with shared libraries where that works, because it takes less time.

use std::env;
use std::error::Error;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::UNIX_EPOCH;

use anyhow::{Context, Result, ensure};
use cargo_metadata::diagnostic::Diagnostic;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::bundle::Bundles;
use super::cache::Cache;
use super::cargo;
use crate::supervisor::limits::Limits;
use crate::supervisor::{End, Job, Supervisor, Why, block_on};

/// Where a program lies in the folder that it is compiled in: as cargo would have it, so that messages are what a reader will see.
pub const SOURCE: &str = "src/main.rs";

/// The file of the program that begins the record of another.
const START: &str = "src/start.rs";

/// What a program becomes that is recorded.
const LIBRARY: &str = "libmain.rlib";

/// Differs between versions of this program that make different things of the same parts.
const MAKING: &str = "4";

/// What the compiler is told of everything.
const ARGS: [&str; 4] = ["--edition=2024", "--error-format=json", "-Cdebuginfo=0", "-Cstrip=debuginfo"];

/// The variables that the compiler and the linker may need.
#[cfg(unix)]
const VARIABLES: [&str; 5] = ["PATH", "HOME", "SDKROOT", "DEVELOPER_DIR", "MACOSX_DEPLOYMENT_TARGET"];

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

/// What follows a program that has no `main`, so that the compiler speaks of the rest.
const MAIN: &str = "fn main() {} // for the rest\n";

/// A program to compile.
#[derive(Clone, Debug)]
pub struct Source {
    /// The first one has `main`.
    files: Vec<File>,
    /// Whether what its loops do is to be recorded.
    recorded: bool,
}

/// One file of a program.
#[derive(Clone, Debug)]
pub struct File {
    /// Where it lies in the program's folder; the first file of a program is [`SOURCE`].
    pub path: String,
    /// The path that messages and panics name.
    pub shown: String,
    pub text: String,
}

impl Source {
    /// A program in one file.
    pub fn of(code: &str) -> Source {
        Source::of_files(vec![File { path: SOURCE.to_owned(), shown: SOURCE.to_owned(), text: code.to_owned() }])
    }

    /// A program in several files.
    pub fn of_files(mut files: Vec<File>) -> Source {
        for file in &mut files {
            // What differs only in this is the same program.
            let text = file.text.replace("\r\n", "\n");
            file.text = format!("{}\n", text.trim_end());
        }
        let recorded = false;
        Source { files, recorded }
    }

    /// The same program, recorded.
    ///
    /// One that cannot be recorded is refused, in words that are not for the reader.
    pub fn recorded(self) -> Source {
        Source { recorded: true, ..self }
    }
}

/// What the compiler made of a program, and what it said.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Compiled {
    /// `None` if the compiler refused the program.
    pub executable: Option<PathBuf>,
    pub diagnostics: Vec<Diagnostic>,
    /// Whether that was known before.
    #[serde(skip)]
    pub found: bool,
}

impl Compiled {
    /// Everything that the compiler would have printed.
    pub fn rendered(&self) -> String {
        rendered(&self.diagnostics)
    }
}

fn rendered(diagnostics: &[Diagnostic]) -> String {
    let rendered = diagnostics.iter().filter_map(|d| d.rendered.as_deref());
    rendered.collect()
}

/// The compiler did not come to its end: it met a limit, or failed in another way than by refusing the program.
#[derive(Debug)]
pub struct Unfinished {
    pub end: End,
    /// What it had said, as it would have printed it.
    pub said: String,
}

/// Says why, in one sentence.
impl fmt::Display for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let message = self.end.message.as_deref().unwrap_or("it failed");
        let advice = match self.end.why {
            Some(Why::Time | Why::Memory) => "; look for a constant, a macro or a type without an end",
            _ => "",
        };
        write!(f, "the compiler: {message}{advice}")
    }
}

impl Error for Unfinished {}

/// The compiler with everything that is the same for every program.
///
/// Written to a file, it also reaches the compiler that skeptic starts.
#[derive(Debug, Serialize, Deserialize)]
pub struct Compiler {
    rustc: PathBuf,
    /// What `rustc -vV` says.
    version: String,
    /// The folder of the standard library.
    pub(super) libraries: PathBuf,
    args: Vec<String>,
    crates: Vec<Crate>,
    /// The crate that takes Tokio's place in a program that is recorded.
    recorded: Crate,
    /// Or why programs are linked with static libraries, which takes longer.
    bundles: Result<Bundles, String>,
    cache: Cache,
    limits: Limits,
}

/// A crate that programs may use.
#[derive(Debug, Serialize, Deserialize)]
struct Crate {
    name: String,
    file: PathBuf,
    /// Differs between two builds of the crate, because cargo makes the file anew whenever anything behind it changes.
    build: String,
}

impl Crate {
    fn new(name: String, file: PathBuf) -> Result<Crate> {
        let data = fs::metadata(&file)?;
        let changed = data.modified()?.duration_since(UNIX_EPOCH)?;
        Ok(Crate { name, file, build: format!("{} {}", data.len(), changed.as_nanos()) })
    }

    /// What the compiler is told if this crate is to go by that name.
    fn as_extern(&self, name: &str) -> String {
        format!("--extern={name}={}", self.file.display())
    }
}

/// A way to make something: files, and the calls of the compiler that make it of them.
pub(super) struct Way {
    pub files: Vec<(String, String)>,
    /// What each call is told.
    pub calls: Vec<Vec<String>>,
    /// A hash of everything that the result depends on.
    pub key: String,
}

/// What was made in that way.
pub(super) struct Made {
    pub work: TempDir,
    pub success: bool,
    pub diagnostics: Vec<Diagnostic>,
}

impl Compiler {
    /// Builds the crates that programs may use, and their shared libraries; takes minutes the first time.
    ///
    /// The limits are those of the compiler.
    pub fn find(workspace: &Path, limits: Limits) -> Result<Compiler> {
        let rustc = env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
        let mut compiler = Compiler::find_as(workspace, limits, &rustc)?;
        let bundles = block_on(async |by| Bundles::build(&compiler, workspace, by).await);
        compiler.bundles = bundles.map_err(|why| format!("{why:#}"));
        Ok(compiler)
    }

    /// As [`Compiler::find`], with clippy, which says more. What it makes of a program cannot be started.
    pub fn find_clippy(workspace: &Path) -> Result<Compiler> {
        let mut clippy = Compiler::find_as(workspace, Limits::compiler(), "clippy-driver")?;
        // All lints have spoken by then, and the rest takes most of the time.
        clippy.args.push("--emit=metadata".to_owned());
        Ok(clippy)
    }

    fn find_as(workspace: &Path, limits: Limits, rustc: &str) -> Result<Compiler> {
        let crates = cargo::crates(workspace)?;
        let version = ask(rustc, &["-vV"])?;
        let places = ask(rustc, &["--print=sysroot", "--print=target-libdir"])?;
        let (sysroot, libraries) = places.trim().split_once('\n').context("it has no place")?;
        // `rustup` puts a program in the compiler's place that looks up the right one at each start, which takes a while.
        let name = format!("{rustc}{}", env::consts::EXE_SUFFIX);
        let direct = Path::new(sysroot.trim_end()).join("bin").join(name);
        let mut args = ARGS.map(str::to_owned).to_vec();
        let folders = crates.folders.iter();
        args.extend(folders.map(|folder| format!("-Ldependency={}", folder.display())));
        let externs = crates.externs.into_iter();
        Ok(Compiler {
            rustc: if direct.is_file() { direct } else { rustc.into() },
            version,
            libraries: libraries.into(),
            args,
            crates: externs.map(|(name, file)| Crate::new(name, file)).collect::<Result<_>>()?,
            recorded: Crate::new(cargo::RECORDED.to_owned(), crates.recorded)?,
            bundles: Err("nobody has built them".to_owned()),
            cache: Cache::open(crates.target.join("book-programs"))?,
            limits,
        })
    }

    /// Its version, as in `1.95.0`.
    pub fn release(&self) -> &str {
        let mut lines = self.version.lines();
        let release = lines.find_map(|line| line.strip_prefix("release: "));
        release.unwrap_or_default()
    }

    /// The compiler itself.
    pub fn rustc(&self) -> &Path {
        &self.rustc
    }

    /// Why programs are linked with static libraries, if they are.
    pub fn slow(&self) -> Option<&str> {
        self.bundles.as_ref().err().map(String::as_str)
    }

    /// The names of all crates that programs may use.
    pub(super) fn crates(&self) -> impl Iterator<Item = &str> {
        self.crates.iter().map(|c| c.name.as_str())
    }

    /// The names of the crates that a program with this text may use.
    pub fn crates_in(&self, text: &str) -> Vec<&str> {
        self.crates().filter(|name| text.contains(name)).collect()
    }

    /// Finds what was made of the program before.
    pub fn find_compiled(&self, source: &Source) -> Result<Option<Compiled>> {
        self.cache.find(&self.quick(source).key)
    }

    /// As [`Compiler::compile`], for whoever is no task.
    pub fn compile_now(&self, source: &Source) -> Result<Compiled> {
        match self.find_compiled(source)? {
            Some(found) => Ok(found),
            None => block_on(async |by| self.compile(source, by).await),
        }
    }

    /// Compiles the program, or finds what was made of it before.
    ///
    /// A compiler that does not come to its end is the error [`Unfinished`], and is not kept.
    pub async fn compile(&self, source: &Source, by: &mut Supervisor) -> Result<Compiled> {
        let quick = self.quick(source);
        if let Some(found) = self.cache.find(&quick.key)? {
            return Ok(found);
        }
        let mut made = self.make(&quick, self.limits, by).await?;
        let lacks_main = made.success && !source.recorded && !has_main(&source.files[0].text);
        if lacks_main || speaks_of_more(&made.diagnostics, source) || is_unlinked(&made.diagnostics) {
            // The reader must hear of a `main` that is missing, but not see what was appended, and some crates cannot be linked with from a shared library.
            made = self.make(&self.plain(source), self.limits, by).await?;
        }
        let executable = Path::new(&executable_name()).to_owned();
        ensure!(
            made.success == made.work.path().join(&executable).exists(),
            "the compiler says one thing and does another"
        );
        // What must be appended to be recorded has its errors, too.
        let success = made.success && !speaks_of_more(&made.diagnostics, source);
        let compiled =
            Compiled { executable: success.then_some(executable), diagnostics: made.diagnostics, found: false };
        self.cache.keep(&quick.key, made.work, &compiled)
    }

    /// The quickest way to compile the program.
    fn quick(&self, source: &Source) -> Way {
        let used = self.used(source);
        let names: Vec<&str> = used.iter().map(|used| used.name.as_str()).collect();
        let shared = self.bundles.as_ref().map(|bundles| bundles.of(&names));
        let (more, end) = shared.unwrap_or((&[], ""));
        let added = match source.recorded {
            true => RECORDING,
            false if has_main(&source.files[0].text) => "",
            false => MAIN,
        };
        self.way(source, &used, more, [added, end])
    }

    /// The way that adds nothing to the program but what it takes to record it.
    fn plain(&self, source: &Source) -> Way {
        let added = if source.recorded { RECORDING } else { "" };
        self.way(source, &self.used(source), &[], [added, ""])
    }

    /// The crates that the program may use; a new build of any other changes nothing.
    fn used(&self, source: &Source) -> Vec<&Crate> {
        let named = |c: &&Crate| source.files.iter().any(|file| file.text.contains(&c.name));
        let recorded = source.recorded.then_some(&self.recorded);
        self.crates.iter().filter(named).chain(recorded).collect()
    }

    /// The way that tells the compiler more; what is to be added follows the text of the program.
    fn way(&self, source: &Source, used: &[&Crate], more: &[String], added: [&str; 2]) -> Way {
        let files = source.files.iter();
        let mut files: Vec<_> = files.map(|f| (f.path.clone(), f.text.clone())).collect();
        files[0].1 += &added.concat();
        let executable = executable_name();
        let externs = used.iter().map(|used| used.as_extern(&used.name));
        let calls = if source.recorded {
            files.push((START.to_owned(), format!("{STARTING}{}", added[1])));
            let mut library = self.call(SOURCE, "main", "rlib", LIBRARY, more);
            library.extend(externs.filter(|arg| !arg.starts_with("--extern=tokio=")));
            library.push(self.recorded.as_extern("tokio"));
            let mut program = self.call(START, "start", "bin", &executable, more);
            program.push(format!("--extern=main={LIBRARY}"));
            program.push(self.recorded.as_extern(&self.recorded.name));
            vec![library, program]
        } else {
            let mut program = self.call(SOURCE, "main", "bin", &executable, more);
            let renamed = source.files.iter().filter(|file| file.shown != file.path);
            program.extend(renamed.map(|file| format!("--remap-path-prefix={}={}", file.path, file.shown)));
            program.extend(externs);
            vec![program]
        };
        self.keyed(files, calls, used, "")
    }

    /// What makes a shared library of these crates; `foundation` is what lies elsewhere of its source.
    pub(super) fn way_of_library(&self, names: &[String], library: &str, source: String, foundation: &str) -> Way {
        let all = self.crates.iter().chain([&self.recorded]);
        let used: Vec<&Crate> = all.filter(|c| names.contains(&c.name)).collect();
        let dynamic = ["-Cprefer-dynamic".to_owned()];
        let mut call = self.call("src/lib.rs", "programs", "dylib", library, &dynamic);
        call.extend(used.iter().map(|used| used.as_extern(&used.name)));
        let files = vec![("src/lib.rs".to_owned(), source)];
        self.keyed(files, vec![call], &used, foundation)
    }

    /// What makes a program that shows whether the compiler can be told this.
    pub(super) fn way_of_trial(&self, code: String, more: &[String]) -> Way {
        let call = self.call(SOURCE, "main", "bin", &executable_name(), more);
        self.keyed(vec![(SOURCE.to_owned(), code)], vec![call], &[], "")
    }

    fn call(&self, source: &str, name: &str, kind: &str, output: &str, more: &[String]) -> Vec<String> {
        let own = format!("{source} --crate-name={name} --crate-type={kind} -o {output}");
        let own = own.split(' ').map(str::to_owned);
        own.chain(self.args.iter().chain(more).cloned()).collect()
    }

    fn keyed(&self, files: Vec<(String, String)>, calls: Vec<Vec<String>>, used: &[&Crate], more: &str) -> Way {
        let mut hash = Sha256::new();
        let mut add = |part: &str| {
            // The length keeps neighbouring parts apart.
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        };
        [MAKING, &self.version, more].into_iter().for_each(&mut add);
        used.iter().for_each(|used| add(&used.build));
        calls.iter().for_each(|call| add(&call.join("\n")));
        for (path, text) in &files {
            add(path);
            add(text);
        }
        let hash = hash.finalize();
        let key = hash[..16].iter().map(|b| format!("{b:02x}")).collect();
        Way { files, calls, key }
    }

    /// Finds or makes something that must not fail; gives what was made, which has this name in its folder.
    pub(super) async fn make_once(
        &self,
        way: &Way,
        made: &str,
        limits: Limits,
        by: &mut Supervisor,
    ) -> Result<PathBuf> {
        let compiled = match self.cache.find(&way.key)? {
            Some(found) => found,
            None => {
                let result = self.make(way, limits, by).await?;
                let said = rendered(&result.diagnostics);
                ensure!(result.success, "the compiler says: {said}");
                let compiled = Compiled { executable: Some(made.into()), ..Compiled::default() };
                self.cache.keep(&way.key, result.work, &compiled)?
            }
        };
        compiled.executable.context("it was refused")
    }

    /// Calls the compiler in a new folder until a call fails.
    async fn make(&self, way: &Way, limits: Limits, by: &mut Supervisor) -> Result<Made> {
        let work = self.cache.work(&way.files)?;
        let mut made = Made { work, success: true, diagnostics: Vec::new() };
        for call in &way.calls {
            let folder = made.work.path();
            let job = Job {
                args: call.clone(),
                environment: environment(folder),
                ..Job::new(self.rustc.clone(), folder, limits)
            };
            let ended = by.run(job).await?;
            let lines = ended.stderr.lines();
            let mut read =
                lines.map(|line| serde_json::from_str::<Diagnostic>(line).map_err(|_| line)).collect::<Vec<_>>();
            // It prints something else when it fails.
            if ended.end.why.is_some() || ended.end.status.is_none() || read.iter().any(|line| line.is_err()) {
                // The last message is cut off if it printed too much.
                read.retain(|line| line.as_ref().is_err_and(|text| !text.starts_with('{')) || line.is_ok());
                let said = read.into_iter().map(|line| match line {
                    Ok(message) => message.rendered.unwrap_or_default(),
                    Err(text) => format!("{text}\n"),
                });
                let said = said.collect();
                return Err(Unfinished { end: ended.end, said }.into());
            }
            made.diagnostics.extend(read.into_iter().flatten());
            made.success = ended.end.ok();
            if !made.success {
                break;
            }
        }
        Ok(made)
    }
}

/// The name of what the compiler makes of a program.
pub fn executable_name() -> String {
    format!("program{}", env::consts::EXE_SUFFIX)
}

/// What a compiler says of itself.
fn ask(rustc: &str, args: &[&str]) -> Result<String> {
    let output = Command::new(rustc).args(args).output();
    let output = output.with_context(|| format!("cannot start the compiler {rustc}"))?;
    ensure!(output.status.success(), "{rustc} does not work: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether the program seems to have a `main`; the compiler tells better, but later.
fn has_main(code: &str) -> bool {
    code.match_indices("fn").any(|(at, _)| {
        let after = code[at + 2..].trim_start();
        after.len() < code[at + 2..].len()
            && after.strip_prefix("main").is_some_and(|rest| rest.trim_start().starts_with(['(', '<']))
    })
}

/// Whether a message speaks of lines after the author's last one.
fn speaks_of_more(diagnostics: &[Diagnostic], source: &Source) -> bool {
    let first = &source.files[0];
    let lines = first.text.lines().count();
    let mut spans = diagnostics.iter().flat_map(|message| &message.spans);
    spans.any(|span| span.file_name == first.shown && span.line_end > lines)
}

/// Whether all was well until the linker.
fn is_unlinked(diagnostics: &[Diagnostic]) -> bool {
    let mut messages = diagnostics.iter().map(|message| &message.message);
    messages.any(|message| message.starts_with("linking with"))
}

/// What the compiler gets to work in this folder.
#[cfg(unix)]
fn environment(work: &Path) -> Vec<(String, String)> {
    let mut variables = crate::supervisor::variables(&VARIABLES);
    variables.push(("TMPDIR".to_owned(), work.display().to_string()));
    variables
}

/// Linkers elsewhere are found by variables of many names.
#[cfg(not(unix))]
fn environment(_work: &Path) -> Vec<(String, String)> {
    env::vars()
        // Settings meant for the project's own packages.
        .filter(|(name, _)| name != "RUSTFLAGS")
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compiler(folder: &Path) -> Compiler {
        let file = folder.join("libtokio.rlib");
        let tokio = || Crate::new("tokio".to_owned(), file.clone()).expect("a file");
        Compiler {
            rustc: "rustc".into(),
            version: String::new(),
            libraries: PathBuf::new(),
            args: Vec::new(),
            crates: vec![tokio()],
            recorded: tokio(),
            bundles: Err(String::new()),
            cache: Cache::open(folder.join("cache")).expect("a folder"),
            limits: Limits::compiler(),
        }
    }

    #[test]
    fn a_new_build_of_a_crate_concerns_the_programs_that_name_it() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let key = |content: &str, code: &str| {
            fs::write(folder.path().join("libtokio.rlib"), content).expect("a file");
            compiler(folder.path()).quick(&Source::of(code)).key
        };
        let uses = "use tokio::task;";
        assert_ne!(key("1", uses), key("22", uses));
        assert_eq!(key("1", "use std::io;"), key("22", "use std::io;"));
    }

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
        for code in ["", "fn mainly() {}", "fn domain() {}", "let fnmain = 1;", "struct S;"] {
            assert!(!has_main(code), "{code}");
        }
    }

    #[test]
    fn line_ends_do_not_make_another_program() {
        let text = |code| Source::of(code).files.remove(0).text;
        assert_eq!(text("a\r\nb"), text("a\nb\n\n"));
        assert_ne!(text("a\n b"), text("a\nb"));
    }
}

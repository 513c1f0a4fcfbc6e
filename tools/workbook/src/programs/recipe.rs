//! How a program is compiled, by whomever: what the compiler is told, and what the result is kept under.

use std::path::Path;

use sha2::{Digest, Sha256};

use super::cache::executable_name;
use super::compile::{Compiler, Crate, SOURCE, Source};

/// Differs between versions of this program that make different things of the same parts.
const MAKING: &str = "3";

/// What to tell the compiler of one program.
#[derive(Debug)]
pub struct Recipe {
    pub args: Vec<String>,
    /// A hash of everything that the result depends on.
    pub key: String,
}

/// How a program is compiled that is recorded: as a library, and then as a program that begins the record and calls the library.
#[derive(Debug)]
pub struct Recorded {
    pub library: Vec<String>,
    pub program: Vec<String>,
    /// A hash of everything that the results depend on.
    pub key: String,
}

/// The file of the program that begins the record.
pub const START: &str = "src/start.rs";

impl Compiler {
    /// Settles how to compile the program, with some arguments beside the usual ones.
    pub fn recipe(&self, files: &[Source], more: &[String]) -> Recipe {
        let mut args = self.args.clone();
        args.extend_from_slice(more);
        args.extend(["-o".to_owned(), executable_name()]);
        let renamed = files.iter().filter(|file| file.shown != file.path);
        args.extend(
            renamed.map(|file| format!("--remap-path-prefix={}={}", file.path, file.shown)),
        );
        let is_used = |c: &&Crate| files.iter().any(|file| c.is_named_in(file.text));
        let used: Vec<&Crate> = self.crates.iter().filter(is_used).collect();
        args.extend(used.iter().map(|used| extern_arg(&used.name, used)));
        let given = args.join("\n");
        let mut texts = vec![given.as_str()];
        texts.extend(files.iter().flat_map(|file| [file.path, file.text]));
        let key = self.key_of(&used, &texts);
        Recipe { args, key }
    }

    /// As [`Compiler::recipe`], for a program that is recorded; `start` is the program that begins the record.
    ///
    /// `None` if this compiler does not know how to record.
    pub fn recorded(&self, source: &str, start: &str, more: &[String]) -> Option<Recorded> {
        let recorded = self.recorded.as_ref()?;
        let file = "libmain.rlib";
        let (mut library, mut program) = (Vec::new(), Vec::new());
        for arg in &self.args {
            let is_kind = arg == "--crate-type=bin";
            library.push(if is_kind { "--crate-type=rlib" } else { arg }.to_owned());
            program.push(match arg.as_str() {
                SOURCE => START.to_owned(),
                "--crate-name=main" => "--crate-name=start".to_owned(),
                arg => arg.to_owned(),
            });
        }
        let mut used: Vec<&Crate> = self.crates_in(source).collect();
        used.push(recorded);
        library.extend(["-o".to_owned(), file.to_owned()]);
        library.extend(used.iter().map(|used| match used.name.as_str() {
            "tokio" => extern_arg("tokio", recorded),
            name => extern_arg(name, used),
        }));
        program.extend(["-o".to_owned(), executable_name()]);
        program.push(format!("--extern=main={file}"));
        program.push(extern_arg(&recorded.name, recorded));
        for args in [&mut library, &mut program] {
            args.extend_from_slice(more);
        }
        let texts = [&library.join("\n"), &program.join("\n"), source, start];
        let key = self.key_of(&used, &texts);
        Some(Recorded {
            library,
            program,
            key,
        })
    }

    fn key_of(&self, used: &[&Crate], texts: &[&str]) -> String {
        let mut hash = Sha256::new();
        let mut add = |part: &str| {
            // The length keeps neighbouring parts apart.
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        };
        add(MAKING);
        add(&self.version);
        for used in used {
            add(&used.build);
        }
        for text in texts {
            add(text);
        }
        let hash = hash.finalize();
        hash[..16].iter().map(|b| format!("{b:02x}")).collect()
    }

    /// A hash of everything that a library of these crates depends on: how it is compiled, and from what.
    pub fn library_key(&self, names: &[String], texts: &[&str]) -> String {
        let all = self.crates.iter().chain(&self.recorded);
        let used: Vec<&Crate> = all.filter(|c| names.contains(&c.name)).collect();
        let files: Vec<String> = self.library_args(names).collect();
        self.key_of(&used, &[&[files.join("\n").as_str()], texts].concat())
    }

    /// What the compiler must be told of these crates.
    pub fn library_args(&self, names: &[String]) -> impl Iterator<Item = String> {
        let folders = self.args.iter().filter(|arg| arg.starts_with("-L"));
        let all = self.crates.iter().chain(&self.recorded);
        let crates = all.filter(|c| names.contains(&c.name));
        folders
            .cloned()
            .chain(crates.map(|c| extern_arg(&c.name, c)))
    }

    /// The names of all crates that programs may use.
    pub fn crates(&self) -> impl Iterator<Item = &str> {
        self.crates.iter().map(|c| c.name.as_str())
    }

    /// The names of the crates that the program may use.
    pub fn names_in(&self, source: &str) -> Vec<&str> {
        self.crates_in(source).map(|c| c.name.as_str()).collect()
    }

    fn crates_in(&self, source: &str) -> impl Iterator<Item = &Crate> {
        self.crates.iter().filter(|c| c.is_named_in(source))
    }

    /// The compiler itself.
    pub fn rustc(&self) -> &Path {
        &self.rustc
    }

    /// The folder for everything that is built.
    pub fn target(&self) -> &Path {
        self.cache.folder().parent().unwrap_or(self.cache.folder())
    }
}

fn extern_arg(name: &str, used: &Crate) -> String {
    format!("--extern={name}={}", used.file.display())
}

//! How a program is compiled by somebody else than [`Compiler::compile`].

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest, Sha256};

use super::compile::{Compiler, Crate};

/// Where a program lies in the folder that it is compiled in.
pub const SOURCE: &str = "src/main.rs";

/// What to tell the compiler of one program.
#[derive(Debug)]
pub struct Recipe {
    pub args: Vec<String>,
    /// A hash of everything that the result depends on.
    pub key: String,
}

impl Compiler {
    /// Settles how to compile the program into the file `output`, with some arguments beside the usual ones.
    pub fn recipe(&self, source: &str, output: &str, more: &[String]) -> Recipe {
        let mut args = self.args.clone();
        args.extend_from_slice(more);
        args.extend(["-o".to_owned(), output.to_owned()]);
        args.extend(self.crates_in(source).map(extern_arg));
        let mut hash = Sha256::new();
        let mut add = |part: &str| {
            // The length keeps neighbouring parts apart.
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        };
        add(&self.version);
        add(&args.join("\n"));
        for used in self.crates_in(source) {
            add(&used.build);
        }
        add(source);
        let hash = hash.finalize();
        let key = hash[..16].iter().map(|b| format!("{b:02x}")).collect();
        Recipe { args, key }
    }

    /// What the compiler must be told of these crates.
    pub fn library_args(&self, names: &[String]) -> impl Iterator<Item = String> {
        let folders = self.args.iter().filter(|arg| arg.starts_with("-L"));
        let crates = self.crates.iter().filter(|c| names.contains(&c.name));
        folders.cloned().chain(crates.map(extern_arg))
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

    /// The compiler that the one on the search path stands for.
    ///
    /// `rustup` puts a program in its place that looks up the right one at each start, which takes a while.
    pub fn direct_rustc(&self) -> PathBuf {
        let output = Command::new(&self.rustc).arg("--print=sysroot").output();
        let direct = output.map(|output| {
            let sysroot = String::from_utf8_lossy(&output.stdout);
            let name = format!("rustc{}", env::consts::EXE_SUFFIX);
            Path::new(sysroot.trim()).join("bin").join(name)
        });
        match direct {
            Ok(direct) if direct.is_file() => direct,
            _ => PathBuf::from(&self.rustc),
        }
    }

    /// The folder for everything that is built.
    pub fn target(&self) -> &Path {
        self.cache.parent().unwrap_or(&self.cache)
    }
}

fn extern_arg(used: &Crate) -> String {
    format!("--extern={}={}", used.name, used.file.display())
}

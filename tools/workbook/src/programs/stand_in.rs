//! The compiler that skeptic starts.

use std::fs;
use std::io::ErrorKind;
use std::process::Command;

use anyhow::Result;

use super::compile::Compiler;

impl Compiler {
    /// Takes the place of rustc for skeptic, and gives the exit status.
    ///
    /// Skeptic asks for edition 2021 and finds libraries by the names of files.
    /// Its program is compiled as every other program of the book is; so it is compiled once, and skeptic runs the very executable whose output is compared.
    /// A call that compiles no program, such as cargo's questions about the target, goes to rustc as it is.
    pub fn stand_in(&self, args: &[String]) -> Result<i32> {
        let output = args
            .iter()
            .position(|arg| arg == "-o")
            .and_then(|at| args.get(at + 1));
        let (Some(source), Some(output), true) = (
            args.first(),
            output,
            args.iter().any(|arg| arg == "--crate-type=bin"),
        ) else {
            let status = Command::new(&self.rustc).args(args).status()?;
            return Ok(status.code().unwrap_or(1));
        };
        let text = fs::read_to_string(source)?;
        // Skeptic puts an empty line before the program.
        let compiled = self.compile(text.strip_prefix('\n').unwrap_or(&text))?;
        eprint!("{}", compiled.rendered());
        let Some(executable) = compiled.executable else {
            return Ok(1);
        };
        match fs::hard_link(&executable, output) {
            // The temporary folder may be on another disk.
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                fs::copy(&executable, output)?;
            }
            result => result?,
        }
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::programs::compile::tests::{PROGRAM, compiler, entries};

    #[test]
    fn what_skeptic_wants_in_an_old_edition_is_compiled_in_ours() {
        let cache = tempfile::tempdir().expect("a temporary folder");
        let work = tempfile::tempdir().expect("a temporary folder");
        let compiler = compiler(cache.path());
        let file = |name: &str| work.path().join(name).display().to_string();
        let args = |source: &str, output: &str| {
            [
                source,
                "--verbose",
                "--crate-type=bin",
                "--edition=2021",
                "-o",
                output,
            ]
            .map(str::to_owned)
        };
        // As skeptic writes it, with an empty line before the program.
        fs::write(file("good.rs"), format!("\n{PROGRAM}")).expect("a file");
        fs::write(file("bad.rs"), "\nfn main() { missing() }").expect("a file");

        let status = compiler.stand_in(&args(&file("good.rs"), &file("good.exe")));
        assert_eq!(status.expect("rustc"), 0);
        let output = Command::new(file("good.exe")).output().expect("a program");
        assert_eq!(output.stdout, b"1\n");
        let compiled = compiler.compile(PROGRAM).expect("rustc");
        assert!(compiled.executable.is_some());
        assert_eq!(entries(cache.path()), 1, "it is the same program");

        let status = compiler.stand_in(&args(&file("bad.rs"), &file("bad.exe")));
        assert_eq!(status.expect("rustc"), 1);
        assert!(!Path::new(&file("bad.exe")).exists());
    }

    #[test]
    fn other_questions_go_to_rustc() {
        let cache = tempfile::tempdir().expect("a temporary folder");
        let compiler = compiler(cache.path());
        assert_eq!(
            compiler
                .stand_in(&["--print=sysroot".to_owned()])
                .expect("rustc"),
            0
        );
        assert_eq!(entries(cache.path()), 0);
    }
}

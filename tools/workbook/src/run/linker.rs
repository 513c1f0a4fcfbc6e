//! Linking without the C compiler in between.
//!
//! The C compiler starts the linker with a few files and folders of its own; knowing them saves two processes for each program.

use std::path::Path;
use std::process::Command;

use crate::programs::compile::Compiler;

/// What rustc is told so that it starts its own linker; `None` where that is not known to work.
///
/// Whoever uses it tries it out first.
pub fn direct(compiler: &Compiler) -> Option<Vec<String>> {
    if cfg!(not(target_os = "linux")) {
        return None;
    }
    let output = Command::new(compiler.rustc())
        .arg("--print=target-libdir")
        .output()
        .ok()?;
    let libraries = String::from_utf8(output.stdout).ok()?;
    let linker = Path::new(libraries.trim()).parent()?.join("bin/rust-lld");
    if !linker.is_file() {
        return None;
    }
    // It prints what it would do, on standard error.
    let output = Command::new("cc")
        .args(["-###", "-pie", "main.o"])
        .output()
        .ok()?;
    let link_args = link_args(&String::from_utf8(output.stderr).ok()?)?;
    let mut args = vec![
        format!("-Clinker={}", linker.display()),
        "-Clinker-flavor=ld.lld".to_owned(),
    ];
    args.extend(link_args.iter().map(|arg| format!("-Clink-arg={arg}")));
    Some(args)
}

/// Picks the linker's arguments that depend on the system out of the C compiler's words.
fn link_args(words: &str) -> Option<Vec<String>> {
    let line = words
        .lines()
        .find(|line| line.contains("-dynamic-linker"))?;
    let words: Vec<&str> = line
        .split_whitespace()
        .map(|word| word.trim_matches('"'))
        .collect();
    let at = words.iter().position(|word| *word == "-dynamic-linker")?;
    let mut args = vec![words[at].to_owned(), (*words.get(at + 1)?).to_owned()];
    let starts = words
        .iter()
        .filter(|word| word.ends_with(".o") && word.contains("crt"));
    args.extend(starts.map(|word| (*word).to_owned()));
    // The dynamic linker with its name, and five files that every program begins or ends with.
    if args.len() != 7 {
        return None;
    }
    args.extend(
        words
            .iter()
            .filter(|word| word.starts_with("-L"))
            .map(|word| (*word).to_owned()),
    );
    Some(args)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_depends_on_the_system_is_found() {
        let words = "gcc version 12\n /usr/lib/collect2 -plugin \"-plugin-opt=x\" -m elf_x86_64 -dynamic-linker /lib64/ld.so -pie /a/Scrt1.o /a/crti.o /a/crtbeginS.o -L/a -L/b main.o -lc /a/crtendS.o /a/crtn.o\n";
        let args = link_args(words).expect("arguments");
        assert_eq!(
            args.join(" "),
            "-dynamic-linker /lib64/ld.so /a/Scrt1.o /a/crti.o /a/crtbeginS.o /a/crtendS.o /a/crtn.o -L/a -L/b"
        );
    }

    #[test]
    fn what_is_not_understood_is_not_used() {
        assert_eq!(link_args(""), None);
        assert_eq!(link_args("ld -dynamic-linker /lib64/ld.so main.o"), None);
    }
}

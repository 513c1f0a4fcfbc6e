//! What the library's page says about reading it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// What a reader of `gather` may take for given: other threads, sockets, and the observer.
const GIVEN: [&str; 6] = ["executor", "net", "observe", "poller", "remote", "threads"];

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()))
}

/// Gives the lines of code of a file: neither blank, nor a comment, nor of its own tests.
fn code(file: &Path) -> Vec<String> {
    let text = read(file);
    let own = text.split("\n#[cfg(test)]").next().expect("a first part");
    let lines = own.lines().map(str::trim);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with("//"));
    lines.map(str::to_owned).collect()
}

/// Gives the files of a module: the one of its name, and those in the folder of its name.
fn files_of(module: &str) -> Vec<PathBuf> {
    let mut files = vec![source().join(format!("{module}.rs"))];
    files.retain(|file| file.exists());
    if let Ok(folder) = fs::read_dir(source().join(module)) {
        files.extend(folder.map(|entry| entry.expect("the folder can be read").path()));
    }
    files
}

/// Gives the module that each name comes from that `lib.rs` gives to the world.
fn exports() -> BTreeMap<String, String> {
    let code = code(&source().join("lib.rs")).join(" ");
    let mut exports = BTreeMap::new();
    for line in code.split("pub use ").skip(1) {
        let (module, names) = line.split_once("::").expect("a module and its names");
        let names = names.split(';').next().expect("the names");
        for name in names.split(|c: char| !c.is_alphanumeric() && c != '_') {
            exports.insert(name.to_owned(), module.to_owned());
        }
    }
    exports
}

/// Lists the modules that a file takes something from.
fn needs(file: &Path) -> BTreeSet<String> {
    let exports = exports();
    let code = code(file).join(" ");
    let after = code.split("crate::").skip(1);
    let first = after.flat_map(|rest| {
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
        let name = &rest[..end.unwrap_or(rest.len())];
        // `use crate::{a::B, c::D}` names several.
        let group = rest
            .strip_prefix('{')
            .and_then(|rest| rest.split('}').next());
        let several = group.into_iter().flat_map(|group| group.split(", "));
        let several = several.filter_map(|path| path.split("::").next());
        std::iter::once(name).chain(several)
    });
    let modules = first.map(|name| exports.get(name).cloned().unwrap_or(name.to_owned()));
    modules
        .filter(|module| !files_of(module).is_empty())
        .collect()
}

/// Lists the modules that one needs, and those that these need, and so on.
fn closure(module: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut left = vec![module.to_owned()];
    while let Some(module) = left.pop() {
        if GIVEN.contains(&module.as_str()) || !found.insert(module.clone()) {
            continue;
        }
        left.extend(files_of(&module).iter().flat_map(|file| needs(file)));
    }
    found
}

fn lines_of(modules: impl IntoIterator<Item = impl AsRef<str>>) -> usize {
    let modules = modules.into_iter();
    let files = modules.flat_map(|module| files_of(module.as_ref()));
    files.map(|file| code(&file).len()).sum()
}

/// Gives the modules that `lib.rs` names.
fn modules() -> BTreeSet<String> {
    let code = code(&source().join("lib.rs"));
    let modules = code.iter().filter_map(|line| {
        let line = line.strip_prefix("pub ").unwrap_or(line);
        line.strip_prefix("mod ")?.strip_suffix(';')
    });
    modules.map(str::to_owned).collect()
}

/// Gives the modules that the page names between two of its headings.
fn named(from: &str, to: &str) -> BTreeSet<String> {
    let page = read(&source().join("lib.rs"));
    let (_, rest) = page.split_once(from).expect("the page says it");
    let (part, _) = rest.split_once(to).expect("and what comes after it");
    let names = part.split('`').skip(1).step_by(2).map(str::to_owned);
    let modules = modules();
    names.filter(|name| modules.contains(name)).collect()
}

#[test]
fn gather_can_be_read_in_an_evening() {
    let closure = closure("gather");
    assert!(closure.len() <= 10, "{closure:?}");
    let lines = lines_of(&closure);
    assert!(lines <= MOST_FOR_GATHER, "{lines} lines of code");
    assert!(lines > 1_000, "{lines}: these are not all that it needs");
    let first = named("# Reading order", "The rest is built");
    assert_eq!(first, closure, "the first part of the reading order");
}

#[test]
fn the_whole_library_is_no_longer_than_it_says() {
    let lines = lines_of(modules()) + code(&source().join("lib.rs")).len();
    assert!(lines <= MOST_IN_ALL, "{lines} lines of code");
}

#[test]
fn the_reading_order_names_every_module() {
    assert_eq!(named("# Reading order", "# What is simplified"), modules());
}

/// The most lines of code in the files that `gather` needs.
const MOST_FOR_GATHER: usize = 1_700;

/// The most lines of code in `src/`.
const MOST_IN_ALL: usize = 4_500;

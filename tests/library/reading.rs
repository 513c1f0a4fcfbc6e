//! What the library's page says about reading it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()))
}

/// Gives the page from one text on and up to another.
fn page(from: &str, to: &str) -> String {
    let page = read(&source().join("lib.rs"));
    let (_, rest) = page.split_once(from).expect("the page says it");
    let (part, _) = rest.split_once(to).expect("and what comes after it");
    part.to_owned()
}

fn names_in(text: &str) -> Vec<String> {
    let names = text.split('`').skip(1).step_by(2);
    names.map(str::to_owned).collect()
}

/// Gives the modules in the order in which the page names them.
fn reading_order() -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut names = names_in(&page("comes after it:", "# What is simplified"));
    // Parts of a module are read with it.
    names.retain(|name| {
        let is_file = source().join(format!("{name}.rs")).exists();
        let is_folder = source().join(name).is_dir();
        !name.contains('/') && (is_file || is_folder) && seen.insert(name.clone())
    });
    names
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

/// Lists the modules that a file takes something from, unit tests and comments aside.
fn needs(file: &Path) -> BTreeSet<String> {
    let text = read(file);
    let code = text
        .split("\nmod tests {")
        .next()
        .expect("there is a first part");
    let code = code
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    code.flat_map(|line| line.split("crate::").skip(1))
        .map(|rest| {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
            rest[..end.unwrap_or(rest.len())].to_owned()
        })
        .collect()
}

#[test]
fn the_heart_has_some_two_thousand_lines() {
    let heart = names_in(&page("The heart is ", ":"));
    let lines = |name| read(&source().join(format!("{name}.rs"))).lines().count();
    let lines: usize = heart.iter().map(lines).sum();
    assert_eq!(heart.len(), 6);
    assert!((1_800..2_200).contains(&lines), "{lines}");
}

#[test]
fn the_reading_order_names_every_module() {
    let page = read(&source().join("lib.rs"));
    let modules = page.lines().filter_map(|line| {
        let line = line.strip_prefix("pub ").unwrap_or(line);
        line.strip_prefix("mod ")?.strip_suffix(';')
    });
    let modules: BTreeSet<String> = modules.map(str::to_owned).collect();
    let named: BTreeSet<String> = reading_order().into_iter().collect();
    assert_eq!(named, modules);
}

#[test]
fn no_file_needs_one_that_comes_after_it() {
    let mut read_already = BTreeSet::new();
    for module in reading_order() {
        read_already.insert(module.clone());
        for file in files_of(&module) {
            let missing: Vec<String> = needs(&file).difference(&read_already).cloned().collect();
            assert!(missing.is_empty(), "{} needs {missing:?}", file.display());
        }
    }
    assert!(read_already.len() > 30);
}

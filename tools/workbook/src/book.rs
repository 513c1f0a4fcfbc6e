//! The book: its folder, and the pages made of it.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use mdbook_driver::MDBook;
use mdbook_driver::config::Config;
use serde_json::{Value, json};

use crate::api;
use crate::preprocess::Workbook;
use crate::programs::cargo;
use crate::rename::rename;
use crate::watch::full_path;

/// Lies in every folder that [`Book::build`] wrote, and tells it from folders that hold something else.
const MARKER: &str = ".asyncio-workbook";

/// The folder that holds `book.toml`.
#[derive(Clone, Debug)]
pub struct Book {
    folder: PathBuf,
}

impl Book {
    /// Finds the folder: the one given, this project's, or `book` where the program was started.
    pub fn find(given: Option<&Path>) -> Result<Book> {
        let places = match given {
            Some(folder) => vec![folder.to_path_buf()],
            None => vec![cargo::workspace().join("book"), env::current_dir()?.join("book")],
        };
        for place in &places {
            if place.join("book.toml").is_file() {
                let folder = full_path(place)?;
                return Ok(Book { folder });
            }
        }
        bail!(
            "no book.toml in {}: start this in the project's folder, or name the book's folder with --book DIR",
            places[0].display()
        )
    }

    /// The folder that the book's chapters take source files from: the project's, if the book lies in it.
    pub fn project(&self) -> &Path {
        self.folder.parent().unwrap_or(&self.folder)
    }

    /// The folder that holds `book.toml`.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The files and folders that the pages are made of.
    pub fn sources(&self) -> Vec<PathBuf> {
        let mut sources = vec![
            self.folder.join("book.toml"),
            self.folder.join("src"),
            self.folder.join("figures"),
            self.folder.join("plots"),
            self.folder.join("theme"),
        ];
        sources.extend(["examples", "src"].map(|name| self.project().join(name)));
        sources
    }

    /// Makes the pages; what was in `dest` is gone then.
    pub fn render(&self, dest: &Path) -> Result<()> {
        let build = || {
            let mut config = Config::from_disk(self.folder.join("book.toml"))?;
            config.build.build_dir = dest.to_path_buf();
            // Reading a book must not write into it.
            config.build.create_missing = false;
            let mut book = MDBook::load_with_config(&self.folder, config)?;
            book.with_preprocessor(Workbook);
            book.build()
        };
        build().with_context(|| format!("cannot build the book in {}", self.folder.display()))?;
        lighten_search(dest).with_context(|| format!("cannot write to {}", dest.display()))
    }

    /// Writes the book with the library's documentation, to be read without this program.
    pub fn build(&self, dest: &Path) -> Result<()> {
        let dest = std::path::absolute(dest)?;
        check_replaceable(&dest)?;
        let parent =
            dest.parent().with_context(|| format!("{} cannot be a book: name a new folder", dest.display()))?;
        fs::create_dir_all(parent).with_context(|| format!("cannot make the folder {}", parent.display()))?;

        // The old pages stay until the new ones are complete.
        let work = tempfile::Builder::new()
            .prefix(".book-")
            .tempdir_in(parent)
            .with_context(|| format!("cannot write to {}", parent.display()))?;
        let pages = work.path().join("pages");
        self.render(&pages)?;
        if let Some(documentation) = api::build_now(self.project()) {
            copy_folder(&documentation, &pages.join("api"))
                .with_context(|| format!("cannot write to {}", parent.display()))?;
        }
        fs::write(pages.join(MARKER), "").with_context(|| format!("cannot write to {}", parent.display()))?;
        if dest.exists() {
            fs::remove_dir_all(&dest).with_context(|| format!("cannot replace {}", dest.display()))?;
        }
        rename(&pages, &dest).with_context(|| format!("cannot write {}", dest.display()))
    }
}

/// Makes the file that a search loads a third of what it was.
fn lighten_search(pages: &Path) -> io::Result<()> {
    for entry in fs::read_dir(pages)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with("searchindex") {
            let text = fs::read_to_string(entry.path())?;
            if let Some(lighter) = without_lists(&text) {
                fs::write(entry.path(), lighter)?;
            }
        }
    }
    Ok(())
}

/// mdBook's search index without its lists of words, if it looks as expected: `book/theme/search.js` looks through the texts, which stand in the index, too.
///
/// Simplification: a plain mdBook leaves the lists in, and finds the same.
pub fn without_lists(index: &str) -> Option<String> {
    let (before, rest) = index.split_once("JSON.parse('")?;
    let (json, after) = rest.rsplit_once("')")?;
    // mdBook escapes these two, the latter first.
    let json = json.replace("\\'", "'").replace("\\\\", "\\");
    let mut value: Value = serde_json::from_str(&json).ok()?;
    for list in value.get_mut("index")?.get_mut("index")?.as_object_mut()?.values_mut() {
        *list = json!({ "root": { "docs": {}, "df": 0 } });
    }
    let json = value.to_string().replace('\\', "\\\\").replace('\'', "\\'");
    Some(format!("{before}JSON.parse('{json}'){after}"))
}

/// Nobody's files may be deleted by a slip of the keyboard.
fn check_replaceable(dest: &Path) -> Result<()> {
    let data = match fs::symlink_metadata(dest) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        data => data.with_context(|| format!("cannot look at {}", dest.display()))?,
    };
    if !data.is_dir() {
        bail!("{} is not a folder: name another one", dest.display());
    }
    let empty = fs::read_dir(dest)?.next().is_none();
    if !empty && !dest.join(MARKER).is_file() {
        bail!("{} holds files that are not a built book: empty it or name another folder", dest.display());
    }
    Ok(())
}

fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else if entry.file_name() != ".lock" {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

//! Every link in the built book leads somewhere, and no page asks another machine for anything.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};
use libtest_mimic::{Failed, Trial};
use percent_encoding::percent_decode_str;

use crate::Context;

pub fn trials(context: &'static Context) -> Vec<Trial> {
    vec![Trial::test("links of the built book", move || {
        let _cores = context.cores.read();
        let folder = tempfile::tempdir()?;
        let site = folder.path().join("book");
        context.book.build(&site)?;
        let problems = problems(&site)?;
        if problems.is_empty() { Ok(()) } else { Err(Failed::from(problems.join("\n"))) }
    })]
}

/// What one page refers to, and what can be referred to in it.
#[derive(Default)]
struct Page {
    ids: HashSet<String>,
    links: Vec<Link>,
}

struct Link {
    line: u64,
    to: String,
    /// Whether the browser follows it by itself, as it does with images and scripts.
    loaded: bool,
}

/// Lists the dead links of the book in this folder, and the requests that would leave the machine.
pub fn problems(site: &Path) -> Result<Vec<String>> {
    let mut pages = Pages::default();
    let mut problems = Vec::new();
    for file in files(site)? {
        let name = file.strip_prefix(site)?.display().to_string();
        if name == "404.html" {
            // Written for the root of a server; its links are the layout's, which every page has.
            continue;
        }
        if name.ends_with(".css") {
            let text = fs::read_to_string(&file)?.replace(['"', '\''], "");
            if ["url(http", "url(//", "@import"].iter().any(|mark| text.contains(mark)) {
                problems.push(format!("{name}: a style must not load from elsewhere"));
            }
        }
        if !name.ends_with(".html") {
            continue;
        }
        let links = std::mem::take(&mut pages.page(&file)?.links);
        for link in links {
            if let Err(what) = check(site, &file, &link, &mut pages)? {
                problems.push(format!("{name}:{}: `{}` {what}", link.line, link.to));
            }
        }
    }
    Ok(problems)
}

fn check(site: &Path, from: &Path, link: &Link, pages: &mut Pages) -> Result<Result<(), &'static str>> {
    let external = link.to.starts_with("//")
        || link.to.split_once(':').is_some_and(|(scheme, _)| scheme.bytes().all(|b| b.is_ascii_alphanumeric()));
    if external {
        let fetches = link.loaded && !link.to.starts_with("data:");
        return Ok(if fetches { Err("asks another machine: keep the file in the book") } else { Ok(()) });
    }
    let (path, fragment) = match link.to.split_once('#') {
        Some((path, fragment)) => (path, Some(fragment)),
        None => (link.to.as_str(), None),
    };
    let path = path.split('?').next().unwrap_or_default();
    if path.starts_with('/') {
        return Ok(Err("works only at the root of a server: make it relative"));
    }
    let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let mut target = match path {
        "" => from.to_path_buf(),
        path => from.parent().unwrap_or(site).join(decode(path)),
    };
    if target.is_dir() {
        target.push("index.html");
    }
    if !target.is_file() {
        return Ok(Err("leads nowhere: there is no such file in the built book"));
    }
    let is_page = target.extension().is_some_and(|ending| ending == "html");
    match fragment.map(decode) {
        Some(id) if is_page && !id.is_empty() => {
            // A range of lines in a page of source; its script knows the range.
            let first = match id.split_once('-') {
                Some((first, last)) if is_number(first) && is_number(last) => first,
                _ => &id,
            };
            let found = pages.page(&target)?.ids.contains(first);
            Ok(if found { Ok(()) } else { Err("leads to no place in that page: no element has this id") })
        }
        _ => Ok(Ok(())),
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// The pages read so far.
#[derive(Default)]
struct Pages(HashMap<PathBuf, Page>);

impl Pages {
    fn page(&mut self, file: &Path) -> Result<&mut Page> {
        let file = fs::canonicalize(file)?;
        if !self.0.contains_key(&file) {
            let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
            self.0.insert(file.clone(), read(&text));
        }
        self.0.get_mut(&file).context("the page was just put there")
    }
}

fn read(html: &str) -> Page {
    let tokenizer = Tokenizer::new(Reader::default(), TokenizerOpts::default());
    let input = BufferQueue::default();
    input.push_back(StrTendril::from(html));
    // Nothing here runs a script, so the tokenizer goes to the end.
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    tokenizer.sink.0.into_inner()
}

#[derive(Default)]
struct Reader(RefCell<Page>);

impl TokenSink for Reader {
    type Handle = ();

    fn process_token(&self, token: Token, line: u64) -> TokenSinkResult<()> {
        let Token::TagToken(tag) = token else {
            return TokenSinkResult::Continue;
        };
        if tag.kind == TagKind::EndTag {
            return TokenSinkResult::Continue;
        }
        self.0.borrow_mut().add(&tag, line);
        match &*tag.name {
            "script" => TokenSinkResult::RawData(RawKind::ScriptData),
            "style" => TokenSinkResult::RawData(RawKind::Rawtext),
            _ => TokenSinkResult::Continue,
        }
    }
}

impl Page {
    fn add(&mut self, tag: &Tag, line: u64) {
        for attribute in &tag.attrs {
            let value = attribute.value.to_string();
            match (&*attribute.name.local, &*tag.name) {
                ("id", _) | ("name", "a") => {
                    self.ids.insert(value);
                }
                ("href", element @ ("a" | "area" | "link")) => {
                    self.links.push(Link { line, to: value, loaded: element == "link" })
                }
                ("src", _) | ("data", "object") => self.links.push(Link { line, to: value, loaded: true }),
                _ => {}
            }
        }
    }
}

/// All files of the book, but not the library's documentation, which rustdoc answers for.
fn files(site: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![site.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if !entry.file_type()?.is_dir() {
                files.push(entry.path());
            } else if entry.path() != site.join("api") {
                folders.push(entry.path());
            }
        }
    }
    files.sort();
    Ok(files)
}

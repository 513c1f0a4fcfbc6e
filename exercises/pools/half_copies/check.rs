mod exercise;

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::Path;
use std::process::{self, ExitCode};
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;
use std::{env, fs};

use check::Checks;
use exercise::Source;

/// Fails in the middle.
struct Breaks {
    read: bool,
}

impl Read for Breaks {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        check::block(Duration::from_secs(1)); // A disk that breaks is slow, too.
        if self.read {
            return Err(io::Error::other("the disk broke"));
        }
        self.read = true;
        buffer[..4].copy_from_slice(b"half");
        Ok(4)
    }
}

/// Waits at its beginning for another one, for a moment, because copies may well be made one after another.
struct Meets {
    tell: Sender<()>,
    told: Receiver<()>,
    text: &'static [u8],
}

impl Read for Meets {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.tell.send(()).is_ok() {
            let _ = self.told.recv_timeout(Duration::from_millis(100));
        }
        self.text.read(buffer)
    }
}

/// Two sources that are read at the same time, if their copies are made so.
fn meet(texts: [&'static str; 2]) -> [Source; 2] {
    let ((tell, heard), (answer, told)) = (mpsc::channel(), mpsc::channel());
    let [one, two] = texts.map(str::as_bytes);
    let one = Meets {
        tell,
        told,
        text: one,
    };
    let two = Meets {
        tell: answer,
        told: heard,
        text: two,
    };
    [Box::new(one), Box::new(two)]
}

fn whole(text: &'static str) -> Source {
    Box::new(text.as_bytes())
}

fn breaks() -> Source {
    Box::new(Breaks { read: false })
}

/// The files of a folder and what is in them.
fn files(folder: &Path) -> io::Result<BTreeMap<String, String>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        files.insert(name, fs::read_to_string(entry.path())?);
    }
    Ok(files)
}

fn copies(checks: &mut Checks, folder: &Path) -> io::Result<()> {
    fs::write(folder.join("price"), "old price")?;
    fs::write(folder.join("menu"), "old menu")?;
    // Another name of the old file shows whether somebody writes into it.
    let old = folder.with_extension("old");
    fs::hard_link(folder.join("menu"), &old)?;
    let run = checks.on_tokio(async {
        let jobs = [
            ("green", whole("green tea")),
            ("price", breaks()),
            ("black", whole("black tea")),
            ("white", breaks()),
            ("menu", whole("new menu")),
        ];
        let jobs = jobs.map(|(name, source)| (source, folder.join(name)));
        let failed = exercise::copy_all(jobs.into()).await;
        let mut failed: Vec<String> = failed
            .into_iter()
            .map(|(target, error)| {
                let name = target.file_name().unwrap_or_default().to_string_lossy();
                format!("{name}: {error}")
            })
            .collect();
        failed.sort();
        failed
    });
    let found = files(folder)?;
    let in_old = fs::read_to_string(&old);
    fs::remove_file(&old)?;
    let content = |name: &str| found.get(name).map(String::as_str);
    let claim = "a copy that breaks leaves an older file as it is";
    checks.equal_in("half", claim, &run, &Some("old price"), |_| {
        content("price")
    });
    let claim = "a copy that breaks leaves no half file";
    checks.equal_in("half", claim, &run, &None, |_| content("white"));
    let claim = "nobody writes into an older file: a whole new one takes its name";
    checks.equal_in("half", claim, &run, &Some("old menu"), |_| {
        in_old.as_deref().ok()
    });
    let claim = "what comes after a failure is copied, too";
    let copied = [Some("green tea"), Some("black tea"), Some("new menu")];
    checks.equal_in("others", claim, &run, &copied, |_| {
        ["green", "black", "menu"].map(content)
    });
    let claim = "nothing else lies in the folder";
    let left = vec!["black", "green", "menu", "price"];
    checks.equal_in("left", claim, &run, &left, |_| {
        found.keys().map(String::as_str).collect()
    });
    checks.value(
        "failed",
        "each failure is listed with its target",
        &run,
        &vec![
            "price: the disk broke".to_owned(),
            "white: the disk broke".to_owned(),
        ],
    );
    checks.never_blocked("free", "the loop stays free", &run);

    let inner = folder.join("inner");
    fs::create_dir(&inner)?;
    let run = checks.on_tokio(async {
        let [one, two] = meet(["tea as text", "tea as a page"]);
        let jobs = [(one, "tea.txt"), (two, "tea.html")];
        let jobs = jobs.map(|(source, name)| (source, inner.join(name)));
        exercise::copy_all(jobs.into()).await.len()
    });
    let expected = [("tea.html", "tea as a page"), ("tea.txt", "tea as text")];
    let expected = expected.map(|(name, text)| (name.to_owned(), text.to_owned()));
    let found = files(&inner)?;
    checks.equal_in(
        "apart",
        "copies into one folder do not disturb each other: none fails, and each file is its own",
        &run,
        &(0, BTreeMap::from(expected)),
        |failed| (*failed, found),
    );
    Ok(())
}

fn main() -> ExitCode {
    check::program(|checks| {
        let folder = env::temp_dir().join(format!("half-copies-{}", process::id()));
        fs::create_dir(&folder).expect("a folder can be made");
        let done = copies(checks, &folder);
        fs::remove_dir_all(&folder).expect("the folder is there");
        done.expect("the folder can be read and written");
    })
}

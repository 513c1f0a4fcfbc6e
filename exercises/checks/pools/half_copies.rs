mod exercise;

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::Path;
use std::process::{self, ExitCode};
use std::{env, fs};

use check::Checks;
use exercise::Source;

/// Fails in the middle.
struct Breaks {
    read: bool,
}

impl Read for Breaks {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.read {
            return Err(io::Error::other("the disk broke"));
        }
        self.read = true;
        buffer[..4].copy_from_slice(b"half");
        Ok(4)
    }
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
    let content = |name: &str| found.get(name).map(String::as_str);
    if run.value.is_some() {
        checks.equal(
            "half",
            "a copy that breaks leaves an older file as it is",
            &Some("old price"),
            &content("price"),
        );
        checks.equal(
            "half",
            "a copy that breaks leaves no half file",
            &None,
            &content("white"),
        );
        checks.equal(
            "others",
            "what comes after a failure is copied, too",
            &[Some("green tea"), Some("black tea"), Some("new menu")],
            &["green", "black", "menu"].map(content),
        );
        checks.equal(
            "left",
            "nothing else lies in the folder",
            &vec!["black", "green", "menu", "price"],
            &found.keys().map(String::as_str).collect(),
        );
    }
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

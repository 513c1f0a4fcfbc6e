mod exercise;

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use tokio::sync::mpsc::{Receiver, channel};
use tokio::time::{sleep, timeout};

fn milliseconds(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// What comes, one each second.
#[derive(Clone, Copy)]
enum Comes {
    Piece(&'static str),
    Breaks,
}
use Comes::{Breaks, Piece};

fn download(pieces: &'static [Comes]) -> Receiver<io::Result<Vec<u8>>> {
    let (sender, receiver) = channel(1);
    tokio::spawn(async move {
        for piece in pieces {
            sleep(milliseconds(1000)).await;
            let piece = match piece {
                Piece(text) => Ok(text.as_bytes().to_vec()),
                Breaks => Err(ErrorKind::ConnectionReset.into()),
            };
            // It fails if nobody wants the rest.
            let _ = sender.send(piece).await;
        }
    });
    receiver
}

/// A new folder, with an old menu in it.
fn folder() -> &'static Path {
    let folder = Path::new("folder");
    let _ = fs::remove_dir_all(folder);
    fs::create_dir(folder).expect("the current folder is writable");
    fs::write(folder.join("menu.txt"), "old").expect("it was just made");
    folder
}

/// All files with their contents, sorted.
fn files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("it is there");
    let mut files: Vec<String> = entries
        .map(|entry| {
            let path = entry.expect("an entry").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            format!("{name}: {}", fs::read_to_string(&path).unwrap_or_default())
        })
        .collect();
    files.sort();
    files
}

fn text(files: &[&str]) -> Vec<String> {
    files.iter().map(|file| (*file).to_owned()).collect()
}

type Seen = (Result<(), ErrorKind>, Vec<String>);

/// Saves this download as the new menu, and looks into the folder afterwards.
async fn save(pieces: &'static [Comes], length: u64) -> Seen {
    let folder = folder();
    let saved = exercise::save(download(pieces), length, &folder.join("menu.txt")).await;
    (saved.map_err(|error| error.kind()), files(folder))
}

fn main() -> ExitCode {
    check::program(|checks| {
        let whole = &[Piece("new "), Piece("menu"), Piece("!")];
        let run = checks.on_tokio(save(whole, 9));
        let expected = (Ok(()), text(&["menu.txt: new menu!"]));
        checks.value(
            "whole",
            "a whole download replaces the old file",
            &run,
            &expected,
        );

        let run = checks.on_tokio(async {
            let folder = folder();
            let menu = folder.join("menu.txt");
            // Another name of the old file shows whether somebody writes into it.
            let _ = fs::remove_file("old");
            fs::hard_link(&menu, "old").expect("a file may have two names");
            let saved = exercise::save(download(whole), 9, &menu).await;
            let old = fs::read_to_string("old");
            let _ = fs::remove_file("old");
            (saved.is_ok(), old.unwrap_or_else(|error| error.to_string()))
        });
        let claim = "nobody writes into the old file: a whole new one takes its name";
        checks.value("half", claim, &run, &(true, "old".to_owned()));

        let run = checks.on_tokio(async {
            let folder = folder();
            let menu = folder.join("menu.txt");
            let saving = exercise::save(download(whole), 9, &menu);
            let look = async {
                sleep(milliseconds(2500)).await;
                fs::read_to_string(&menu).unwrap_or_else(|error| error.to_string())
            };
            let (_, seen) = tokio::join!(saving, look);
            seen
        });
        let claim = "until it is whole, the old file is there";
        checks.value("half", claim, &run, &"old".to_owned());

        let untouched = text(&["menu.txt: old"]);
        let run = checks.on_tokio(save(&[Piece("new "), Breaks, Piece("menu!")], 9));
        let expected = (Err(ErrorKind::ConnectionReset), untouched.clone());
        let claim = "after an error the folder is as before";
        checks.value("error", claim, &run, &expected);

        for (claim, pieces) in [
            (
                "too few bytes are an error",
                &[Piece("new "), Piece("me")][..],
            ),
            ("so are too many", &[Piece("new "), Piece("menu!!")]),
            ("so is nothing", &[]),
        ] {
            let run = checks.on_tokio(save(pieces, 9));
            let expected = (Err(ErrorKind::UnexpectedEof), untouched.clone());
            checks.value("length", claim, &run, &expected);
        }

        let run = checks.on_tokio(async {
            let folder = folder();
            let menu = folder.join("menu.txt");
            let saving = exercise::save(download(whole), 9, &menu);
            let is_dropped = timeout(milliseconds(1500), saving).await.is_err();
            // What is still being written by others gets time to do harm.
            sleep(milliseconds(60_000)).await;
            (is_dropped, files(folder))
        });
        let claim = "if it is dropped in the middle, the folder is as before";
        checks.value("dropped", claim, &run, &(true, untouched));

        let run = checks.on_tokio(async {
            let folder = folder();
            let others: &[Comes] = &[Piece("list"), Piece(" of"), Piece(" teas")];
            let (menu, list) = (folder.join("menu.txt"), folder.join("menu.md"));
            let (one, two) = tokio::join!(
                exercise::save(download(whole), 9, &menu),
                exercise::save(download(others), 12, &list),
            );
            (one.is_ok() && two.is_ok(), files(folder))
        });
        let expected = text(&["menu.md: list of teas", "menu.txt: new menu!"]);
        let claim = "two downloads into one folder do not disturb each other";
        checks.value("two", claim, &run, &(true, expected));
        let _ = fs::remove_dir_all("folder");
    })
}

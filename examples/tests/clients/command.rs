//! The command line, and the bars that it draws.

use std::io;
use std::process::Command;
use std::sync::{Arc, Mutex};

use indicatif::{ProgressDrawTarget, TermLike};
use tokio::runtime::Runtime;

use crate::common::{assert_one_sentence, example};
use crate::local_servers::Folder;
use crate::{once, run, tea, url};

#[test]
fn the_command_reports_each_failure_goes_on_and_draws_no_bars_without_a_terminal() {
    let folder = Folder::new().unwrap();
    let runtime = Runtime::new().unwrap();
    let server = runtime.block_on(tea().serve()).unwrap();
    let [tea, coffee, again] = ["tea", "coffee", "moved/tea"].map(|path| server.url(path));
    let clients = example("clients");
    let command = |arguments: &[&str]| {
        let mut command = Command::new(&clients);
        command.args(arguments).env("NO_PROXY", "*");
        command.output().unwrap()
    };
    let into = folder.path().to_str().unwrap();
    let named = [&coffee, "ftp://x/y", "http://", &tea, &again];
    let output = command(&[["--into", into].as_slice(), &named].concat());
    let errors = String::from_utf8(output.stderr).unwrap();
    let mut errors: Vec<_> = errors.lines().collect();
    errors.sort();
    let mut expected = [
        format!("error: {coffee}: the server answered 404 Not Found"),
        "error: ftp://x/y: cannot download from ftp://, only from http:// and https://".to_owned(),
        "error: http://: not a URL: empty host".to_owned(),
        format!("error: {again}: another download is called tea, too"),
    ];
    expected.sort();
    assert_eq!(errors, expected);
    assert_eq!(output.status.code(), Some(1));
    let line = format!("{}: 1000 bytes\n", folder.tea().display());
    assert_eq!(String::from_utf8(output.stdout).unwrap(), line);
    folder.has_the_tea();

    let output = command(&["--into", into, &tea]);
    assert!(output.status.success());
    assert_eq!(output.stderr, b"");
}

#[test]
fn a_wrong_argument_is_named_in_one_sentence() {
    let clients = example("clients");
    for (arguments, error) in [
        (
            "--into no-such-folder http://x/y",
            "no-such-folder is no folder",
        ),
        ("--into .", "nothing to download: name a URL"),
        ("--onto . http://x/y", "invalid option '--onto'"),
        ("green", "there is no part called \"green\""),
        ("--head", "--head needs a host"),
    ] {
        let output = Command::new(&clients).args(arguments.split(' ')).output();
        assert_one_sentence(&output.unwrap(), &format!("error: {error}; try --help"));
    }
}

#[test]
fn the_heads_of_hosts_are_printed_and_one_that_fails_keeps_none_back() {
    let runtime = Runtime::new().unwrap();
    let server = runtime.block_on(tea().serve()).unwrap();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = free.local_addr().unwrap().to_string();
    drop(free);
    let url = server.url("");
    let host = url.trim_start_matches("http://").trim_end_matches('/');
    let output = Command::new(example("clients"))
        .args(["--head", &nobody, host])
        .output();
    let output = output.unwrap();
    let (said, errors) = (
        String::from_utf8(output.stdout),
        String::from_utf8(output.stderr),
    );
    assert!(
        said.unwrap()
            .starts_with(&format!("{host}: HTTP/1.1 404 Not Found\n"))
    );
    assert!(
        errors
            .unwrap()
            .starts_with(&format!("error: {nobody}: cannot connect to {nobody}: "))
    );
    assert_eq!(output.status.code(), Some(1));
}

/// A terminal that remembers what was written.
#[derive(Clone, Debug, Default)]
struct Screen(Arc<Mutex<String>>);

impl TermLike for Screen {
    fn width(&self) -> u16 {
        100
    }

    fn move_cursor_up(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_down(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_right(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_left(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.write_str(text)
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.0.lock().unwrap().push_str(text);
        Ok(())
    }

    fn clear_line(&self) -> io::Result<()> {
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_terminal_shows_a_bar_for_each_download() {
    let (folder, screen) = (Folder::new().unwrap(), Screen::default());
    run(async {
        let site = tea();
        site.replace("other", vec![0; 500]);
        let server = site.serve().await.unwrap();
        let downloader = once();
        let target = ProgressDrawTarget::term_like(Box::new(screen.clone()));
        downloader.bars().set_draw_target(target);
        let (first, second) = (url(&server, "tea"), url(&server, "other"));
        let (tea, other) = (folder.tea(), folder.join("other"));
        let (first, second) = tokio::join!(
            downloader.download(&first, &tea),
            downloader.download(&second, &other)
        );
        assert_eq!((first.unwrap(), second.unwrap()), (1000, 500));
    });
    let shown = screen.0.lock().unwrap();
    for (name, length) in [("tea  ", "1000 B"), ("other  ", "500 B")] {
        assert!(
            shown.contains(name) && shown.contains(&format!(" of {length}")),
            "{shown}"
        );
    }
}

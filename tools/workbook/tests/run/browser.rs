//! How the secret reaches the browser.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::server::{Server, wait_until};

pub fn the_browser_gets_the_secret_in_a_file_of_its_own() {
    let tools = tempfile::tempdir().expect("a temporary folder");
    let seen = tools.path().join("seen");
    // Stands for the program that opens a browser.
    let script = format!(
        "#!/bin/sh\nprintf '%s\\n' \"$*\" > {0}/new && cat \"$1\" >> {0}/new && stat -c %a \"$1\" >> {0}/new && mv {0}/new {1}\n",
        tools.path().display(),
        seen.display()
    );
    for name in ["xdg-open", "gio", "gnome-open", "kde-open", "wslview"] {
        let file = tools.path().join(name);
        fs::write(&file, &script).expect("a script");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o700)).expect("an executable");
    }
    let path = std::env::var("PATH").expect("a search path");
    let server = Server::start_with(|command| {
        command.args(["--port", "0"]).env("PATH", format!("{}:{path}", tools.path().display()));
    });
    assert_eq!(server.token, "", "the address that is printed has no secret");
    wait_until("the browser is opened", || seen.exists());
    let seen = fs::read_to_string(&seen).expect("what the browser saw");
    let lines: Vec<&str> = seen.lines().collect();
    let [argument, page, mode] = lines[..] else {
        panic!("{seen}");
    };
    assert_eq!(mode, "600");
    let address = format!("http://127.0.0.1:{}/#token=", server.port);
    let (_, token) = page.split_once(&address).expect("the address");
    let token = &token[..64];
    assert!(token.bytes().all(|byte| byte.is_ascii_hexdigit()), "{page}");
    assert!(!argument.contains(token));
    let own = fs::read_to_string(format!("/proc/{}/cmdline", server.child.id()));
    assert!(!own.expect("its arguments").contains(token));
    assert!(Path::new(argument).exists());
    for error in server.errors.try_iter() {
        assert!(!error.contains(token), "{error}");
    }
}

pub fn two_starts_have_two_secrets() {
    let start = || {
        Server::start_with(|command| {
            command.args(["--no-open", "--port", "0"]);
        })
    };
    let (one, two) = (start(), start());
    assert_eq!((one.token.len(), two.token.len()), (64, 64));
    assert_ne!(one.token, two.token);
}

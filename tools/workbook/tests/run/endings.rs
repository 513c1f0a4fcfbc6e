//! Nothing of a run is left, whichever way it ends.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use wait_timeout::ChildExt;

use crate::lines::DEADLINE;
use crate::server::{Server, WALL, wait_until};

/// Prints its folder, its process id, its parent's, and that of a process which has left its group and its session and is nobody's child.
const FAMILY: &str = r#"use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
fn main() {
    let mut escape = Command::new("setsid")
        .args(["--fork", "sh", "-c", "echo $$; exec sleep 600"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pid = String::new();
    BufReader::new(escape.stdout.take().unwrap()).read_line(&mut pid).unwrap();
    escape.wait().unwrap();
    println!(
        "{} {} {} {}",
        std::env::current_dir().unwrap().display(),
        std::process::id(),
        std::os::unix::process::parent_id(),
        pid.trim()
    );
    END
}
"#;

/// What a family leaves behind if nobody cares.
struct Family {
    folder: String,
    program: String,
    supervisor: String,
    escaped: String,
}

impl Family {
    fn read(line: &str) -> Family {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let [folder, program, supervisor, escaped] = words.try_into().expect("four words");
        Family { folder, program, supervisor, escaped }
    }

    #[track_caller]
    fn is_there(&self) {
        assert!(is_alive(&self.program) && is_alive(&self.escaped));
        assert!(Path::new(&self.folder).is_dir());
    }

    #[track_caller]
    fn wait_until_gone(&self) {
        wait_until("the program is gone", || !is_alive(&self.program));
        wait_until("the process that escaped is gone", || !is_alive(&self.escaped));
        wait_until("the supervisor is gone", || !is_alive(&self.supervisor));
        wait_until("the folder is gone", || !Path::new(&self.folder).exists());
    }
}

/// Whether the process runs; one that is dead and not yet waited for does not.
fn is_alive(pid: &str) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| {
        let state = stat.rsplit_once(')').map(|(_, rest)| rest.trim_start());
        !state.is_some_and(|state| state.starts_with('Z'))
    })
}

fn program(end: &str) -> String {
    FAMILY.replace("END", end)
}

fn signal(name: &str, pid: &str) {
    let status = Command::new("kill").args([name, "--", pid]).status();
    assert!(status.expect("kill is part of Unix").success());
}

pub fn a_process_that_escapes_ends_with_its_program(server: &Server) {
    let ended = server.run(&program(""));
    assert_eq!(ended.done["ok"], true, "{ended:?}");
    Family::read(&ended.stdout).wait_until_gone();
}

pub fn a_process_that_escapes_is_stopped_with_its_program(server: &Server) {
    let ended = server.run(&program("loop {}"));
    assert_eq!(ended.why(), "time", "{ended:?}");
    Family::read(&ended.stdout).wait_until_gone();
}

pub fn a_client_that_goes_away_takes_its_program_along(server: &Server) {
    let (connection, line) = server.begin_until_line(&program("std::thread::park()"));
    let family = Family::read(&line);
    family.is_there();
    let start = Instant::now();
    drop(connection);
    family.wait_until_gone();
    // The limit of time would have ended it too.
    assert!(start.elapsed() < WALL / 2, "{:?}", start.elapsed());
    assert_eq!(server.run("fn main() {}").done["ok"], true);
}

pub fn a_client_that_goes_away_stops_the_compiler(server: &Server) {
    let (connection, _) = server.begin(
        "#![allow(long_running_const_eval)]\nconst N: u64 = { let mut n = 1; while n < 1 << 60 { n += 1 } n };\nfn main() { println!(\"{N}\") }",
    );
    wait_until("the compiler runs", || compilers(server) > 0);
    drop(connection);
    wait_until("the compiler is gone", || compilers(server) == 0);
}

/// Counts the compilers that run for the server.
pub fn compilers(server: &Server) -> usize {
    let family = family_of(server.child.id());
    family.iter().filter(|name| *name == "rustc").count()
}

/// The names of all processes that descend from this one.
fn family_of(pid: u32) -> Vec<String> {
    let mut found = Vec::new();
    let mut parents = vec![pid.to_string()];
    let all: Vec<(String, String, String)> = fs::read_dir("/proc")
        .expect("the list of processes")
        .flatten()
        .filter_map(|entry| {
            let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
            let (start, rest) = stat.rsplit_once(')')?;
            let (pid, name) = start.split_once(" (")?;
            let parent = rest.split_whitespace().nth(1)?;
            Some((pid.to_owned(), parent.to_owned(), name.to_owned()))
        })
        .collect();
    while let Some(parent) = parents.pop() {
        for (pid, _, name) in all.iter().filter(|(_, other, _)| *other == parent) {
            parents.push(pid.clone());
            found.push(name.clone());
        }
    }
    found
}

pub fn a_supervisor_that_is_killed_takes_its_program_along(server: &Server) {
    let code = "fn main() { println!(\"{} {}\", std::process::id(), std::os::unix::process::parent_id()); std::thread::park() }";
    let (_connection, line) = server.begin_until_line(code);
    let (program, supervisor) = line.split_once(' ').expect("two words");
    signal("-KILL", supervisor);
    wait_until("the program is gone", || !is_alive(program));
    assert_eq!(server.run("fn main() {}").done["ok"], true);
}

pub fn ctrl_c_stops_the_program_that_runs() {
    let mut server = Server::start();
    let (_connection, line) = server.begin_until_line(&program("std::thread::park()"));
    let family = Family::read(&line);
    family.is_there();
    // A terminal sends it to everything that it started.
    signal("-INT", &format!("-{}", server.child.id()));
    let status = server.child.wait_timeout(DEADLINE).expect("a child");
    assert_eq!(status.expect("an end").code(), Some(0));
    // The server has waited for all this.
    assert!(!is_alive(&family.program) && !is_alive(&family.escaped));
    assert!(!Path::new(&family.folder).exists());
    family.wait_until_gone();
    let private = Path::new(&family.folder).parent().expect("a folder");
    assert!(!private.exists(), "the server's own folder is gone too");
}

pub fn a_server_that_is_killed_leaves_no_process() {
    let mut server = Server::start();
    let (_connection, line) = server.begin_until_line(&program("std::thread::park()"));
    let family = Family::read(&line);
    family.is_there();
    server.child.kill().expect("a running server");
    family.wait_until_gone();
    // The next start sweeps what the dead one could not.
    let private = Path::new(&family.folder).parent().expect("a folder");
    assert!(private.exists());
    // A server of another test may be about to sweep it, and holds its lock meanwhile.
    let is_swept = (0..10).any(|_| {
        drop(Server::start());
        !private.exists()
    });
    assert!(is_swept);
}

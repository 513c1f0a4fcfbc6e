//! Nothing of a run is left, whichever way it ends.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use wait_timeout::ChildExt;

use crate::fence::{Fence, MANY};
use crate::lines::DEADLINE;
use crate::server::{Running, Server, WALL, wait_until};

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

/// A program runs as its supervisor's user, so it can do this.
///
/// What the supervisor has heard and not yet passed on is lost with it, so the program waits until its line is here.
pub fn a_program_that_kills_or_stops_its_supervisor_is_ended(server: &Server) {
    for signal in ["-KILL", "-STOP"] {
        let kill = "while !std::path::Path::new(\"seen\").exists() { std::thread::yield_now() }
    Command::new(\"kill\").args([\"SIGNAL\", &std::os::unix::process::parent_id().to_string()]).status().unwrap();
    std::thread::park()";
        let code = program(&kill.replace("SIGNAL", signal));
        let mut running = Running::of(server.begin(&code));
        let family = Family::read(&running.stdout());
        family.is_there();
        let start = Instant::now();
        fs::write(Path::new(&family.folder).join("seen"), "").expect("the folder of the run");
        let ended = running.end();
        // The limit of time would have ended it if there were a supervisor.
        assert!(start.elapsed() < WALL, "{signal}: {:?}", start.elapsed());
        let message = ended.done["message"].as_str().unwrap_or_default();
        assert!(message.contains("watches over it was killed or stopped"), "{signal}: {ended:?}");
        family.wait_until_gone();
        assert_eq!(server.run("fn main() {}").done["ok"], true);
    }
}

pub fn a_program_that_holds_the_pipe_of_its_supervisor_is_stopped(server: &Server) {
    let holds = "let pipe = format!(\"/proc/{}/fd/0\", std::os::unix::process::parent_id());
    // Only root is let in.
    let _pipe = std::fs::OpenOptions::new().write(true).open(pipe);
    std::thread::park()";
    let (connection, line) = server.begin_until_line(&program(holds));
    let family = Family::read(&line);
    family.is_there();
    let start = Instant::now();
    drop(connection);
    family.wait_until_gone();
    assert!(start.elapsed() < WALL / 2, "{:?}", start.elapsed());
}

/// Starts two of itself, as each of them does.
const DOUBLING: &str = "fn main() { let me = std::env::current_exe().unwrap(); for _ in 0..2 { let _ = std::process::Command::new(&me).spawn(); } std::thread::sleep(std::time::Duration::from_secs(60)) }";

/// The server is in a cgroup that holds them all if this fails.
pub fn a_program_that_doubles_is_ended_and_the_page_answers_meanwhile() {
    let Some(fence) = Fence::make(MANY) else { return };
    let mut server = Server::start_with(|command| {
        *command = fence.command(env!("CARGO_BIN_EXE_workbook"));
        command.args(["--no-open", "--port", "0"]);
    });
    server.wait_until_ready();
    let start = Instant::now();
    let (_connection, answer) = server.begin(DOUBLING);
    let (mut most, mut slowest, mut limited) = (0, Duration::ZERO, None);
    let end = loop {
        let asked = Instant::now();
        assert_eq!(server.get("/one.html").status, 200);
        slowest = slowest.max(asked.elapsed());
        most = most.max(fence.threads());
        limited = limited.or(fence.limit_within());
        if let Some(end) = answer.try_iter().find(|line| line.contains("\"done\":true")) {
            break end;
        }
    };
    let took = start.elapsed();
    println!("at most {most} threads, the slowest page {slowest:?}, over after {took:?}");
    assert!(end.contains("it was more than 8 processes"), "{end}");
    assert!(most < 1000, "{most}");
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
    assert_eq!(limited.as_deref(), Some("900\n"), "the kernel limits it, too");
    wait_until("only the server and its next supervisor are left", || fence.processes() <= 2);
    assert_eq!(fence.limit_within(), None);
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

//! What a supervisor leaves of a program: nothing, on every system.

use std::env;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{self, Child, Command, Stdio};
#[cfg(target_os = "linux")]
use std::thread;
use std::time::Duration;

#[cfg(unix)]
use wait_timeout::ChildExt;
use workbook::supervisor::limits::Limits;
use workbook::supervisor::{End, Event, Job};

#[cfg(target_os = "linux")]
use crate::fence::{Fence, MANY};
use crate::workbook;

/// Longer than an end takes on a busy machine.
///
/// After a minute the test harness in the other process complains to a pipe that nobody reads, and ends it.
const DEADLINE: Duration = Duration::from_secs(30);

/// The variables that make a second process of this test the program, and a third one what the program starts.
const ROLE: &str = "SUPERVISOR_ROLE";
const ADDRESS: &str = "SUPERVISOR_ADDRESS";

/// What is connected as long as it lives.
fn stay() {
    let address = env::var(ADDRESS).expect("an address");
    let mut connection = TcpStream::connect(address).expect("the test listens");
    println!("connected");
    let _ = connection.read(&mut [0]);
}

/// The program: it starts a process, and knows that it is connected.
#[allow(clippy::zombie_processes, reason = "it is to be left behind")]
fn start_another(test: &str) {
    let mut other = Command::new(env::current_exe().expect("a path"));
    other.args(["--exact", test, "--nocapture"]);
    let mut other = other
        .env(ROLE, "other")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("this program starts");
    let said = BufReader::new(other.stdout.take().expect("a pipe")).lines();
    let mut said = said.map_while(Result::ok);
    assert!(said.any(|line| line == "connected"));
}

/// A supervisor that runs this test as its program.
fn supervise(test: &str, address: &str) -> (Child, impl Iterator<Item = Event> + use<>) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let program = env::current_exe().expect("a path");
    let mut job = Job::new(program, &folder.path().join("run"), Limits::default());
    job.args = ["--exact", test, "--nocapture"].map(str::to_owned).to_vec();
    job.private = true;
    let told = [(ROLE, "program"), (ADDRESS, address)];
    let told = told.map(|(name, value)| (name.to_owned(), value.to_owned()));
    job.environment.extend(told);
    start(workbook().arg("supervise"), &job)
}

/// Starts a supervisor with its first job.
fn start(supervisor: &mut Command, job: &Job) -> (Child, impl Iterator<Item = Event> + use<>) {
    let mut supervisor = supervisor.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the program starts");
    let job = serde_json::to_string(job).expect("JSON");
    writeln!(supervisor.stdin.as_mut().expect("a pipe"), "{job}").expect("a supervisor");
    let lines = BufReader::new(supervisor.stdout.take().expect("a pipe")).lines();
    let event = |line: std::io::Result<String>| serde_json::from_str(&line.ok()?).ok();
    let events = lines.map_while(event);
    (supervisor, events)
}

fn end_of(events: &mut impl Iterator<Item = Event>) -> End {
    let end = events.find_map(|event| match event {
        Event::End(end) => Some(end),
        Event::Output(_) => None,
    });
    end.expect("an end")
}

/// Waits until nobody is at the other end of the one connection.
#[track_caller]
fn assert_ends(listener: &TcpListener) {
    listener.set_nonblocking(true).expect("a listener");
    let (mut connection, _) = listener.accept().expect("it was connected");
    connection.set_nonblocking(false).expect("a connection");
    connection.set_read_timeout(Some(DEADLINE)).expect("a limit");
    match connection.read(&mut [0]) {
        Ok(0) => {}
        // The other end of a process that was killed.
        Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => {}
        other => panic!("it goes on: {other:?}"),
    }
}

#[test]
fn what_a_program_has_started_ends_with_it() {
    let test = "supervisor::what_a_program_has_started_ends_with_it";
    match env::var(ROLE).as_deref() {
        Ok("other") => return stay(),
        Ok(_) => {
            start_another(test);
            process::exit(7);
        }
        Err(_) => {}
    }
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address").to_string();
    let (mut supervisor, mut events) = supervise(test, &address);
    assert_eq!(end_of(&mut events).status, Some(7));
    assert_ends(&listener);
    drop(supervisor.stdin.take());
    assert!(supervisor.wait().expect("a child").success());
}

/// Elsewhere nothing ends with a supervisor that somebody kills.
#[cfg(any(target_os = "linux", windows))]
#[test]
fn a_program_ends_with_a_supervisor_that_is_killed() {
    let test = "supervisor::a_program_ends_with_a_supervisor_that_is_killed";
    if env::var_os(ROLE).is_some() {
        return stay();
    }
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address").to_string();
    let (mut supervisor, mut events) = supervise(test, &address);
    let is_connected = |event: Event| match event {
        Event::Output(output) => output.text.contains("connected"),
        Event::End(end) => panic!("{end:?}"),
    };
    assert!(events.any(is_connected));
    supervisor.kill().expect("a child");
    supervisor.wait().expect("a child");
    assert_ends(&listener);
}

/// A shell has Ctrl-C ignored by what it starts in the background, and whoever ignores a signal hands that on.
#[cfg(unix)]
#[test]
fn a_program_ignores_no_signal_that_its_supervisor_ignores() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, number) in [("HUP", 1), ("INT", 2), ("QUIT", 3), ("PIPE", 13), ("TERM", 15)] {
        let mut job = Job::new("/bin/sh".into(), folder.path(), Limits::default());
        job.args = vec!["-c".to_owned(), format!("kill -{name} $$; echo it goes on")];
        let mut deaf = Command::new("/bin/sh");
        let ignore = format!("trap '' {name}; exec \"$0\" supervise");
        deaf.args(["-c", &ignore, env!("CARGO_BIN_EXE_workbook")]);
        let (mut supervisor, mut events) = start(&mut deaf, &job);
        let end = end_of(&mut events);
        let wanted = format!("it was ended by signal {number}");
        assert_eq!(end.message, Some(wanted), "{name}");
        drop(supervisor.stdin.take());
        assert!(supervisor.wait().expect("a child").success());
    }
}

/// The order comes once, also when the supervisor is busy with another end.
#[cfg(unix)]
#[test]
fn an_order_to_stop_is_heard_while_a_limit_ends_the_program() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let limits = Limits { output: 1, ..Limits::default() };
    // How near the order comes to the end is chance.
    for _ in 0..50 {
        let mut job = Job::new("/bin/sh".into(), folder.path(), limits);
        job.args = ["-c", "sleep 600 & echo 123"].map(str::to_owned).to_vec();
        let (mut supervisor, mut events) = start(workbook().arg("supervise"), &job);
        assert!(matches!(events.next(), Some(Event::Output(_))));
        drop(supervisor.stdin.take());
        let ended = supervisor.wait_timeout(DEADLINE).expect("a child");
        if ended.is_none() {
            supervisor.kill().expect("a child");
        }
        assert!(ended.expect("an end").success());
    }
}

/// As in the page's own test, but by somebody who may make no cgroup, and faster; gives how many there were at most.
#[cfg(target_os = "linux")]
fn double_in(fence: &Fence, line: &str) -> u32 {
    let folder = folder_for_all();
    let script = folder.path().join("double.sh");
    std::fs::write(&script, line.replace("IT", &script.display().to_string())).expect("a file");
    let mut job = Job::new("/bin/sh".into(), folder.path(), Limits::default());
    job.args = vec![script.display().to_string()];
    let mut nobody = fence.command("setpriv");
    nobody.args(["--reuid", "65534", "--clear-groups", env!("CARGO_BIN_EXE_workbook"), "supervise"]);
    let (mut supervisor, mut events) = start(&mut nobody, &job);
    let (end, most) = thread::scope(|scope| {
        let ended = scope.spawn(|| end_of(&mut events));
        let mut most = 0;
        while !ended.is_finished() {
            most = most.max(fence.threads());
            thread::yield_now();
        }
        (ended.join().expect("an end"), most)
    });
    println!("at most {most} threads, over after {} ms: {line}", end.elapsed_ms);
    // On a busy machine the first shell may be refused a process before all are counted.
    assert!(end.message.as_deref() == Some("it was more than 64 processes") || end.status == Some(2), "{end:?}");
    drop(supervisor.stdin.take());
    assert!(supervisor.wait().expect("a child").success());
    assert_eq!(fence.threads(), 0);
    most
}

/// A folder in which somebody else may read and run.
#[cfg(target_os = "linux")]
fn folder_for_all() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(folder.path(), open).expect("a folder");
    folder
}

#[cfg(target_os = "linux")]
#[test]
fn a_program_that_doubles_is_ended_without_a_cgroup() {
    let Some(fence) = Fence::make(MANY) else { return };
    let most = double_in(&fence, "sh IT & sh IT & sleep 60");
    assert!(most < 1000, "{most}");
    // None of these can be stopped together with another, so a limit of the kernel is met first: here it is that of the fence.
    let few = Fence::make(400).expect("another cgroup");
    double_in(&few, "setsid sh IT & setsid sh IT & sleep 60");
}

#[cfg(target_os = "linux")]
#[test]
fn the_kernel_limits_the_threads_of_a_user() {
    let folder = folder_for_all();
    let mut job = Job::new("/bin/sh".into(), folder.path(), Limits::default());
    job.args = ["-c", "grep processes /proc/self/limits"].map(str::to_owned).to_vec();
    let (mut supervisor, events) = start(workbook().arg("supervise"), &job);
    let said = said_until_end(events);
    drop(supervisor.stdin.take());
    assert!(supervisor.wait().expect("a child").success());
    let limit = said.split_whitespace().find_map(|word| word.parse::<u32>().ok());
    let limit = limit.unwrap_or_else(|| panic!("{said}"));
    let load = std::fs::read_to_string("/proc/loadavg").expect("a file of Linux");
    let (_, all) = load.split(' ').nth(3).and_then(|field| field.split_once('/')).expect("a field");
    let all: u32 = all.parse().expect("a number");
    // What the program may have comes on top of what this user has, which is a part of all; others come and go meanwhile.
    assert!((901..900 + all + 500).contains(&limit), "{limit}, {all}");
}

/// All that a program prints.
#[cfg(target_os = "linux")]
fn said_until_end(events: impl Iterator<Item = Event>) -> String {
    let said = events.map_while(|event| match event {
        Event::Output(output) => Some(output.text),
        Event::End(_) => None,
    });
    said.collect()
}

/// Who holds the pipe of the orders keeps the order to stop from arriving.
#[cfg(target_os = "linux")]
#[test]
fn the_pipes_of_a_supervisor_are_hidden_from_its_program() {
    let folder = folder_for_all();
    let mut job = Job::new("/bin/sh".into(), folder.path(), Limits::default());
    job.args = ["-c", "ls /proc/$PPID/fd && echo seen"].map(str::to_owned).to_vec();
    let workbook = env!("CARGO_BIN_EXE_workbook");
    // Root sees everything.
    let is_root = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata("/proc/self").expect("a process")) == 0;
    let mut supervisor = Command::new(if is_root { "setpriv" } else { workbook });
    if is_root {
        supervisor.args(["--reuid", "65534", "--clear-groups", workbook]);
    }
    let (mut supervisor, events) = start(supervisor.arg("supervise"), &job);
    let said = said_until_end(events);
    drop(supervisor.stdin.take());
    assert!(supervisor.wait().expect("a child").success());
    assert!(said.contains("Permission denied") && !said.contains("seen"), "{said}");
}

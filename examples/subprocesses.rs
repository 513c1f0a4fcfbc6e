//! Subprocesses: other programs as children, their output line by line, and their end.
//!
//! Run it with `cargo run --example subprocesses`; add `-- --help` for its parts.
//! It prints what its Python twin, `subprocesses.py`, prints. The parts `stubborn` and `deaf` need Unix, `zombie` needs Linux;
//! elsewhere they say so.

mod support;

use std::env;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitCode, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use asyncio::{Error, Queue, Result, create_task, gather, sleep, timeout, to_thread};
use support::Part;

fn main() -> ExitCode {
    // Most parts start this very program again, as their child.
    let arguments: Vec<_> = env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["shout"] => shout(),
        ["pour"] => pour(),
        ["paced", name] => paced(name),
        ["hasty", name] => hasty(name),
        _ => return parts(),
    }
    ExitCode::SUCCESS
}

fn parts() -> ExitCode {
    support::run(
        "Subprocesses: other programs as children, their output line by line, and their end.",
        &[
            Part {
                name: "date",
                about: "run a program, read a line, wait for its end",
                run: |_| asyncio::run(date()),
            },
            Part {
                name: "talk",
                about: "questions and answers through pipes",
                run: |_| asyncio::run(talk()),
            },
            Part {
                name: "limit",
                about: "a child that takes too long is killed",
                run: |_| asyncio::run(limit()),
            },
            Part {
                name: "zombie",
                about: "what is left of a child that nobody waits for",
                run: |_| asyncio::run(zombie()),
            },
            Part {
                name: "stubborn",
                about: "a child that ignores the polite signal",
                run: |_| asyncio::run(stubborn()),
            },
            Part {
                name: "flood",
                about: "a child that writes more than a pipe holds",
                run: |_| asyncio::run(flood()),
            },
            Part {
                name: "deaf",
                about: "a child that closes its input",
                run: |_| asyncio::run(deaf()),
            },
            Part {
                name: "several",
                about: "three children at once, line by line",
                run: |_| asyncio::run(several()),
            },
        ],
    )
}

/// The child that sends every line back in capital letters.
fn shout() {
    for line in io::stdin().lines().map_while(io::Result::ok) {
        println!("{}", line.to_uppercase());
    }
}

/// The child that writes a million bytes; a pipe holds far fewer.
fn pour() {
    for _ in 0..10_000 {
        println!("{}", "x".repeat(99));
    }
}

/// The child that writes a line for each line that it reads.
fn paced(name: &str) {
    for (line, number) in io::stdin().lines().zip(1..) {
        if line.is_ok() {
            println!("{name} {number}");
        }
    }
}

/// The child that does not wait.
fn hasty(name: &str) {
    for number in 1..=100 {
        println!("{name} {number}");
    }
}

/// A child process on the loop. Its pipes are read and written on the loop's pool; the child itself stays here, so that
/// whoever waits can kill it.
struct Process {
    child: Child,
    input: Option<Arc<Mutex<ChildStdin>>>,
    output: Arc<Mutex<BufReader<ChildStdout>>>,
}

impl Process {
    fn start(command: &mut Command) -> io::Result<Self> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let input = child.stdin.take().expect("stdin is a pipe");
        let output = BufReader::new(child.stdout.take().expect("stdout is a pipe"));
        Ok(Process {
            child,
            input: Some(Arc::new(Mutex::new(input))),
            output: Arc::new(Mutex::new(output)),
        })
    }

    /// Reads a line without its end; `None` when the child has closed its output.
    async fn read_line(&self) -> Result<Option<String>> {
        let output = self.output.clone();
        to_thread(move || {
            let mut line = String::new();
            output.lock().expect("no job panics").read_line(&mut line)?;
            Ok((!line.is_empty()).then(|| line.trim_end().to_owned()))
        })
        .await
    }

    /// Reads until the child has closed its output.
    async fn read(&self) -> Result<String> {
        let output = self.output.clone();
        to_thread(move || {
            let mut text = String::new();
            let mut output = output.lock().expect("no job panics");
            output.read_to_string(&mut text)?;
            Ok(text)
        })
        .await
    }

    async fn write_line(&self, line: &str) -> Result<()> {
        let input = self.input.clone().ok_or_else(|| Error::msg("closed"))?;
        let line = format!("{line}\n");
        to_thread(move || {
            let mut input = input.lock().expect("no job panics");
            Ok(input.write_all(line.as_bytes())?)
        })
        .await
    }

    fn close_input(&mut self) {
        self.input = None;
    }

    // ANCHOR: wait
    /// Waits for the child's end by asking again and again: a thread that waits could
    /// not be called back.
    async fn wait(&mut self) -> Result<ExitStatus> {
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            sleep(Duration::from_millis(2)).await?;
        }
    }
    // ANCHOR_END: wait

    async fn kill(&mut self) -> Result<ExitStatus> {
        self.child.kill()?;
        self.wait().await
    }
}

impl Drop for Process {
    /// No child outlives its task, and none stays as a zombie.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// This very program, in another role.
fn this_program(role: &[&str]) -> io::Result<Command> {
    let mut command = Command::new(env::current_exe()?);
    command.args(role);
    Ok(command)
}

fn date_command() -> Command {
    let mut command = Command::new(if cfg!(windows) { "powershell" } else { "date" });
    command.arg(if cfg!(windows) {
        "Get-Date -Format yyyy-MM-dd"
    } else {
        "+%Y-%m-%d"
    });
    command
}

async fn date() -> Result<()> {
    let mut date = Process::start(&mut date_command())?;
    let line = date.read_line().await?.unwrap_or_default();
    let form: String = line
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    println!("form: {form}");
    println!("more: {}", date.read_line().await?.is_some());
    println!("success: {}", date.wait().await?.success());
    let missing = Process::start(&mut Command::new("no-such-program"));
    println!(
        "missing: {}",
        missing.is_err_and(|e| e.kind() == io::ErrorKind::NotFound)
    );
    Ok(())
}

async fn talk() -> Result<()> {
    let mut child = Process::start(&mut this_program(&["shout"])?)?;
    for word in ["green", "herbal"] {
        child.write_line(word).await?;
        println!("{word}: {}", child.read_line().await?.unwrap_or_default());
    }
    child.close_input();
    println!("more: {}", child.read_line().await?.is_some());
    println!("code: {:?}", child.wait().await?.code().unwrap_or(-1));
    Ok(())
}

async fn limit() -> Result<()> {
    // It waits for a line that never comes.
    let mut child = Process::start(&mut this_program(&["shout"])?)?;
    let in_time = timeout(Duration::from_millis(20), child.wait()).await;
    println!("in time: {}", in_time.is_ok());
    let status = child.kill().await?;
    println!("success: {}", status.success());
    println!("more: {}", child.read_line().await?.is_some());
    Ok(())
}

/// Says in what state Linux has a process: `Z` is a zombie.
fn state(process: u32) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name before it stands in parentheses and may contain any character.
    stat.rsplit_once(") ")?.1.chars().next()
}

async fn zombie() -> Result<()> {
    if !cfg!(target_os = "linux") {
        println!("this part needs Linux");
        return Ok(());
    }
    let mut child = this_program(&["shout"])?.stdin(Stdio::piped()).spawn()?;
    println!("alive: {}", state(child.id()).is_some());
    child.kill()?;
    while state(child.id()) != Some('Z') {
        sleep(Duration::from_millis(1)).await?;
    }
    println!("killed: a zombie");
    child.wait()?;
    println!(
        "waited for: {}",
        if state(child.id()).is_none() {
            "gone"
        } else {
            "still there"
        }
    );
    let process = Process::start(&mut this_program(&["shout"])?)?;
    let id = process.child.id();
    let task = create_task(async move {
        let mut process = process;
        process.wait().await
    });
    sleep(Duration::ZERO).await?;
    task.cancel();
    println!("the task that waited: {}", task.await.unwrap_err());
    println!(
        "its child: {}",
        if state(id).is_none() {
            "gone"
        } else {
            "still there"
        }
    );
    Ok(())
}

// ANCHOR: stubborn
#[cfg(unix)]
async fn stubborn() -> Result<()> {
    use rustix::process::{Pid, Signal, kill_process};
    use std::os::unix::process::ExitStatusExt;

    let mut shell = Command::new("sh");
    let mut child = Process::start(shell.args(["-c", "trap '' TERM; echo ready; read line"]))?;
    println!("{}", child.read_line().await?.unwrap_or_default());
    kill_process(Pid::from_child(&child.child), Signal::TERM).map_err(io::Error::from)?;
    let grace = timeout(Duration::from_millis(20), child.wait()).await;
    println!("ended after SIGTERM: {}", grace.is_ok());
    let status = child.kill().await?;
    println!("ended by signal {}", status.signal().unwrap_or_default());
    Ok(())
}
// ANCHOR_END: stubborn

#[cfg(not(unix))]
async fn stubborn() -> Result<()> {
    println!("this part needs Unix");
    Ok(())
}

async fn flood() -> Result<()> {
    let mut child = Process::start(&mut this_program(&["pour"])?)?;
    let unread = timeout(Duration::from_millis(20), child.wait()).await;
    println!("ended while nobody read: {}", unread.is_ok());
    println!("read {} bytes", child.read().await?.len());
    println!("success: {}", child.wait().await?.success());
    Ok(())
}

#[cfg(unix)]
async fn deaf() -> Result<()> {
    let mut shell = Command::new("sh");
    let mut child = Process::start(shell.args(["-c", "exec <&-; echo closed; exec sleep 10"]))?;
    println!("{}", child.read_line().await?.unwrap_or_default());
    let error = child.write_line("are you there?").await.unwrap_err();
    let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
    println!("broken pipe: {}", kind == Some(io::ErrorKind::BrokenPipe));
    println!("the child goes on: {}", child.child.try_wait()?.is_none());
    child.kill().await?;
    Ok(())
}

#[cfg(not(unix))]
async fn deaf() -> Result<()> {
    println!("this part needs Unix");
    Ok(())
}

const NAMES: [&str; 3] = ["A", "B", "C"];

async fn several() -> Result<()> {
    let mut children = Vec::new();
    for name in NAMES {
        children.push(Process::start(&mut this_program(&["paced", name])?)?);
    }
    for _ in 0..2 {
        for child in &children {
            child.write_line("next").await?;
            println!("{}", child.read_line().await?.unwrap_or_default());
        }
    }
    drop(children);

    // Now nobody is paced, and the order of the children's lines among each other is nobody's promise.
    let lines = Queue::new();
    let readers = NAMES.map(|name| {
        let lines = lines.clone();
        async move {
            let child = Process::start(&mut this_program(&["hasty", name])?)?;
            while let Some(line) = child.read_line().await? {
                lines.put(line).await?;
            }
            Ok(())
        }
    });
    gather(readers).await?;
    let mut all = Vec::new();
    while let Ok(line) = lines.get_nowait() {
        all.push(line);
    }
    println!("lines: {}", all.len());
    let in_order = NAMES.iter().all(|name| {
        let own = all.iter().filter(|line| line.starts_with(name));
        own.cloned()
            .eq((1..=100).map(|number| format!("{name} {number}")))
    });
    println!("each child's lines are whole and in order: {in_order}");
    Ok(())
}

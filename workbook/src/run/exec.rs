//! The last step before a program starts: it gives up rights, then becomes the program.
//!
//! The limits are set in a process of their own, because setting them between fork and exec would need unsafe code.

use std::env;
use std::io;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::job::Job;

/// The hidden command that this step is.
pub const COMMAND: &str = "exec-limited";

/// This program, also if its file has been replaced since it started.
pub fn this_program() -> io::Result<std::path::PathBuf> {
    if cfg!(target_os = "linux") {
        // In a new process this still names the file of the one that starts it.
        return Ok(Path::new("/proc/self/exe").to_path_buf());
    }
    env::current_exe()
}

/// Starts the program of a job, with pipes for what it prints and nothing to read.
///
/// The thread that calls this must live as long as the program: on Linux its end would kill the program.
pub fn start(job: &Job) -> io::Result<Child> {
    let mut command = command(job)?;
    command
        .current_dir(&job.folder)
        .env_clear()
        .envs(job.environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.spawn()
}

#[cfg(unix)]
fn command(job: &Job) -> io::Result<Command> {
    use std::os::unix::process::CommandExt;

    let mut command = Command::new(this_program()?);
    command
        .arg(COMMAND)
        .arg(std::process::id().to_string())
        .arg(serde_json::to_string(&job.limits)?)
        .arg(if job.background { "background" } else { "" })
        // What follows is the program's, `--help` too.
        .arg("--")
        .arg(&job.program)
        .args(&job.args)
        .process_group(0);
    Ok(command)
}

/// Other systems have no limits to set here.
#[cfg(not(unix))]
fn command(job: &Job) -> io::Result<Command> {
    let mut command = Command::new(&job.program);
    command.args(&job.args);
    Ok(command)
}

/// Becomes the program; returns only if that fails.
#[cfg(unix)]
pub fn exec(
    parent: i32,
    limits: &str,
    background: bool,
    program: &Path,
    args: &[std::ffi::OsString],
) -> anyhow::Error {
    use std::os::unix::process::CommandExt;

    let become_it = || -> anyhow::Result<io::Error> {
        die_with(parent)?;
        set(&serde_json::from_str(limits)?)?;
        if background {
            rustix::process::nice(19)?;
        }
        Ok(Command::new(program).args(args).exec())
    };
    become_it()
        .map_or_else(|error| error, anyhow::Error::from)
        .context(format!("cannot start {}", program.display()))
}

#[cfg(unix)]
fn set(limits: &super::limits::Limits) -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, setrlimit};

    // Going beyond processor time is a signal that tells why; a program that ignores it is killed a second later.
    for (resource, soft, hard) in [
        (Resource::Cpu, limits.cpu, limits.cpu + 1),
        (Resource::As, limits.addresses, limits.addresses),
        (Resource::Fsize, limits.file, limits.file),
        (Resource::Core, 0, 0),
    ] {
        let limit = Rlimit {
            current: Some(soft),
            maximum: Some(hard),
        };
        match setrlimit(resource, limit) {
            // Some systems refuse limits on addresses.
            Err(_) if resource == Resource::As && cfg!(not(target_os = "linux")) => {}
            result => result?,
        }
    }
    Ok(())
}

/// Makes the kernel kill this process when the supervisor dies.
#[cfg(target_os = "linux")]
fn die_with(parent: i32) -> io::Result<()> {
    use rustix::process::{Signal, getppid, set_parent_process_death_signal};

    set_parent_process_death_signal(Some(Signal::KILL))?;
    // It may have died before the line above.
    match getppid() {
        Some(pid) if pid.as_raw_nonzero().get() == parent => Ok(()),
        _ => Err(io::Error::other("the supervisor has ended")),
    }
}

#[cfg(all(unix, not(target_os = "linux")))]
fn die_with(_parent: i32) -> io::Result<()> {
    Ok(())
}

/// Other systems start the program itself.
#[cfg(not(unix))]
pub fn exec(
    _parent: i32,
    _limits: &str,
    _background: bool,
    program: &Path,
    _args: &[std::ffi::OsString],
) -> anyhow::Error {
    anyhow::anyhow!(
        "cannot start {}: this system has no exec",
        program.display()
    )
}

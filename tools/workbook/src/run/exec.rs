//! The last step before a program starts: it gives up rights, then becomes the program.
//!
//! The limits are set in a process of their own, because setting them between fork and exec would need unsafe code.
//! Windows has no exec; there this process stays, and stands for the program and all that the program starts.

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
    let mut command = Command::new(this_program()?);
    command
        .arg(COMMAND)
        .arg(std::process::id().to_string())
        .arg(serde_json::to_string(&job.limits)?)
        .arg(if job.background { "background" } else { "" })
        // What follows is the program's, `--help` too.
        .arg("--")
        .arg(&job.program)
        .args(&job.args);
    without_ctrl_c(&mut command);
    command
        .current_dir(&job.folder)
        .env_clear()
        .envs(job.environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.spawn()
}

/// Keeps Ctrl-C in the terminal from a process: it is for the one that starts it.
pub fn without_ctrl_c(command: &mut Command) {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    #[cfg(windows)]
    {
        const CREATE_NEW_PROCESS_GROUP: u32 = 0x200;
        std::os::windows::process::CommandExt::creation_flags(command, CREATE_NEW_PROCESS_GROUP);
    }
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

/// Starts the program, and ends as it does; returns only if that fails.
///
/// What the program has started ends with this process.
#[cfg(windows)]
pub fn exec(
    _parent: i32,
    _limits: &str,
    background: bool,
    program: &Path,
    args: &[std::ffi::OsString],
) -> anyhow::Error {
    use std::os::windows::process::CommandExt;

    const IDLE_PRIORITY_CLASS: u32 = 0x40;

    let run_it = || -> anyhow::Result<i32> {
        super::family::end_together()?;
        let mut command = Command::new(program);
        if background {
            command.creation_flags(IDLE_PRIORITY_CLASS);
        }
        let status = command.args(args).status()?;
        Ok(status.code().unwrap_or(1))
    };
    match run_it() {
        Ok(code) => std::process::exit(code),
        Err(error) => error.context(format!("cannot start {}", program.display())),
    }
}

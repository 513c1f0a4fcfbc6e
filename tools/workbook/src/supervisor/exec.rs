//! The last step before a program starts: it gives up rights, then becomes the program.
//!
//! The limits are set in a process of their own, because setting them between fork and exec would need unsafe code.
//! Windows has no exec; there this process stays, and stands for the program and all that the program starts.

use std::convert::Infallible;
use std::env::{self, ArgsOs};
use std::fs;
use std::io;
use std::iter::Skip;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::Result;

use super::limits::Limits;
use super::{Job, family};

/// By how much a program yields to everything else, the page above all, and by how much if its reader does not wait for it.
#[cfg(unix)]
const NICE: [i32; 2] = [5, 19];
#[cfg(windows)]
const PRIORITY_CLASS: [u32; 2] = [0x4000, 0x40];

/// The hidden command that this step is.
pub const COMMAND: &str = "exec-limited";

/// This program, also if its file has been replaced since it started.
pub fn this_program() -> io::Result<PathBuf> {
    if cfg!(target_os = "linux") {
        // In a new process this still names the file of the one that starts it.
        return Ok(Path::new("/proc/self/exe").to_path_buf());
    }
    env::current_exe()
}

/// Starts the program of a job, with pipes for what it prints and nothing to read; the door leads into its cgroup, if it has one.
///
/// The thread that calls this must live as long as the program: on Linux its end would kill the program.
pub fn start(job: &Job, door: Option<&Path>) -> io::Result<Child> {
    let mut command = Command::new(this_program()?);
    command
        .arg(COMMAND)
        .arg(std::process::id().to_string())
        .arg(serde_json::to_string(&job.limits)?)
        .arg(if job.background { "background" } else { "" })
        .arg(door.unwrap_or(Path::new("")))
        .arg(&job.program)
        .args(&job.args);
    without_ctrl_c(&mut command);
    command
        .current_dir(&job.folder)
        .env_clear()
        .envs(job.environment.iter().map(|(name, value)| (name, value)))
        .env(family::MARK, std::process::id().to_string())
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

/// Becomes the program that the arguments name, or on Windows runs it and ends as it does; returns only if that fails.
pub fn exec(mut args: Skip<ArgsOs>) -> anyhow::Error {
    let mut next = || args.next().unwrap_or_default();
    let [parent, limits, background, door, program] = [next(), next(), next(), next(), next()];
    let start = || {
        if !door.is_empty() {
            // Without it the supervisor keeps the limits alone.
            let _ = fs::write(door, "0");
        }
        let parent = parent.to_string_lossy().parse()?;
        let limits = serde_json::from_str(&limits.to_string_lossy())?;
        start_limited(parent, &limits, usize::from(!background.is_empty()), Command::new(&program).args(args))
    };
    let Err(error) = start();
    error.context(format!("cannot start {}", program.display()))
}

#[cfg(unix)]
fn start_limited(parent: i32, limits: &Limits, background: usize, program: &mut Command) -> Result<Infallible> {
    use std::os::unix::process::CommandExt;

    die_with(parent)?;
    // The context of the signals that are caught.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let _context = runtime.enter();
    catch_signals()?;
    set(limits)?;
    rustix::process::nice(NICE[background])?;
    Err(program.exec().into())
}

/// Lets the program have the default action of each signal, although whoever started the first of all these processes may have had some ignored, as a shell does with Ctrl-C for what it starts in the background.
///
/// Choice: a signal that is caught gets its default action when a process becomes another program, and catching one needs no unsafe code.
/// The standard library does it for a pipe that nobody reads.
#[cfg(unix)]
fn catch_signals() -> io::Result<()> {
    use rustix::process::Signal as S;
    use tokio::signal::unix::{SignalKind, signal};

    for caught in [S::HUP, S::INT, S::QUIT, S::TERM, S::CHILD, S::XCPU, S::XFSZ] {
        let _ = signal(SignalKind::from_raw(caught.as_raw()))?;
    }
    Ok(())
}

#[cfg(unix)]
fn set(limits: &Limits) -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, setrlimit};

    // Going beyond processor time is a signal that tells why; a program that ignores it is killed a second later.
    for (resource, soft, hard) in [
        (Resource::Cpu, limits.cpu, limits.cpu + 1),
        (Resource::As, limits.addresses, limits.addresses),
        (Resource::Fsize, limits.file, limits.file),
        (Resource::Core, 0, 0),
    ] {
        let limit = Rlimit { current: Some(soft), maximum: Some(hard) };
        match setrlimit(resource, limit) {
            // Some systems refuse limits on addresses.
            Err(_) if resource == Resource::As && cfg!(not(target_os = "linux")) => {}
            result => result?,
        }
    }
    #[cfg(target_os = "linux")]
    limit_threads(limits);
    Ok(())
}

/// Lets the kernel refuse new threads when this user has as many more than now as a program may have.
///
/// Choice: the kernel counts what the user runs elsewhere, too, so what is there now comes on top; and root has no such limit, but may have a cgroup.
#[cfg(target_os = "linux")]
fn limit_threads(limits: &Limits) {
    use rustix::process::{Resource, Rlimit, getrlimit, getuid, setrlimit};

    let most = family::threads_of(getuid()) + limits.threads() as u64;
    let old = getrlimit(Resource::Nproc).maximum.unwrap_or(u64::MAX);
    let most = Some(most.min(old));
    // Without it the supervisor keeps the limits alone.
    let _ = setrlimit(Resource::Nproc, Rlimit { current: most, maximum: most });
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

/// What the program has started ends with this process.
#[cfg(windows)]
fn start_limited(_parent: i32, _limits: &Limits, background: usize, program: &mut Command) -> Result<Infallible> {
    use std::os::windows::process::CommandExt;

    family::end_together()?;
    program.creation_flags(PRIORITY_CLASS[background]);
    std::process::exit(program.status()?.code().unwrap_or(1))
}

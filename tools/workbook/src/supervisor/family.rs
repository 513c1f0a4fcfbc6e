//! The processes that a supervisor has started, and those that they have started.
//!
//! On Linux the supervisor adopts every orphan among them, so none can get away: neither a process group of its own nor a session of its own hides a process from the list.
//! A program can still kill its supervisor, because both are the same user's; what it leaves then is found by a variable that all processes of a run begin with, and by their cgroup. One that has cleared the former and left the latter gets away.
//! On Windows a job object does the same: the system ends everything in it when the process that made it ends, however that ends.
//! On other Unix systems only the process group of the program is known, and a program goes on if somebody kills its supervisor.

use std::process::Child;

#[cfg(target_os = "linux")]
pub use linux::{end_together, is_stopped, kill_all, kill_left, members, threads_of};

/// The variable that every process of a run begins with; it names the supervisor by the number of its process.
pub const MARK: &str = "WORKBOOK_SUPERVISOR";

/// One process of the family.
#[cfg(not(target_os = "linux"))]
pub struct Member {
    pub memory: u64,
}

/// Lets everything that this process starts from now on end with it.
#[cfg(windows)]
pub fn end_together() -> std::io::Result<()> {
    let mut limits = win32job::ExtendedLimitInfo::new();
    limits.limit_kill_on_job_close();
    let job = win32job::Job::create_with_limit_info(&limits)?;
    job.assign_current_process()?;
    // The system closes it at the end of this process, and not before.
    job.into_handle();
    Ok(())
}

/// Without adoption, what leaves the group of its program gets away.
#[cfg(all(unix, not(target_os = "linux")))]
pub fn end_together() -> std::io::Result<()> {
    Ok(())
}

/// The processes that can be seen, which are none here.
#[cfg(not(target_os = "linux"))]
pub fn members() -> impl Iterator<Item = Member> {
    std::iter::empty()
}

/// Whether somebody has stopped that process, as far as it can be seen.
#[cfg(not(target_os = "linux"))]
pub fn is_stopped(_pid: u32) -> bool {
    false
}

/// Kills what is left of a run whose supervisor has been killed, as far as it can be seen.
#[cfg(not(target_os = "linux"))]
pub fn kill_left(_supervisor: u32) {}

/// Kills the program with its group, or on Windows with all that it has started, and waits for its end.
#[cfg(not(target_os = "linux"))]
pub fn kill_all(child: &mut Child) {
    #[cfg(unix)]
    if let Some(group) = rustix::process::Pid::from_raw(child.id().cast_signed()) {
        // It may be gone already.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::{HashMap, HashSet};
    use std::fs::{self, File};
    use std::io::{self, Read};
    use std::path::Path;
    use std::thread;
    use std::time::{Duration, Instant};

    use rustix::io::Errno;
    use rustix::process::{self, DumpableBehavior, Pid, Signal, Uid, WaitOptions};

    use super::{Child, MARK};
    use crate::supervisor::group::Group;

    /// If none of them dies within this time, they hang in the kernel.
    const PATIENCE: Duration = Duration::from_secs(5);

    /// How often it is tried to stop all processes before they are killed nevertheless.
    const FREEZES: u32 = 10;

    /// One process of the family.
    #[derive(Clone, Copy, Debug)]
    pub struct Member {
        pub pid: Pid,
        /// Bytes of memory in use; none if it has ended.
        pub memory: u64,
    }

    /// Makes this process the parent of every orphan among its descendants, so that it finds them all, and hides its pipes from them.
    pub fn end_together() -> io::Result<()> {
        // Any process id switches it on.
        process::set_child_subreaper(Some(process::getpid()))?;
        // A program that holds the pipe of its supervisor's orders keeps the order to stop from arriving; only root still may.
        Ok(process::set_dumpable_behavior(DumpableBehavior::NotDumpable)?)
    }

    /// The numbers of all processes.
    fn all() -> impl Iterator<Item = i32> {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
    }

    /// The state of a process, its parent, and its pages of memory; none if it has gone.
    fn stat(pid: i32) -> Option<(char, i32, u64)> {
        // One read gives it all: with thousands of processes this is what takes the time.
        let mut buffer = [0; 1024];
        let length = File::open(format!("/proc/{pid}/stat")).and_then(|mut file| file.read(&mut buffer)).ok()?;
        read_stat(&String::from_utf8_lossy(&buffer[..length]))
    }

    /// All descendants of this process that are alive or not yet waited for, one by one: they may become more while they are looked at.
    ///
    /// Choice: it goes from parent to child, because a look at all processes of the machine takes longer than a program needs to double. A kernel that lists no children is one of few.
    pub fn members() -> impl Iterator<Item = Member> {
        let table = if Path::new("/proc/thread-self/children").exists() { None } else { Some(table()) };
        let mut left = vec![process::getpid().as_raw_nonzero().get()];
        let mut next = move || {
            let pid = left.pop()?;
            left.extend(match &table {
                None => listed_children(pid),
                Some(table) => table.get(&pid).cloned().unwrap_or_default(),
            });
            Some(pid)
        };
        // It is not a descendant of itself.
        next();
        std::iter::from_fn(next).filter_map(member)
    }

    fn member(pid: i32) -> Option<Member> {
        let (_, _, pages) = stat(pid)?;
        Some(Member { pid: Pid::from_raw(pid)?, memory: pages * rustix::param::page_size() as u64 })
    }

    /// The children of a process, which are those of its threads.
    fn listed_children(parent: i32) -> Vec<i32> {
        let threads = fs::read_dir(format!("/proc/{parent}/task")).into_iter().flatten().flatten();
        let lists = threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
        lists.flat_map(|list| list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>()).collect()
    }

    /// The children of all processes.
    fn table() -> HashMap<i32, Vec<i32>> {
        let mut children: HashMap<i32, Vec<i32>> = HashMap::new();
        for pid in all() {
            if let Some((_, parent, _)) = stat(pid) {
                children.entry(parent).or_default().push(pid);
            }
        }
        children
    }

    /// Reads three fields of `/proc/PID/stat`; the name before them may contain anything.
    fn read_stat(stat: &str) -> Option<(char, i32, u64)> {
        let (_, fields) = stat.rsplit_once(')')?;
        let mut fields = fields.split_whitespace();
        let state = fields.next()?.chars().next()?;
        let parent = fields.next()?.parse().ok()?;
        let pages = fields.nth(19)?.parse().ok()?;
        Some((state, parent, pages))
    }

    /// The threads of all processes of a user.
    pub fn threads_of(user: Uid) -> u64 {
        let statuses = all().filter_map(|pid| fs::read_to_string(format!("/proc/{pid}/status")).ok());
        statuses
            .filter_map(|status| read_status(&status))
            .filter(|(of, _)| *of == user.as_raw())
            .map(|(_, threads)| threads)
            .sum()
    }

    /// Reads from `/proc/PID/status` whose process it is, and its threads.
    fn read_status(status: &str) -> Option<(u32, u64)> {
        let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)?.split_whitespace().next());
        Some((field("Uid:")?.parse().ok()?, field("Threads:")?.parse().ok()?))
    }

    /// Whether somebody has stopped that process, as far as it can be seen.
    pub fn is_stopped(pid: u32) -> bool {
        matches!(stat(pid.cast_signed()), Some(('T' | 't', ..)))
    }

    /// Stops all processes of a list until there is none on it that has not been stopped, then kills them.
    ///
    /// Killing those that are there does not end a program that doubles faster than the list is made; one that is stopped doubles no more.
    /// It needs no process and no thread of its own, which may not be to be had then.
    fn kill_frozen<L: Iterator<Item = Member>>(list: impl Fn() -> L) {
        let mut stopped = HashSet::new();
        let mut found: Vec<Member> = list().collect();
        for _ in 0..FREEZES {
            let mut new = found.iter().filter(|member| member.memory > 0 && stopped.insert(member.pid)).peekable();
            if new.peek().is_none() {
                break;
            }
            new.for_each(|member| send(member.pid, Signal::STOP));
            found = list().collect();
        }
        found.iter().for_each(|member| send(member.pid, Signal::KILL));
    }

    /// Sends a signal to a process; it may have ended since the list was made.
    fn send(pid: Pid, signal: Signal) {
        let _ = process::kill_process(pid, signal);
    }

    /// Kills all descendants, and waits until there is none.
    pub fn kill_all(child: &mut Child) {
        let mut end = Instant::now() + PATIENCE;
        let mut waited = false;
        if let (Ok(None), Some(group)) = (child.try_wait(), Pid::from_raw(child.id().cast_signed())) {
            // Most programs leave their group to nobody, and are stopped by this alone, in one moment.
            let _ = process::kill_process_group(group, Signal::STOP);
        }
        while Instant::now() < end {
            kill_frozen(members);
            // The standard library waits for its own child, so that nobody takes the status away from it.
            waited = waited || child.try_wait().is_ok_and(|status| status.is_some());
            match reap() {
                None if waited => return,
                None | Some(0) => {}
                Some(_) => end = Instant::now() + PATIENCE,
            }
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Kills what is left of a run whose supervisor has been killed, as far as it can be seen, and waits until there is nothing more.
    pub fn kill_left(supervisor: u32) {
        let end = Instant::now() + PATIENCE;
        let group = Group::of(supervisor);
        while Instant::now() < end && left_by(supervisor, &group).next().is_some() {
            kill_frozen(|| left_by(supervisor, &group));
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// The processes alive that have the mark of that supervisor, or are in its cgroup.
    fn left_by(supervisor: u32, group: &Group) -> impl Iterator<Item = Member> {
        let mark = format!("{MARK}={supervisor}");
        let is_marked = |pid: &i32| {
            let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes())
        };
        let mut found: HashSet<i32> = all().filter(is_marked).collect();
        found.extend(group.members());
        found.into_iter().filter_map(|pid| {
            let (state, ..) = stat(pid)?;
            member(pid).filter(|_| !matches!(state, 'Z' | 'X'))
        })
    }

    /// Takes leave of dead children, and counts them; none if no child is left.
    fn reap() -> Option<u32> {
        let mut reaped = 0;
        loop {
            match process::wait(WaitOptions::NOHANG) {
                Ok(Some(_)) => reaped += 1,
                Err(Errno::INTR) => {}
                Ok(None) => return Some(reaped),
                Err(_) => return None,
            }
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_process_name_cannot_confuse_the_reader() {
            let stat = format!("7 (a) S 1 ()) R 42 {}99 0", "0 ".repeat(19));
            assert_eq!(read_stat(&stat), Some(('R', 42, 99)));
            assert_eq!(read_stat("7 (short) S 1"), None);
        }
    }
}

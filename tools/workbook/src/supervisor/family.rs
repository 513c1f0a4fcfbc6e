//! The processes that a supervisor has started, and those that they have started.
//!
//! On Linux the supervisor adopts every orphan among them, so none can get away: neither a process group of its own nor a session of its own hides a process from the list.
//! On Windows a job object does the same: the system ends everything in it when the process that made it ends, however that ends.
//! On other Unix systems only the process group of the program is known, and a program goes on if somebody kills its supervisor.

use std::process::Child;

#[cfg(target_os = "linux")]
pub use linux::{end_together, kill_all, members};

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
pub fn members() -> Vec<Member> {
    Vec::new()
}

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
    use std::collections::HashMap;
    use std::fs;
    use std::io;
    use std::thread;
    use std::time::{Duration, Instant};

    use rustix::io::Errno;
    use rustix::process::{self, Pid, Signal, WaitOptions};

    use super::Child;

    /// A process that does not die within this time hangs in the kernel.
    const PATIENCE: Duration = Duration::from_secs(5);

    /// One process of the family.
    #[derive(Debug)]
    pub struct Member {
        pub pid: Pid,
        /// Bytes of memory in use.
        pub memory: u64,
    }

    /// Makes this process the parent of every orphan among its descendants, so that it finds them all.
    pub fn end_together() -> io::Result<()> {
        // Any process id switches it on.
        Ok(process::set_child_subreaper(Some(process::getpid()))?)
    }

    /// All descendants of this process that are alive or not yet waited for.
    pub fn members() -> Vec<Member> {
        let page = rustix::param::page_size() as u64;
        let mut children: HashMap<i32, Vec<(i32, u64)>> = HashMap::new();
        let Ok(entries) = fs::read_dir("/proc") else {
            return Vec::new();
        };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else {
                continue;
            };
            // A process may end while the list is read.
            let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else {
                continue;
            };
            if let Some((parent, pages)) = parent_and_pages(&stat) {
                children.entry(parent).or_default().push((pid, pages));
            }
        }
        let mut found = Vec::new();
        let mut parents = vec![process::getpid().as_raw_nonzero().get()];
        while let Some(parent) = parents.pop() {
            for (pid, pages) in children.remove(&parent).unwrap_or_default() {
                parents.push(pid);
                found.extend(Pid::from_raw(pid).map(|pid| Member { pid, memory: pages * page }));
            }
        }
        found
    }

    /// Reads two fields of `/proc/PID/stat`; the name before them may contain anything.
    fn parent_and_pages(stat: &str) -> Option<(i32, u64)> {
        let (_, fields) = stat.rsplit_once(')')?;
        let mut fields = fields.split_whitespace();
        let parent = fields.nth(1)?.parse().ok()?;
        let pages = fields.nth(19)?.parse().ok()?;
        Some((parent, pages))
    }

    /// Kills all descendants, and waits until there is none.
    pub fn kill_all(child: &mut Child) {
        let end = Instant::now() + PATIENCE;
        let mut waited = false;
        while Instant::now() < end {
            for member in members() {
                // It may have ended since the list was made.
                let _ = process::kill_process(member.pid, Signal::KILL);
            }
            // The standard library waits for its own child, so that nobody takes the status away from it.
            waited = waited || child.try_wait().is_ok_and(|status| status.is_some());
            if waited && reap() {
                return;
            }
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Takes leave of dead children; true if no child is left.
    fn reap() -> bool {
        loop {
            match process::wait(WaitOptions::NOHANG) {
                Ok(Some(_)) | Err(Errno::INTR) => {}
                Ok(None) => return false,
                Err(_) => return true,
            }
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_process_name_cannot_confuse_the_reader() {
            let stat = format!("7 (a) S 1 ()) R 42 {}99 0", "0 ".repeat(19));
            assert_eq!(parent_and_pages(&stat), Some((42, 99)));
            assert_eq!(parent_and_pages("7 (short) S 1"), None);
        }
    }
}

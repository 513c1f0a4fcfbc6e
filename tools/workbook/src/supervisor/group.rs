//! A limit that the kernel keeps: a cgroup of the run's own, where one can be made.
//!
//! The limit on living processes is kept by the supervisor, which looks many times a second; this one holds in between, whatever the machine is busy with.
//! It needs a cgroup that this process may write to: root has one, and so has who was given the right, as in many containers and in a session of systemd's. Elsewhere it is absent, and nothing else changes.

use std::fs;
use std::path::{Path, PathBuf};

const PREFIX: &str = "workbook-";

/// The cgroup of what one supervisor runs; it goes with the value, if nothing is in it any more.
#[derive(Debug)]
pub struct Group {
    folder: PathBuf,
}

impl Group {
    /// The cgroup of that supervisor, which need not be there.
    pub fn of(supervisor: u32) -> Group {
        let own = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        Group { folder: place(&own).join(format!("{PREFIX}{supervisor}")) }
    }

    /// Makes it, with room for so many threads.
    pub fn make(&self, threads: usize) -> Option<()> {
        self.sweep();
        if !self.folder.is_dir() {
            fs::create_dir(&self.folder).ok()?;
        }
        fs::write(self.folder.join("pids.max"), threads.to_string()).ok()
    }

    /// The file that lets a process in which writes itself there.
    pub fn door(&self) -> PathBuf {
        self.folder.join("cgroup.procs")
    }

    /// The processes in it.
    pub fn members(&self) -> Vec<i32> {
        let members = fs::read_to_string(self.door()).unwrap_or_default();
        members.lines().filter_map(|pid| pid.parse().ok()).collect()
    }

    /// Removes those of supervisors that were killed.
    fn sweep(&self) {
        let entries = self.folder.parent().map(fs::read_dir);
        for entry in entries.into_iter().flatten().flatten().flatten() {
            let name = entry.file_name();
            let supervisor = name.to_str().and_then(|name| name.strip_prefix(PREFIX));
            if supervisor.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
                // The kernel keeps one with processes in it.
                let _ = fs::remove_dir(entry.path());
            }
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // There may be none.
        let _ = fs::remove_dir(&self.folder);
    }
}

/// Where this process may make cgroups, if anywhere: in its own, or where there is one hierarchy for all, beside its own, because processes and cgroups with limits do not go together there.
fn place(own: &str) -> PathBuf {
    let lines = own.lines().filter_map(|line| line.split_once(':')?.1.split_once(':'));
    let (mut unified, mut separate) = (None, None);
    for (controllers, path) in lines {
        match controllers {
            "" => unified = Path::new(path).parent(),
            _ if controllers.split(',').any(|name| name == "pids") => separate = Some(path),
            _ => {}
        }
    }
    let (root, path) = match (separate, unified) {
        (Some(path), _) => ("/sys/fs/cgroup/pids", Path::new(path)),
        (None, path) => ("/sys/fs/cgroup", path.unwrap_or(Path::new("/"))),
    };
    Path::new(root).join(path.strip_prefix("/").unwrap_or(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_found_in_both_kinds_of_hierarchies() {
        let old = "9:name=systemd:/\n8:cpu,pids:/a/b\n0::/c/d\n";
        assert_eq!(place(old), Path::new("/sys/fs/cgroup/pids/a/b"));
        assert_eq!(place("0::/user.slice/app.scope\n"), Path::new("/sys/fs/cgroup/user.slice"));
        assert_eq!(place("0::/\n"), Path::new("/sys/fs/cgroup"));
        assert_eq!(place(""), Path::new("/sys/fs/cgroup"));
    }
}

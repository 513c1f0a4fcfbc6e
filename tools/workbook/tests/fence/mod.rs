//! A cgroup that holds what a test starts, so that a protection that fails takes no machine with it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{self, Command};
use std::sync::atomic::{AtomicU32, Ordering};

/// More threads than the claims allow, and far fewer than a machine has room for.
pub const MANY: u32 = 4000;

pub struct Fence {
    folder: PathBuf,
}

impl Fence {
    /// Makes one for so many threads, or says why there is none, which is no failure: most systems let only root make one.
    pub fn make(most: u32) -> Option<Fence> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("test-{}-{}", process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let fence = Fence { folder: Path::new("/sys/fs/cgroup/pids").join(name) };
        let made =
            fs::create_dir(&fence.folder).and_then(|()| fs::write(fence.folder.join("pids.max"), most.to_string()));
        match made {
            Ok(()) => Some(fence),
            Err(error) => {
                println!("skipped, because no cgroup can be made here: {error}");
                None
            }
        }
    }

    /// A command for this program in it, to which arguments may be added.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "echo $$ > \"$0\" && exec \"$@\""]).arg(self.folder.join("cgroup.procs")).arg(program);
        command
    }

    /// How many threads are in it, and in the cgroups in it.
    pub fn threads(&self) -> u32 {
        let now = fs::read_to_string(self.folder.join("pids.current")).expect("a cgroup");
        now.trim().parse().expect("a number")
    }

    /// The limit of a cgroup in it that has processes.
    pub fn limit_within(&self) -> Option<String> {
        let mut folders = fs::read_dir(&self.folder).expect("a cgroup").flatten().map(|entry| entry.path());
        folders.find_map(|folder| {
            let members = fs::read_to_string(folder.join("cgroup.procs")).ok()?;
            if members.is_empty() { None } else { fs::read_to_string(folder.join("pids.max")).ok() }
        })
    }

    /// How many processes are in it, without those in the cgroups in it.
    pub fn processes(&self) -> usize {
        fs::read_to_string(self.folder.join("cgroup.procs")).expect("a cgroup").lines().count()
    }
}

impl Drop for Fence {
    fn drop(&mut self) {
        // A process that is ending may still be in it.
        let _ = fs::remove_dir(&self.folder);
    }
}

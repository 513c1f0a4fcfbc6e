//! How much of the machine one program may use.

use std::time::Duration;

use serde::{Deserialize, Serialize};

const MIB: u64 = 1 << 20;

/// The limits of one process and of those that it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Milliseconds until it is stopped.
    pub wall: u64,
    /// Seconds of processor time of one process, all its threads together.
    pub cpu: u64,
    /// Bytes of memory in use by all processes together; looked at many times a second.
    pub memory: u64,
    /// Bytes of addresses of one process.
    ///
    /// Much more than memory, because every thread reserves addresses that it never uses.
    pub addresses: u64,
    /// Bytes of the largest file.
    pub file: u64,
    /// Bytes on standard output and standard error together.
    pub output: u64,
    /// Processes at a time, against programs that start themselves.
    pub processes: usize,
}

/// What a reader's program may use.
impl Default for Limits {
    fn default() -> Limits {
        Limits {
            wall: 10_000,
            cpu: 20,
            memory: 512 * MIB,
            addresses: 16 << 30,
            file: 16 * MIB,
            output: MIB,
            processes: 64,
        }
    }
}

impl Limits {
    /// What the compiler may use: its messages are longer than what they print, because they come as JSON.
    pub fn compiler() -> Limits {
        Limits {
            wall: 30_000,
            cpu: 60,
            memory: 2048 * MIB,
            addresses: 32 << 30,
            file: 256 * MIB,
            output: 8 * MIB,
            processes: 64,
        }
    }

    /// What a program may use that the authors wrote and that no reader waits for: on a busy machine, or on one with many processors, an honest one may need more than a reader should wait for.
    pub fn tests() -> Limits {
        Limits { wall: 20_000, output: 8 * MIB, processes: 1024, ..Limits::default() }
    }

    /// Threads of all processes together, which is what the kernel can count: a second net, with room for Tokio's 512 blocking threads.
    pub fn threads(&self) -> usize {
        900.max(2 * self.processes)
    }

    /// The time until it is stopped.
    pub fn wall(&self) -> Duration {
        Duration::from_millis(self.wall)
    }
}

/// Reads limits from JSON, as tests give them on the command line; what is not given is the default.
pub fn parse_limits(text: &str) -> Result<Limits, serde_json::Error> {
    serde_json::from_str(text)
}

/// Writes a time in seconds.
pub fn seconds(milliseconds: u64) -> String {
    format!("{} s", Duration::from_millis(milliseconds).as_secs_f64())
}

/// Writes a size in the largest unit that keeps it whole.
pub fn bytes(number: u64) -> String {
    match number {
        n if n >= MIB && n.is_multiple_of(MIB) => format!("{} MiB", n / MIB),
        n if n >= 1024 && n.is_multiple_of(1024) => format!("{} KiB", n / 1024),
        n => format!("{n} bytes"),
    }
}

/// What this system cannot enforce, in words for the page.
pub fn missing() -> Vec<&'static str> {
    let mut missing = Vec::new();
    if cfg!(not(target_os = "linux")) {
        missing.push("memory in use is not limited");
        missing.push("the number of processes is not limited");
    }
    if cfg!(windows) {
        missing.push("processor time is not limited");
        missing.push("the size of files is not limited");
    } else if cfg!(not(target_os = "linux")) {
        missing.push("a process that leaves its group is not stopped");
    }
    missing
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_told_in_words() {
        assert_eq!(seconds(1_500), "1.5 s");
        assert_eq!(bytes(1000), "1000 bytes");
        assert_eq!(bytes(64 << 10), "64 KiB");
        assert_eq!(bytes(512 * MIB), "512 MiB");
    }

    #[test]
    fn the_book_names_the_limits_of_a_reader() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../book/src/playground.md");
        let page = std::fs::read_to_string(page).expect("a page of the book");
        let (program, compiler) = (Limits::default(), Limits::compiler());
        let said = format!(
            "stopped after {} seconds, or earlier if it uses more than {} of memory, prints more than {}, writes a file of more than {}, or is more than {} processes at a time",
            program.wall / 1000,
            bytes(program.memory),
            bytes(program.output),
            bytes(program.file),
            program.processes
        );
        assert!(page.contains(&said), "{said}");
        let said = format!("On Linux it gets no more than {} threads", program.threads());
        assert!(page.contains(&said), "{said}");
        let said = format!("{} seconds and {} GiB", compiler.wall / 1000, compiler.memory >> 30);
        assert!(page.contains(&said), "{said}");
    }

    #[test]
    fn what_is_not_given_is_the_default() {
        let limits: Limits = serde_json::from_str(r#"{"wall":5}"#).expect("limits");
        assert_eq!(limits.wall, 5);
        assert_eq!(limits.memory, Limits::default().memory);
        assert!(serde_json::from_str::<Limits>(r#"{"wal":5}"#).is_err());
    }
}

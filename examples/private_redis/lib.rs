//! A Redis server of a program's own: on a free port of this machine, behind a password, with its files in a folder that is
//! removed with it.
//!
//! The server ends with the value, and with the program, in whatever way that ends: `keep.sh` watches over it.

use std::collections::hash_map::RandomState;
use std::fmt;
use std::fs;
use std::hash::{BuildHasher, Hasher};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Below the ports that systems give to outgoing connections, so none of these takes the port while the server is down.
const PORTS: std::ops::Range<u16> = 20_000..30_000;

/// How many ports are tried; another server may have one.
const TRIES: usize = 20;

/// A server that runs until this is dropped.
pub struct Server {
    folder: PathBuf,
    port: u16,
    password: String,
    durable: bool,
    /// The shell that watches over the server; none while the server is down.
    keeper: Option<Child>,
}

impl Server {
    /// Starts a server that keeps everything in memory.
    pub fn start() -> Result<Server, StartError> {
        Server::new(false)
    }

    /// Starts a server that has every change on the disk before it answers, and finds it there after [`Server::kill`].
    pub fn start_durable() -> Result<Server, StartError> {
        Server::new(true)
    }

    fn new(durable: bool) -> Result<Server, StartError> {
        match Command::new("redis-server").arg("--version").output() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(StartError::NotInstalled);
            }
            other => other.map_err(failed)?,
        };
        let folder = std::env::temp_dir().join(format!("private-redis-{:016x}", random()));
        make_private(&folder).map_err(failed)?;
        let mut server = Server {
            folder,
            port: 0,
            password: format!("{:016x}{:016x}", random(), random()),
            durable,
            keeper: None,
        };
        for _ in 0..TRIES {
            server.port = PORTS.start + (random() % PORTS.len() as u64) as u16;
            match server.start_again() {
                Err(StartError::PortInUse(_)) => {}
                other => return other.map(|()| server),
            }
        }
        Err(StartError::PortInUse(server.port))
    }

    /// Names the server, its port and its password, as clients want it.
    pub fn url(&self) -> String {
        format!("redis://:{}@127.0.0.1:{}", self.password, self.port)
    }

    /// Gives the server's folder, which goes away with the server.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Ends the server as a crash would; its folder stays.
    pub fn kill(&mut self) {
        self.end("keep\n");
    }

    /// Starts the server again, on the same port, after [`Server::kill`].
    pub fn start_again(&mut self) -> Result<(), StartError> {
        fs::write(self.folder.join("redis.conf"), self.settings()).map_err(failed)?;
        let mut keeper = Command::new("sh")
            .args(["-c", include_str!("keep.sh"), "sh"])
            .arg(&self.folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(failed)?;
        let output = keeper.stdout.take().expect("stdout is a pipe");
        self.keeper = Some(keeper);
        let mut said = Vec::new();
        for line in BufReader::new(output).lines() {
            let line = line.map_err(failed)?;
            if line.contains("Ready to accept connections") {
                return Ok(());
            }
            said.push(line);
        }
        // The server has ended.
        self.end("keep\n");
        if said.iter().any(|line| line.contains("in use")) {
            return Err(StartError::PortInUse(self.port));
        }
        Err(StartError::Failed(said.pop().unwrap_or_default()))
    }

    fn settings(&self) -> String {
        let (append, port, password) = (
            if self.durable { "yes" } else { "no" },
            self.port,
            &self.password,
        );
        format!(
            "bind 127.0.0.1\nport {port}\nrequirepass {password}\ndir \"{}\"\nsave \"\"\n\
             appendonly {append}\nappendfsync always\n",
            self.folder.display()
        )
    }

    fn end(&mut self, word: &str) {
        if let Some(mut keeper) = self.keeper.take() {
            let mut input = keeper.stdin.take().expect("stdin is a pipe");
            // A keeper that was killed needs no word.
            let _ = input.write_all(word.as_bytes());
            drop(input);
            let _ = keeper.wait();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end("");
        // There is no keeper while the server is down.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Why there is no server.
#[derive(Debug)]
pub enum StartError {
    /// The system has no `redis-server`.
    NotInstalled,
    /// Another program has this port.
    PortInUse(u16),
    /// The server's last words, or the system's.
    Failed(String),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::NotInstalled => f.write_str("no redis-server is installed"),
            StartError::PortInUse(port) => write!(f, "port {port} is in use"),
            StartError::Failed(why) => write!(f, "redis-server does not start: {why}"),
        }
    }
}

impl std::error::Error for StartError {}

/// Makes a folder that only this user may enter.
#[cfg(unix)]
fn make_private(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;

    fs::DirBuilder::new().mode(0o700).create(folder)
}

/// Elsewhere the folder for temporary files is the user's own.
#[cfg(not(unix))]
fn make_private(folder: &Path) -> io::Result<()> {
    fs::create_dir(folder)
}

fn failed(error: io::Error) -> StartError {
    StartError::Failed(error.to_string())
}

/// Gives a number that nobody can guess: the standard library protects its hash maps with such numbers.
fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

//! Sockets, streams, and servers with a protocol.
//!
//! `source` is the bridge to the loop: it remembers which sources the operating system calls ready, and wakes who waits for them.
//! On it stands `tcp`, sockets that a task reads and writes itself. On `tcp` stands `transport`, which writes in the background;
//! and on that the two ways to use a connection: `stream`, where a task asks for data, and `server`, where data calls a protocol.

mod server;
mod source;
mod stream;
mod tcp;
mod transport;

pub use server::{Protocol, Server, create_server};
pub(crate) use source::Sides;
pub use source::{Direction, Watched};
pub use stream::{IncompleteRead, LimitOverrun, StreamReader, StreamWriter, open_connection};
pub use tcp::{TcpListener, TcpStream};
pub use transport::Transport;

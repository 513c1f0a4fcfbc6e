//! TCP sockets that a task reads and writes itself.

use std::fmt::Display;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, ToSocketAddrs};
use std::rc::Rc;

use mio::net;

use super::source::{Direction, Watched};
use crate::error::{Error, Result};
use crate::event_loop::expect_running_loop;
use crate::executor::to_thread;

/// Tries `operation` with each address that `name` stands for until one succeeds; a failure names the address.
async fn with_addresses<T>(
    what: &str,
    name: impl Display,
    operation: impl AsyncFn(SocketAddr) -> Result<T>,
) -> Result<T> {
    let name = name.to_string();
    let attempts = async {
        let mut failure = Error::from(io::Error::other("the name has no address"));
        for address in resolve(&name).await? {
            match operation(address).await {
                Err(error) if !error.is_cancelled() => failure = error,
                result => return result,
            }
        }
        Err(failure)
    };
    attempts.await.map_err(|error| match error.downcast_ref::<io::Error>() {
        Some(e) => io::Error::new(e.kind(), format!("cannot {what} {name}: {e}")).into(),
        None => error,
    })
}

/// Looks a name up on a thread of the executor, for the operating system blocks meanwhile; a bare address needs none.
async fn resolve(name: &str) -> Result<Vec<SocketAddr>> {
    if let Ok(address) = name.parse() {
        return Ok(vec![address]);
    }
    let name = name.to_owned();
    to_thread(move || Ok(name.to_socket_addrs()?.collect())).await
}

/// A socket that waits for connections.
///
/// Clones are handles to the same socket, and the last one closes it.
/// asyncio: a listening socket with `loop.sock_accept(sock)`.
///
/// ```
/// use asyncio::{TcpListener, TcpStream, create_task};
///
/// let greeting = asyncio::run(async {
///     let listener = TcpListener::bind("127.0.0.1:0").await?;
///     let address = listener.local_addr()?;
///     create_task(async move {
///         let (connection, _peer) = listener.accept().await?;
///         connection.write_all(b"hello").await
///     });
///     let (reader, _writer) = TcpStream::connect(address).await?.split();
///     reader.read_to_end().await
/// });
/// assert_eq!(greeting.unwrap(), b"hello");
/// ```
#[derive(Clone)]
pub struct TcpListener {
    pub(super) watched: Rc<Watched<net::TcpListener>>,
}

impl TcpListener {
    /// Begins to listen at an address, or at a name and a port, such as `localhost:8080`; the system chooses for port 0.
    ///
    /// # Errors
    /// An `io::Error` that names the address.
    ///
    /// # Panics
    /// Outside a running loop.
    pub async fn bind(address: impl Display) -> Result<Self> {
        with_addresses("listen at", address, async |address| {
            let listener = net::TcpListener::bind(address)?;
            let watched = Rc::new(expect_running_loop().watch(listener)?);
            Ok(TcpListener { watched })
        })
        .await
    }

    /// Gives the address that the socket listens at.
    pub fn local_addr(&self) -> Result<SocketAddr> {
        Ok(self.watched.source().local_addr()?)
    }

    /// Waits for the next connection.
    ///
    /// # Errors
    /// An `io::Error`; if the process has no file descriptor left, the client goes on waiting, and the caller should, too.
    ///
    /// # Cancellation
    /// No connection is lost: one that has arrived waits for the next call.
    pub async fn accept(&self) -> Result<(TcpStream, SocketAddr)> {
        self.watched.io(Direction::Read, accept_one).await
    }
}

/// Accepts a connection, and passes over those that were given up while they waited.
pub(super) fn accept_one(listener: &net::TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
    loop {
        match listener.accept() {
            Ok((socket, peer)) => return Ok((TcpStream::new(socket)?, peer)),
            Err(e) if e.kind() == ErrorKind::ConnectionAborted => {}
            Err(e) => return Err(e),
        }
    }
}

/// A connection.
///
/// Clones are handles to the same socket, and the last one closes it.
/// asyncio: a connected socket with `loop.sock_recv(sock)` and `loop.sock_sendall(sock)`.
///
/// ```
/// use asyncio::{TcpListener, TcpStream};
///
/// asyncio::run(async {
///     let listener = TcpListener::bind("127.0.0.1:0").await?;
///     let client = TcpStream::connect(listener.local_addr()?).await?;
///     let (server, peer) = listener.accept().await?;
///     assert_eq!(client.local_addr()?, peer);
///     client.write_all(b"hi").await?;
///     let mut buffer = [0; 16];
///     let received = server.read(&mut buffer).await?;
///     assert_eq!(&buffer[..received], b"hi");
///     Ok(())
/// }).unwrap();
/// ```
#[derive(Clone)]
pub struct TcpStream {
    pub(super) watched: Rc<Watched<net::TcpStream>>,
}

impl TcpStream {
    fn new(socket: net::TcpStream) -> io::Result<Self> {
        // As in asyncio, small messages go out at once. A socket that refuses works all the same.
        let _ = socket.set_nodelay(true);
        let watched = Rc::new(expect_running_loop().watch(socket)?);
        Ok(TcpStream { watched })
    }

    /// Connects to an address, or to a name and a port, such as `localhost:8080`.
    ///
    /// # Errors
    /// An `io::Error` that names the address.
    ///
    /// # Panics
    /// Outside a running loop.
    ///
    /// # Cancellation
    /// The attempt is given up.
    ///
    /// asyncio: `loop.sock_connect(sock, address)`.
    pub async fn connect(address: impl Display) -> Result<Self> {
        with_addresses("connect to", address, async |address| {
            let stream = TcpStream::new(net::TcpStream::connect(address)?)?;
            let connected = |socket: &net::TcpStream| match socket.take_error()? {
                Some(error) => Err(error),
                None => socket.peer_addr().map_err(|e| match e.kind() {
                    ErrorKind::NotConnected => ErrorKind::WouldBlock.into(),
                    _ => e,
                }),
            };
            stream.watched.io(Direction::Write, connected).await?;
            Ok(stream)
        })
        .await
    }

    /// Gives the address of this end.
    pub fn local_addr(&self) -> Result<SocketAddr> {
        Ok(self.watched.source().local_addr()?)
    }

    /// Gives the address of the other end.
    pub fn peer_addr(&self) -> Result<SocketAddr> {
        Ok(self.watched.source().peer_addr()?)
    }

    /// Reads what is there, at least one byte; 0 says that the other end writes no more.
    ///
    /// # Errors
    /// An `io::Error`.
    ///
    /// # Cancellation
    /// Nothing is lost: what has arrived waits for the next call.
    pub async fn read(&self, buffer: &mut [u8]) -> Result<usize> {
        let read = |mut socket: &net::TcpStream| socket.read(buffer);
        self.watched.io(Direction::Read, read).await
    }

    /// Writes all of `data`, and waits while the other end is slow.
    ///
    /// # Errors
    /// An `io::Error`.
    ///
    /// # Cancellation
    /// A part of the data may have been written.
    pub async fn write_all(&self, mut data: &[u8]) -> Result<()> {
        while !data.is_empty() {
            let write = |mut socket: &net::TcpStream| socket.write(data);
            let written = self.watched.io(Direction::Write, write).await?;
            data = &data[written..];
        }
        Ok(())
    }

    /// Ends one direction or both, for all handles; with `Shutdown::Write` the other end sees that no more comes.
    pub fn shutdown(&self, how: Shutdown) -> Result<()> {
        Ok(self.watched.source().shutdown(how)?)
    }
}

//! Servers: the loop accepts, reads, and calls a protocol with what it has read.

use std::cell::RefCell;
use std::fmt::Display;
use std::io::{ErrorKind, Read};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use super::source::Direction;
use super::stream::CHUNK;
use super::tcp::{TcpListener, TcpStream, accept_one};
use super::transport::Transport;
use crate::error::{Error, Panicked, Result};
use crate::event_loop::expect_running_loop;
use crate::list::List;
use crate::waiters::Waiters;

/// How long a server that cannot accept waits before it tries again; asyncio waits as long.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_secs(1);

/// What a server does with one connection. All of it runs on the loop, so none of it may block.
///
/// A panic in here ends the connection, not the server, and goes to the exception handler.
///
/// asyncio: `Protocol`.
#[expect(unused_variables, reason = "an implementor reads the names")]
pub trait Protocol {
    /// The connection is there. A protocol that wants to answer keeps a clone of `transport`.
    fn connection_made(&mut self, transport: &Transport) {}

    /// Data has arrived, cut as it pleased the network: half a command, or three.
    fn data_received(&mut self, data: &[u8]);

    /// The other end writes no more. True leaves the connection open for answers; false closes it.
    fn eof_received(&mut self) -> bool {
        false
    }

    /// The connection is gone, by `error` unless one of the two ends closed it; nothing is called after this.
    fn connection_lost(&mut self, error: Option<&Error>) {}
}

struct Serving {
    /// `None` once the server is closed.
    listener: RefCell<Option<TcpListener>>,
    address: SocketAddr,
    connections: RefCell<List<Transport>>,
    /// Wakes when a connection is gone, and when the server is closed.
    changed: Waiters,
}

impl Serving {
    /// Accepts one connection; if more wait, the next pass accepts the next.
    fn accept<P: Protocol + 'static>(self: &Rc<Self>, factory: &mut impl FnMut() -> P) {
        let Some(listener) = self.listener.borrow().clone() else { return };
        match listener.watched.try_io(Direction::Read, accept_one) {
            Ok((stream, _)) => match Panicked::catch(factory) {
                Ok(protocol) => self.begin(stream, Box::new(protocol)),
                Err(panicked) => report("Error in the protocol factory", panicked.into()),
            },
            Err(e) if e.kind() == ErrorKind::WouldBlock => {}
            Err(error) => {
                // Mostly there is no file descriptor left. The client stays in line, and the loop must not turn on the spot.
                report("Accept out of system resource", error.into());
                listener.watched.mute(Direction::Read, true);
                let watched = Rc::downgrade(&listener.watched);
                expect_running_loop().call_later(ACCEPT_RETRY_DELAY, move || {
                    if let Some(watched) = watched.upgrade() {
                        watched.mute(Direction::Read, false);
                    }
                });
            }
        }
    }

    fn begin(self: &Rc<Self>, stream: TcpStream, protocol: Box<dyn Protocol>) {
        let transport = Transport::new(stream.clone());
        let served = Rc::new(Served {
            number: self.connections.borrow_mut().push(transport.clone()),
            protocol: RefCell::new(protocol),
            transport: transport.clone(),
            serving: self.clone(),
        });
        transport.set_served(&served);
        let reader = served.clone();
        stream.watched.on_readable(move || reader.read());
        served.call("connection_made", |protocol| protocol.connection_made(&transport));
    }
}

fn report(message: &str, error: Error) {
    expect_running_loop().core.report(message, Some(error));
}

/// One client and its protocol; the socket's callback owns it.
pub(super) struct Served {
    number: u64,
    protocol: RefCell<Box<dyn Protocol>>,
    transport: Transport,
    serving: Rc<Serving>,
}

impl Served {
    /// Calls the protocol; a panic ends the connection, and is no answer.
    fn call<R: Default>(&self, name: &str, call: impl FnOnce(&mut dyn Protocol) -> R) -> R {
        let called = Panicked::catch(|| call(&mut **self.protocol.borrow_mut()));
        called.unwrap_or_else(|panicked| {
            let error = Error::from(panicked);
            report(&format!("Fatal error: protocol.{name}() call failed"), error.clone());
            self.transport.lose(Some(error));
            R::default()
        })
    }

    fn read(&self) {
        let Some(stream) = self.transport.stream() else { return };
        let mut chunk = [0; CHUNK];
        match stream.watched.try_io(Direction::Read, |mut socket| socket.read(&mut chunk)) {
            Ok(0) => {
                self.transport.stop_reading();
                if !self.call("eof_received", |protocol| protocol.eof_received()) {
                    self.transport.close();
                }
            }
            Ok(count) => self.call("data_received", |protocol| protocol.data_received(&chunk[..count])),
            Err(e) if e.kind() == ErrorKind::WouldBlock => {}
            Err(error) => self.transport.lose(Some(error.into())),
        }
    }

    pub(super) fn connection_lost(&self, error: Option<&Error>) {
        self.call("connection_lost", |protocol| protocol.connection_lost(error));
        let _gone = self.serving.connections.borrow_mut().take(self.number);
        self.serving.changed.wake_all();
    }
}

/// A server that accepts connections, and gives each a protocol of its own.
///
/// Clones are handles to the same server. Dropping them changes nothing: it serves until it or its loop is closed.
///
/// asyncio: `Server`.
///
/// ```
/// use asyncio::{Protocol, Transport, create_server, open_connection};
///
/// struct Greeter;
///
/// impl Protocol for Greeter {
///     fn connection_made(&mut self, transport: &Transport) {
///         transport.write(b"welcome\n");
///         transport.close();
///     }
///     fn data_received(&mut self, _data: &[u8]) {}
/// }
///
/// asyncio::run(async {
///     let server = create_server("127.0.0.1:0", || Greeter).await?;
///     let (reader, _writer) = open_connection(server.local_addr()).await?;
///     assert_eq!(reader.read_to_end().await?, b"welcome\n");
///     server.close();
///     server.wait_closed().await?;
///     Ok(())
/// }).unwrap();
/// ```
#[derive(Clone)]
pub struct Server {
    serving: Rc<Serving>,
}

/// Begins to serve at an address, or at a name and a port: see [`TcpListener::bind`].
///
/// `factory` makes the protocol of each connection. A client that cannot be accepted, for want of file descriptors, say, is
/// reported to the exception handler, and the server tries again a second later.
///
/// # Errors
/// An `io::Error` that names the address.
///
/// # Panics
/// Outside a running loop.
///
/// asyncio: `loop.create_server(factory, host, port)`.
pub async fn create_server<P: Protocol + 'static>(
    address: impl Display,
    mut factory: impl FnMut() -> P + 'static,
) -> Result<Server> {
    let listener = TcpListener::bind(address).await?;
    let serving = Rc::new(Serving {
        address: listener.local_addr()?,
        listener: RefCell::new(Some(listener.clone())),
        connections: RefCell::default(),
        changed: Waiters::default(),
    });
    let accepting = serving.clone();
    listener.watched.on_readable(move || accepting.accept(&mut factory));
    Ok(Server { serving })
}

impl Server {
    /// Gives the address that the server listens at, or did.
    ///
    /// asyncio: `server.sockets[0].getsockname()`.
    pub fn local_addr(&self) -> SocketAddr {
        self.serving.address
    }

    /// Tells whether the server accepts connections.
    ///
    /// asyncio: `server.is_serving()`.
    pub fn is_serving(&self) -> bool {
        self.serving.listener.borrow().is_some()
    }

    /// Accepts no more; the connections that are there go on.
    ///
    /// asyncio: `server.close()`.
    pub fn close(&self) {
        drop(self.serving.listener.take());
        self.serving.changed.wake_all();
    }

    /// Closes every connection, once what was written is sent.
    ///
    /// asyncio: `server.close_clients()`.
    pub fn close_clients(&self) {
        self.transports().iter().for_each(Transport::close);
    }

    /// Closes every connection at once; what is unsent is dropped.
    ///
    /// asyncio: `server.abort_clients()`.
    pub fn abort_clients(&self) {
        self.transports().iter().for_each(Transport::abort);
    }

    fn transports(&self) -> Vec<Transport> {
        let connections = self.serving.connections.borrow();
        connections.iter().map(|(_, transport)| transport.clone()).collect()
    }

    /// Waits until the server is closed and the last connection is gone.
    ///
    /// # Errors
    /// If the task is cancelled.
    ///
    /// asyncio: `server.wait_closed()`.
    pub async fn wait_closed(&self) -> Result<()> {
        while self.is_serving() || !self.serving.connections.borrow().is_empty() {
            self.serving.changed.wait("server", None, |_| {}).await?;
        }
        Ok(())
    }
}

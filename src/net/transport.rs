//! The writing half of a connection, which sends in the background.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io::{ErrorKind, Write};
use std::net::{Shutdown, SocketAddr};
use std::rc::{Rc, Weak};

use super::server::Served;
use super::source::Direction;
use super::tcp::TcpStream;
use crate::error::{Error, Result};
use crate::sleep::CancelOnDrop;
use crate::waiters::Waiters;

/// With more bytes than this unsent, a writer had better wait; asyncio has the same marks.
const HIGH_WATER: usize = 64 * 1024;
/// With so few bytes unsent it may go on.
const LOW_WATER: usize = 16 * 1024;

#[derive(Default)]
struct Shared {
    /// `None` once the connection is lost, so that the socket is closed whoever still has a handle.
    stream: RefCell<Option<TcpStream>>,
    peer: Option<SocketAddr>,
    unsent: RefCell<VecDeque<u8>>,
    /// The callback that sends what is unsent. Invariant: there is one as long as something is unsent, and it keeps this alive.
    sender: RefCell<Option<CancelOnDrop>>,
    /// True from the high-water mark down to the low one.
    congested: Cell<bool>,
    paused: Cell<bool>,
    eof_received: Cell<bool>,
    eof_written: Cell<bool>,
    closing: Cell<bool>,
    /// Why the connection was lost, unless it was closed.
    error: RefCell<Option<Error>>,
    /// Wakes when `congested` ends, and when the connection is lost.
    changed: Waiters,
    /// Hears of the loss, if a server has accepted the connection.
    served: RefCell<Weak<Served>>,
}

/// A connection as a [`Protocol`](crate::Protocol) sees it: writing never waits, and what cannot be sent yet is kept.
///
/// Clones are handles to the same connection. A connection that is not closed stays open as long as the loop, or a handle, keeps
/// it.
///
/// asyncio: `Transport`.
///
/// ```
/// use asyncio::{Protocol, Transport};
///
/// #[derive(Default)]
/// struct Echo(Option<Transport>);
///
/// impl Protocol for Echo {
///     fn connection_made(&mut self, transport: &Transport) {
///         self.0 = Some(transport.clone());
///     }
///     fn data_received(&mut self, data: &[u8]) {
///         self.0.as_ref().unwrap().write(data);
///     }
/// }
///
/// asyncio::run(async {
///     let server = asyncio::create_server("127.0.0.1:0", Echo::default).await?;
///     let (reader, writer) = asyncio::open_connection(server.local_addr()).await?;
///     writer.write(b"again\n");
///     assert_eq!(reader.read_line().await?, b"again\n");
///     Ok(())
/// }).unwrap();
/// ```
#[derive(Clone)]
pub struct Transport {
    shared: Rc<Shared>,
}

impl Transport {
    pub(super) fn new(stream: TcpStream) -> Self {
        let peer = stream.peer_addr().ok();
        let stream = RefCell::new(Some(stream));
        Transport { shared: Rc::new(Shared { peer, stream, ..Shared::default() }) }
    }

    pub(super) fn stream(&self) -> Option<TcpStream> {
        self.shared.stream.borrow().clone()
    }

    pub(super) fn set_served(&self, served: &Rc<Served>) {
        *self.shared.served.borrow_mut() = Rc::downgrade(served);
    }

    /// Tells whether the connection is still there.
    ///
    /// # Errors
    /// What it was lost by.
    pub(super) fn is_connected(&self) -> Result<bool> {
        match &*self.shared.error.borrow() {
            Some(error) => Err(error.clone()),
            None => Ok(self.shared.stream.borrow().is_some()),
        }
    }

    pub(super) fn is_congested(&self) -> bool {
        self.shared.congested.get()
    }

    /// Waits until the connection is lost, or no longer congested.
    pub(super) async fn changed(&self) -> Result<()> {
        Ok(self.shared.changed.wait("transport", None, |_| {}).await?)
    }

    /// Gives the address of the other end; `None` if it left before it could be asked.
    ///
    /// asyncio: `transport.get_extra_info("peername")`.
    pub fn peer_addr(&self) -> Option<SocketAddr> {
        self.shared.peer
    }

    /// Sends data, now or later; after `close`, `write_eof`, or the loss of the connection it is dropped.
    ///
    /// A protocol whose client does not read is given no new data until the client does: so the memory for answers is bounded
    /// by what one call of `data_received` writes. asyncio calls `pause_writing` instead, and leaves the rest to the protocol.
    ///
    /// asyncio: `transport.write(data)`.
    pub fn write(&self, data: &[u8]) {
        if !self.is_closing() && !self.shared.eof_written.get() {
            self.shared.unsent.borrow_mut().extend(data);
            self.send();
        }
    }

    /// Sends the rest, then tells the other end that no more comes; reading goes on.
    ///
    /// asyncio: `transport.write_eof()`.
    pub fn write_eof(&self) {
        if !self.is_closing() && !self.shared.eof_written.replace(true) {
            self.send();
        }
    }

    /// Reads no more, sends the rest, and closes the connection.
    ///
    /// asyncio: `transport.close()`.
    pub fn close(&self) {
        if !self.shared.closing.replace(true) {
            self.send();
        }
    }

    /// Closes the connection at once; what is unsent is dropped.
    ///
    /// asyncio: `transport.abort()`.
    pub fn abort(&self) {
        self.lose(None);
    }

    /// Tells whether the connection is closed, or about to be.
    ///
    /// asyncio: `transport.is_closing()`.
    pub fn is_closing(&self) -> bool {
        self.shared.closing.get()
    }

    /// Keeps `data_received` from being called until `resume_reading`.
    ///
    /// asyncio: `transport.pause_reading()`.
    pub fn pause_reading(&self) {
        self.shared.paused.set(true);
        self.update_reading();
    }

    /// Lets `data_received` be called again.
    ///
    /// asyncio: `transport.resume_reading()`.
    pub fn resume_reading(&self) {
        self.shared.paused.set(false);
        self.update_reading();
    }

    pub(super) fn stop_reading(&self) {
        self.shared.eof_received.set(true);
        self.update_reading();
    }

    fn update_reading(&self) {
        let Shared { congested, paused, eof_received, closing, .. } = &*self.shared;
        let muted = congested.get() || paused.get() || eof_received.get() || closing.get();
        if let Some(stream) = self.stream() {
            stream.watched.mute(Direction::Read, muted);
        }
    }

    /// Sends as much as the operating system takes, and leaves the rest to a callback.
    fn send(&self) {
        let shared = &self.shared;
        let Some(stream) = self.stream() else { return };
        let mut unsent = shared.unsent.borrow_mut();
        while !unsent.is_empty() {
            let (next, _) = unsent.as_slices();
            match stream.watched.try_io(Direction::Write, |mut socket| socket.write(next)) {
                Ok(count) => drop(unsent.drain(..count)),
                Err(e) if e.kind() == ErrorKind::WouldBlock => break,
                Err(error) => {
                    drop(unsent);
                    return self.lose(Some(error.into()));
                }
            }
        }
        let left = unsent.len();
        drop(unsent);
        if left > HIGH_WATER {
            shared.congested.set(true);
        } else if left <= LOW_WATER && shared.congested.replace(false) {
            shared.changed.wake_all();
        }
        self.update_reading();
        if left > 0 {
            let mut sender = shared.sender.borrow_mut();
            let this = self.clone();
            let watch = || stream.watched.on_writable(move || this.send());
            sender.get_or_insert_with(|| CancelOnDrop(watch()));
            return;
        }
        drop(shared.sender.take());
        if shared.closing.get() {
            self.lose(None);
        } else if shared.eof_written.get() {
            // The other end may have closed the connection before.
            let _ = stream.shutdown(Shutdown::Write);
        }
    }

    /// Ends the connection; the first reason counts.
    pub(super) fn lose(&self, error: Option<Error>) {
        let shared = &self.shared;
        let Some(stream) = shared.stream.take() else { return };
        shared.closing.set(true);
        *shared.error.borrow_mut() = error.clone();
        shared.unsent.take();
        // Somebody may be waiting to read, with a handle that keeps the socket. Not every system tells of one's own shutdown.
        let _ = stream.shutdown(Shutdown::Both);
        stream.watched.wake_all();
        shared.changed.wake_all();
        drop(shared.sender.take());
        let served = shared.served.borrow().upgrade();
        if let Some(served) = served {
            // The protocol may be the caller, and busy.
            stream.watched.call_soon(move || served.connection_lost(error.as_ref()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Transport;
    use crate::{EventLoop, TcpListener, TcpStream};

    /// Tells whether a writer that waits may go on with so many bytes unsent.
    fn goes_on_with(left: usize) -> bool {
        let main = async move {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            let transport = Transport::new(TcpStream::connect(listener.local_addr()?).await?);
            // The other end does not read. If the operating system takes something all the same, there is another try.
            loop {
                while !transport.is_congested() {
                    transport.write(&[0; 1024]);
                }
                transport.shared.unsent.borrow_mut().truncate(left);
                transport.send();
                if transport.shared.unsent.borrow().len() == left {
                    return Ok(!transport.is_congested());
                }
            }
        };
        EventLoop::with_virtual_clock().run(main).unwrap()
    }

    #[test]
    fn a_writer_goes_on_at_the_low_water_mark() {
        assert!(goes_on_with(1));
        assert!(goes_on_with(16 * 1024));
        assert!(!goes_on_with(16 * 1024 + 1));
        assert!(!goes_on_with(64 * 1024));
    }
}

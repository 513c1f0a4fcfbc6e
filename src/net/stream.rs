//! Streams: a task asks for data, and waits until it is there.

use std::cell::{Cell, RefCell};
use std::fmt::{self, Display};
use std::io::{self, ErrorKind, Read};
use std::rc::Rc;

use super::source::Direction;
use super::tcp::TcpStream;
use super::transport::Transport;
use crate::error::{Result, texts};
use crate::sleep::yield_now;
use crate::sync::Lock;

/// How long a line may be; asyncio has the same limit.
const LIMIT: usize = 64 * 1024;
/// How much is read at once.
pub(super) const CHUNK: usize = 16 * 1024;

/// Says that the stream ended before all that was asked for had arrived.
///
/// asyncio: `IncompleteReadError`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncompleteRead {
    /// What had arrived.
    pub partial: Vec<u8>,
    /// How many bytes were asked for; `None` if a separator was.
    pub expected: Option<usize>,
}

impl Display for IncompleteRead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total = self.expected.map_or("undefined".to_owned(), |count| count.to_string());
        write!(f, "{} bytes read on a total of {total} expected bytes", self.partial.len())
    }
}

impl std::error::Error for IncompleteRead {}

/// Says that no separator was found within the reader's limit.
///
/// asyncio: `LimitOverrunError`, and `ValueError` from `readline`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitOverrun {
    /// How many bytes may come before a separator.
    pub limit: usize,
}

texts! {
    LimitOverrun,
    Self { limit } => "separator is not found within {limit} bytes",
}

struct Incoming {
    transport: Transport,
    /// What has arrived and was not asked for yet.
    buffer: RefCell<Vec<u8>>,
    eof: Cell<bool>,
    limit: Cell<usize>,
    /// Those who read take turns: what one call gives is never mixed with what another gives.
    turns: Lock,
}

/// The reading half of a connection.
///
/// Clones are handles to the same half; tasks that read at the same time are served in the order in which they came. (asyncio
/// raises `RuntimeError`.) Nothing is read ahead of need, so a client that sends too fast has to wait.
///
/// # Cancellation
/// A cancelled read loses nothing: what has arrived is there for the next one.
///
/// asyncio: `StreamReader`.
///
/// ```
/// use asyncio::{TcpListener, open_connection};
///
/// asyncio::run(async {
///     let listener = TcpListener::bind("127.0.0.1:0").await?;
///     let (_, writer) = open_connection(listener.local_addr()?).await?;
///     writer.write(b"add 1 2\nbye");
///     writer.close();
///     let (connection, _peer) = listener.accept().await?;
///     let (reader, _) = connection.split();
///     assert_eq!(reader.read_line().await?, b"add 1 2\n");
///     assert_eq!(reader.read_exactly(3).await?, b"bye");
///     assert_eq!(reader.read(100).await?, b"");
///     Ok(())
/// }).unwrap();
/// ```
#[derive(Clone)]
pub struct StreamReader {
    incoming: Rc<Incoming>,
}

impl StreamReader {
    /// Sets how many bytes may come before a separator; 64 KiB at first.
    ///
    /// asyncio: `open_connection(…, limit=…)`.
    #[must_use]
    pub fn with_limit(self, limit: usize) -> Self {
        self.incoming.limit.set(limit);
        self
    }

    fn buffered(&self) -> usize {
        self.incoming.buffer.borrow().len()
    }

    fn take(&self, count: usize) -> Vec<u8> {
        let mut buffer = self.incoming.buffer.borrow_mut();
        let count = count.min(buffer.len());
        buffer.drain(..count).collect()
    }

    /// Waits for more; false at the end of the stream, which is also where this end has closed it.
    async fn fill(&self) -> Result<bool> {
        let Incoming { transport, buffer, eof, .. } = &*self.incoming;
        if eof.get() {
            return Ok(false);
        }
        if let Some(stream) = transport.stream() {
            let read = |mut socket: &mio::net::TcpStream| {
                let mut chunk = [0; CHUNK];
                let count = socket.read(&mut chunk)?;
                buffer.borrow_mut().extend_from_slice(&chunk[..count]);
                Ok(count)
            };
            match stream.watched.io(Direction::Read, read).await {
                Ok(0) => {}
                Ok(_) => return Ok(true),
                Err(error) if error.is_cancelled() => return Err(error),
                Err(error) => transport.lose(Some(error)),
            }
        }
        transport.is_connected()?;
        eof.set(true);
        Ok(false)
    }

    /// Waits for more of what was asked for. A stream that ends before is an error, which takes along what there is.
    async fn fill_further(&self, expected: Option<usize>) -> Result<()> {
        match self.fill().await? {
            true => Ok(()),
            false => Err(IncompleteRead { partial: self.take(usize::MAX), expected }.into()),
        }
    }

    /// Reads at most `count` bytes, as soon as there are any; none at all says that the stream has ended.
    ///
    /// asyncio: `reader.read(n)`.
    pub async fn read(&self, count: usize) -> Result<Vec<u8>> {
        let _turn = self.incoming.turns.acquire().await?;
        if count > 0 && self.buffered() == 0 {
            self.fill().await?;
        }
        Ok(self.take(count))
    }

    /// Reads exactly `count` bytes.
    ///
    /// # Errors
    /// [`IncompleteRead`], with what there was, if the stream ends before.
    ///
    /// asyncio: `reader.readexactly(n)`.
    pub async fn read_exactly(&self, count: usize) -> Result<Vec<u8>> {
        let _turn = self.incoming.turns.acquire().await?;
        while self.buffered() < count {
            self.fill_further(Some(count)).await?;
        }
        Ok(self.take(count))
    }

    /// Reads to the end of the stream, however far that is.
    ///
    /// asyncio: `reader.read()`.
    pub async fn read_to_end(&self) -> Result<Vec<u8>> {
        let _turn = self.incoming.turns.acquire().await?;
        while self.fill().await? {}
        Ok(self.take(usize::MAX))
    }

    /// Reads up to a separator, which is the last thing in the result.
    ///
    /// # Errors
    /// [`IncompleteRead`], with what there was, if the stream ends before. [`LimitOverrun`] if more than the limit comes before
    /// the separator; what was read of it is thrown away, and the next read goes on from there.
    ///
    /// # Panics
    /// If the separator is empty.
    ///
    /// asyncio: `reader.readuntil(separator)`, which keeps what was too long.
    pub async fn read_until(&self, separator: &[u8]) -> Result<Vec<u8>> {
        assert!(!separator.is_empty(), "a separator needs at least one byte");
        let Incoming { turns, limit, .. } = &*self.incoming;
        let _turn = turns.acquire().await?;
        let mut searched = 0;
        loop {
            let place = self.incoming.buffer.borrow()[searched..]
                .windows(separator.len())
                .position(|window| window == separator)
                .map(|at| searched + at);
            // The separator may have arrived in parts.
            searched = self.buffered().saturating_sub(separator.len() - 1);
            if place.unwrap_or(searched) > limit.get() {
                self.take(place.map_or(usize::MAX, |at| at + separator.len()));
                return Err(LimitOverrun { limit: limit.get() }.into());
            }
            if let Some(at) = place {
                return Ok(self.take(at + separator.len()));
            }
            self.fill_further(None).await?;
        }
    }

    /// Reads a line with its `\n`; the last line may come without one, and an empty result says that the stream has ended.
    ///
    /// # Errors
    /// [`LimitOverrun`] for a line that is too long, as [`StreamReader::read_until`].
    ///
    /// asyncio: `reader.readline()`.
    pub async fn read_line(&self) -> Result<Vec<u8>> {
        let line = self.read_until(b"\n").await;
        line.or_else(|error| match error.downcast_ref::<IncompleteRead>() {
            Some(incomplete) => Ok(incomplete.partial.clone()),
            None => Err(error),
        })
    }
}

/// The writing half of a connection: `write` never waits, so wait in `drain` now and then.
///
/// Clones are handles to the same half. asyncio: `StreamWriter`.
///
/// ```
/// use asyncio::{TcpListener, open_connection};
///
/// asyncio::run(async {
///     let listener = TcpListener::bind("127.0.0.1:0").await?;
///     let (reader, _) = open_connection(listener.local_addr()?).await?;
///     let (_, writer) = listener.accept().await?.0.split();
///     for number in 1..=3 {
///         writer.write(format!("{number}\n").as_bytes());
///         writer.drain().await?;
///     }
///     writer.close();
///     writer.wait_closed().await?;
///     assert_eq!(reader.read_to_end().await?, b"1\n2\n3\n");
///     Ok(())
/// }).unwrap();
/// ```
#[derive(Clone)]
pub struct StreamWriter {
    transport: Transport,
}

impl StreamWriter {
    /// Borrows the connection itself, to ask for the peer's address, or to abort it.
    ///
    /// asyncio: `writer.transport`.
    pub fn transport(&self) -> &Transport {
        &self.transport
    }

    /// Sends data, now or later: see [`Transport::write`].
    ///
    /// asyncio: `writer.write(data)`.
    pub fn write(&self, data: &[u8]) {
        self.transport.write(data);
    }

    /// Sends the rest, then tells the other end that no more comes.
    ///
    /// asyncio: `writer.write_eof()`.
    pub fn write_eof(&self) {
        self.transport.write_eof();
    }

    /// Waits while more than 64 KiB are unsent, until they are at most 16 KiB; always lets the others have a turn.
    ///
    /// # Errors
    /// If the connection is lost or closed, an `io::Error`.
    ///
    /// # Cancellation
    /// What was written is sent all the same.
    ///
    /// asyncio: `await writer.drain()`.
    pub async fn drain(&self) -> Result<()> {
        yield_now().await?;
        while self.transport.is_connected()? {
            if !self.transport.is_congested() {
                return Ok(());
            }
            self.transport.changed().await?;
        }
        Err(io::Error::new(ErrorKind::ConnectionReset, "connection lost").into())
    }

    /// Sends the rest, then closes the connection, the reading half too.
    ///
    /// asyncio: `writer.close()`.
    pub fn close(&self) {
        self.transport.close();
    }

    /// Waits until the connection is closed.
    ///
    /// # Errors
    /// The `io::Error` that it was lost by, if it was.
    ///
    /// asyncio: `await writer.wait_closed()`.
    pub async fn wait_closed(&self) -> Result<()> {
        while self.transport.is_connected()? {
            self.transport.changed().await?;
        }
        Ok(())
    }
}

impl TcpStream {
    /// Makes a reader and a writer with buffers.
    pub fn split(self) -> (StreamReader, StreamWriter) {
        let transport = Transport::new(self);
        let incoming = Incoming {
            transport: transport.clone(),
            buffer: RefCell::default(),
            eof: Cell::new(false),
            limit: Cell::new(LIMIT),
            turns: Lock::new(),
        };
        (StreamReader { incoming: Rc::new(incoming) }, StreamWriter { transport })
    }
}

/// Connects, and gives the two halves of the connection: see [`TcpStream::connect`].
///
/// asyncio: `asyncio.open_connection(host, port)`.
pub async fn open_connection(address: impl Display) -> Result<(StreamReader, StreamWriter)> {
    Ok(TcpStream::connect(address).await?.split())
}

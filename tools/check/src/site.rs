//! A network played in the process, for exercises on servers that speak HTTP.

use std::fmt::{self, Display, Formatter};
use std::future::pending;
use std::io;

use axum::Router;
use axum::serve::Listener;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

/// How many bytes are under way on a connection at most.
const ROOM: usize = 4096;

/// Plays the address of a server: whoever has it can connect.
///
/// Its connections are pipes in memory, so they work on the paused clock, where sockets would not.
#[derive(Clone, Debug)]
pub struct Site(UnboundedSender<DuplexStream>);

/// Plays the server's end: a listener whose connections come out of a channel.
struct Clients(UnboundedReceiver<DuplexStream>);

impl Listener for Clients {
    type Io = DuplexStream;
    type Addr = ();

    async fn accept(&mut self) -> (DuplexStream, ()) {
        match self.0.recv().await {
            Some(client) => (client, ()),
            // A listener never ends; nobody can connect any more.
            None => pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<()> {
        Ok(())
    }
}

/// What came back on a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The three digits, or `no answer` if the connection was closed without any.
    pub status: String,
    /// Everything before the body, in small letters.
    pub head: String,
    pub body: String,
}

impl Display for Answer {
    /// Writes the status and the body.
    fn fmt(&self, f: &mut Formatter) -> fmt::Result {
        match (self.status.as_str(), self.body.as_str()) {
            (status, "") => write!(f, "{status}"),
            (status, body) => write!(f, "{status} {body}"),
        }
    }
}

impl Site {
    /// Asks for a page on a connection of its own, and reads to the end of the connection.
    ///
    /// Dropping the future closes the connection, as a client does that goes away.
    pub async fn get(&self, path: &str) -> Answer {
        let (mut ours, theirs) = duplex(ROOM);
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        let mut text = String::new();
        // Whatever goes wrong on the way, there is no answer then.
        let _ = self.0.send(theirs);
        let _ = ours.write_all(request.as_bytes()).await;
        let _ = ours.read_to_string(&mut text).await;
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_default();
        let status = head.split(' ').nth(1).unwrap_or("no answer");
        Answer { status: status.to_owned(), head: format!("{}\r\n", head.to_lowercase()), body: body.to_owned() }
    }
}

/// Serves the pages while the clients do what they do, and until every answer is sent after that.
pub async fn with_site<T>(pages: Router, clients: impl AsyncFnOnce(&Site) -> T) -> T {
    let (sender, connections) = unbounded_channel();
    let (end, ended) = oneshot::channel::<()>();
    let serving = tokio::spawn(async {
        axum::serve(Clients(connections), pages).with_graceful_shutdown(async { drop(ended.await) }).await
    });
    let value = clients(&Site(sender)).await;
    drop(end);
    // It fails only if a task of the server's was cancelled, and nobody has its handle.
    let _ = serving.await;
    value
}

//! Servers on this machine for the example `clients` and its tests: honest ones by axum, and bad ones by hand.
//!
//! Each listens on a port that the system chooses. All but the three hosts run as tasks of the runtime that starts them, and
//! end with it.

mod folder;

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

pub use folder::{Folder, leaves};

/// What the system is asked for: any free port of this machine.
const ANY_PORT: &str = "127.0.0.1:0";

/// A running server, and what it has seen.
#[derive(Clone)]
pub struct Server {
    address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    requests: Vec<String>,
    /// Requests that are in work now.
    now: usize,
    most: usize,
}

impl Server {
    pub fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    /// Gives what was asked for, oldest first, such as `GET /tea bytes=500-`.
    pub fn requests(&self) -> Vec<String> {
        self.seen.lock().expect("no panic").requests.clone()
    }

    /// Tells how many requests were in work at the same time, at most.
    pub fn most_at_once(&self) -> usize {
        self.seen.lock().expect("no panic").most
    }
}

/// Counts a request as long as it is in work.
struct InWork(Arc<Mutex<Seen>>);

impl InWork {
    fn begin(seen: &Arc<Mutex<Seen>>, request: String) -> Self {
        let mut inner = seen.lock().expect("no panic");
        inner.requests.push(request);
        inner.now += 1;
        inner.most = inner.most.max(inner.now);
        InWork(seen.clone())
    }
}

impl Drop for InWork {
    fn drop(&mut self) {
        self.0.lock().expect("no panic").now -= 1;
    }
}

/// Keeps requests waiting until so many are there; from then on it is open. Clones are the same gate.
#[derive(Clone)]
pub struct Gate {
    arrived: watch::Sender<usize>,
    wanted: usize,
}

impl Gate {
    pub fn of(wanted: usize) -> Self {
        Gate {
            arrived: watch::Sender::new(0),
            wanted,
        }
    }

    /// Opens it, whoever is there.
    pub fn open(&self) {
        self.arrived.send_replace(usize::MAX);
    }

    async fn pass(&self) {
        self.arrived
            .send_modify(|arrived| *arrived = arrived.saturating_add(1));
        let mut arrived = self.arrived.subscribe();
        let open = arrived.wait_for(|&arrived| arrived >= self.wanted).await;
        open.expect("this gate keeps the sender");
    }
}

/// An honest HTTP server: files with a length, a tag for each version of each, ranges, and redirects.
#[derive(Clone)]
pub struct Site {
    files: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
    /// An `ETag` names the version of a file, so that a client can ask for the rest of that one.
    pub tags: bool,
    /// Whether a part of a file can be asked for.
    pub ranges: bool,
    pub gate: Gate,
    seen: Arc<Mutex<Seen>>,
}

impl Site {
    pub fn new<'a>(files: impl IntoIterator<Item = (&'a str, Vec<u8>)>) -> Self {
        let files = files.into_iter();
        Site {
            files: Arc::new(Mutex::new(
                files.map(|(name, file)| (name.into(), file)).collect(),
            )),
            tags: true,
            ranges: true,
            gate: Gate::of(0),
            seen: Arc::default(),
        }
    }

    /// Puts another version in the place of a file.
    pub fn replace(&self, name: &str, file: Vec<u8>) {
        let mut files = self.files.lock().expect("no panic");
        files.insert(name.into(), file);
    }

    pub async fn serve(&self) -> io::Result<Server> {
        let router = Router::new()
            .route("/loop", get(|| async { Redirect::to("/loop") }))
            .route("/moved/{name}", get(moved))
            .fallback(file)
            .with_state(self.clone());
        let listener = TcpListener::bind(ANY_PORT).await?;
        let address = listener.local_addr()?;
        tokio::spawn(axum::serve(listener, router).into_future());
        let seen = self.seen.clone();
        Ok(Server { address, seen })
    }
}

async fn moved(Path(name): Path<String>) -> Redirect {
    Redirect::to(&format!("/{name}"))
}

async fn file(
    State(site): State<Site>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, StatusCode> {
    let text = |name| Some(headers.get(name)?.to_str().ok()?.to_owned());
    let range = text(header::RANGE);
    let request = [Some(format!("{method} {uri}")), range.clone()];
    let request: Vec<_> = request.into_iter().flatten().collect();
    let _in_work = InWork::begin(&site.seen, request.join(" "));
    site.gate.pass().await;

    let name = uri.path().trim_start_matches('/');
    let file = site.files.lock().expect("no panic").get(name).cloned();
    let file = file.ok_or(StatusCode::NOT_FOUND)?;
    let mut hasher = DefaultHasher::new();
    file.hash(&mut hasher);
    let tag = format!("\"{:x}\"", hasher.finish());
    let same_version = text(header::IF_RANGE).is_none_or(|wanted| wanted == tag);
    let from = range.filter(|_| site.ranges && same_version);
    let mut response = match from.and_then(|range| first_byte(&range)) {
        Some(from) if from >= file.len() => {
            let length = (header::CONTENT_RANGE, format!("bytes */{}", file.len()));
            (StatusCode::RANGE_NOT_SATISFIABLE, [length]).into_response()
        }
        Some(from) => {
            let (last, length) = (file.len() - 1, file.len());
            let part = format!("bytes {from}-{last}/{length}");
            let part = [(header::CONTENT_RANGE, part)];
            (StatusCode::PARTIAL_CONTENT, part, file[from..].to_vec()).into_response()
        }
        None => file.into_response(),
    };
    if site.tags {
        let tag = tag.parse().expect("a quoted number");
        response.headers_mut().insert(header::ETAG, tag);
    }
    Ok(response)
}

/// Reads `bytes=500-`, the one form of a range that a resumed download needs.
fn first_byte(range: &str) -> Option<usize> {
    range
        .strip_prefix("bytes=")?
        .strip_suffix('-')?
        .parse()
        .ok()
}

/// What a [`bad_line`] does after some bytes of the first answer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Closes the connection.
    Close,
    /// Lets nothing more through.
    Stall,
}

/// Stands between a client and `server`: it lets through so many bytes of the first answer's body, and later ones whole.
pub async fn bad_line(server: &Server, bytes: u64, fault: Fault) -> io::Result<Server> {
    let listener = TcpListener::bind(ANY_PORT).await?;
    let address = listener.local_addr()?;
    let Server { address: to, seen } = server.clone();
    tokio::spawn(async move {
        let mut first = true;
        while let Ok((client, _)) = listener.accept().await {
            let is_bad = std::mem::take(&mut first);
            tokio::spawn(async move {
                let (mut from_client, mut to_client) = client.into_split();
                let (from_server, mut to_server) = TcpStream::connect(to).await?.into_split();
                let request =
                    async move { tokio::io::copy(&mut from_client, &mut to_server).await };
                tokio::spawn(request);
                let mut answer = tokio::io::BufReader::new(from_server);
                if is_bad {
                    to_client
                        .write_all(head(&mut answer).await?.as_bytes())
                        .await?;
                    tokio::io::copy(&mut answer.take(bytes), &mut to_client).await?;
                    if fault == Fault::Stall {
                        std::future::pending::<()>().await;
                    }
                } else {
                    tokio::io::copy(&mut answer, &mut to_client).await?;
                }
                io::Result::Ok(())
            });
        }
    });
    Ok(Server { address, seen })
}

/// Reads the lines of a request or an answer up to the empty one.
async fn head(stream: &mut (impl AsyncBufReadExt + Unpin)) -> io::Result<String> {
    let mut head = String::new();
    while stream.read_line(&mut head).await? > 2 {}
    Ok(head)
}

/// What a scripted server does when it has read the head of a request.
#[derive(Clone)]
pub enum Answer {
    /// Sends this and closes the connection.
    Say(String),
    /// Sends nothing, and lets the client's system report that the connection was reset.
    Reset,
    /// Sends this, and then nothing for ever.
    Silence(String),
    /// Sends this, and then a byte every few milliseconds for ever.
    Drip(String),
}

/// An answer with its length; the closing of the connection comes with it.
pub fn answer(status: &str, body: &str) -> Answer {
    let length = body.len();
    Answer::Say(format!(
        "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    ))
}

/// A server that gives the answers in turn, one to each connection; the last one is for all that follow.
pub async fn scripted(answers: impl IntoIterator<Item = Answer>) -> io::Result<Server> {
    let listener = TcpListener::bind(ANY_PORT).await?;
    let address = listener.local_addr()?;
    let seen: Arc<Mutex<Seen>> = Arc::default();
    let log = seen.clone();
    let mut answers = answers
        .into_iter()
        .collect::<Vec<_>>()
        .into_iter()
        .peekable();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let answer = answers.next().expect("at least one answer");
            if answers.peek().is_none() {
                answers = vec![answer.clone()].into_iter().peekable();
            }
            tokio::spawn(perform(client, answer, log.clone()));
        }
    });
    Ok(Server { address, seen })
}

async fn perform(client: TcpStream, answer: Answer, log: Arc<Mutex<Seen>>) -> io::Result<()> {
    let mut client = tokio::io::BufReader::new(client);
    let head = head(&mut client).await?;
    let request = head.lines().next().unwrap_or_default();
    let request = request.trim_end_matches(" HTTP/1.1");
    let _in_work = InWork::begin(&log, request.to_owned());
    match answer {
        Answer::Say(text) => client.write_all(text.as_bytes()).await,
        Answer::Reset => client.get_ref().set_zero_linger(),
        Answer::Silence(text) => {
            client.write_all(text.as_bytes()).await?;
            std::future::pending().await
        }
        Answer::Drip(text) => {
            client.write_all(text.as_bytes()).await?;
            loop {
                tokio::time::sleep(Duration::from_millis(2)).await;
                client.write_all(b".").await?;
            }
        }
    }
}

/// Tells the three hosts that a line was printed, so that they send the next one.
pub type Cue = mpsc::Sender<()>;

/// Starts hosts that answer in turn, a header line each: the next one speaks when the cue has come.
///
/// Real hosts speak when they like. These wait for each other, so that what the clients print is the same in every run.
/// They have a thread of their own, and end when the cue is dropped.
pub fn three_hosts() -> io::Result<([SocketAddr; 3], Cue)> {
    let bind = || std::net::TcpListener::bind(ANY_PORT);
    let listeners = [bind()?, bind()?, bind()?];
    let [first, second, third] = &listeners;
    let addresses = [
        first.local_addr()?,
        second.local_addr()?,
        third.local_addr()?,
    ];
    let (cue, cues) = mpsc::channel();
    thread::spawn(move || take_turns(&listeners, &cues));
    Ok((addresses, cue))
}

fn take_turns(listeners: &[std::net::TcpListener], cues: &mpsc::Receiver<()>) -> io::Result<()> {
    let mut clients = Vec::new();
    for listener in listeners {
        let client = listener.accept()?.0;
        let request = BufReader::new(&client).lines().map_while(io::Result::ok);
        // What the client says is the same for every host: all lines up to the empty one.
        request.take_while(|line| !line.is_empty()).for_each(drop);
        clients.push(client);
    }
    for line in [
        "HTTP/1.1 200 OK",
        "Content-Type: text/plain",
        "Content-Length: 10",
        "",
    ] {
        for client in &mut clients {
            write!(client, "{line}\r\n")?;
            // Nobody prints the empty line.
            if !line.is_empty() && cues.recv().is_err() {
                return Ok(());
            }
        }
    }
    Ok(())
}

//! The server on this machine, for this machine only.

use std::future::pending;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{Extensions, HeaderMap, StatusCode, Version};
use axum::middleware;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{any, get};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tempfile::NamedTempFile;
use tokio::net::TcpListener;
use tokio::runtime;
use tokio::sync::Notify;
use tokio::time::sleep;
use tower_http::compression::CompressionLayer;

use crate::api;
use crate::book::Book;
use crate::exercises::queue::Queue;
use crate::exercises::{Exercises, Places, web};
use crate::pages::{MISSING, Pages};
use crate::reload::{self, Builds};
use crate::run::Runner;
use crate::run::guard::{Guard, guard};
use crate::run::origin::Origin;
use crate::run::prepare::prepare;
use crate::run::routes::routes;
use crate::run::scratch::Scratch;
use crate::run::token::Token;
use crate::supervisor::limits::Limits;
use crate::watch::Changes;

/// How long a client may take to send the head of a request, or to begin another one.
const HEAD: Duration = Duration::from_secs(5);

/// How long the server waits when it can take no more connections.
const PAUSE: Duration = Duration::from_millis(100);

/// What is shown when the pages are gone.
const GONE: &str = "<!DOCTYPE html><meta charset=\"utf-8\"><title>The workbook</title><p>Something has removed the pages of this book from the folder for temporary files. They are being made again: reload this page in a moment.";

/// What the handlers share.
struct Site {
    builds: Builds,
    /// Of the newest book that could be built.
    pages: RwLock<Arc<Pages>>,
    /// The library's documentation.
    api: RwLock<Arc<Pages>>,
    /// Told when pages are gone that were there.
    gone: Notify,
}

/// What is there now.
fn current(pages: &RwLock<Arc<Pages>>) -> Arc<Pages> {
    pages.read().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Puts new pages in the place of the old ones, which it gives.
fn replace(pages: &RwLock<Arc<Pages>>, new: Pages) -> Arc<Pages> {
    let mut current = pages.write().unwrap_or_else(PoisonError::into_inner);
    std::mem::replace(&mut current, Arc::new(new))
}

/// Makes the pages as they are served.
fn render(book: &Book, folder: &Path) -> Result<Pages> {
    book.render(folder)?;
    // What is missing may be asked for below any folder, and here its page knows where the book begins.
    let base = |page: String| page.replacen("<head>", "<head><base href=\"/\">", 1);
    let pages = Pages::changed(folder, |name, page| {
        let page = reload::served(&page);
        if name == MISSING && !page.contains("<base ") { base(page) } else { page }
    });
    pages.with_context(|| format!("cannot prepare the pages in {}", folder.display()))
}

/// What the reader asked for.
pub struct Options {
    pub port: u16,
    /// Where the browser finds the server, if not on its own machine.
    pub origin: Option<Origin>,
    /// Whether to open the browser; otherwise the address is printed with the secret that lets it run programs.
    pub open: bool,
    /// The limits of a reader's program.
    pub limits: Limits,
    pub compiler_limits: Limits,
}

/// Serves the book until Ctrl-C.
pub fn serve(book: Book, options: Options) -> Result<()> {
    let scratch = Scratch::new()?;
    let runtime = runtime::Builder::new_multi_thread().enable_all().build()?;
    let result = runtime.block_on(serve_in(&scratch, book, options));
    // A build that is still under way must not hold up Ctrl-C.
    runtime.shutdown_background();
    result
}

async fn serve_in(scratch: &Scratch, book: Book, options: Options) -> Result<()> {
    let folder = scratch.path();
    let listener = listen(options.port).await?;
    let port = listener.local_addr()?.port();
    // From before the first look, so that no change is missed.
    let changes = Changes::of(book.sources());
    let first = render(&book, &folder.join("0"))?;
    let site = Arc::new(Site {
        builds: Builds::new(),
        pages: RwLock::new(Arc::new(first)),
        api: RwLock::new(Arc::new(Pages::of(&api::folder(book.project())))),
        gone: Notify::new(),
    });
    let guard = Arc::new(Guard { own: Origin::own(port), named: options.origin, token: Token::new()? });
    let runner = Arc::new(Runner::new(folder, options.limits, options.compiler_limits));

    if let Some(named) = &guard.named {
        eprintln!("note: listening on 127.0.0.1:{port}, to which {} must be forwarded", named.text);
    }
    // The file goes when the server ends.
    let _redirect = if options.open {
        println!("{}/", guard.main().text);
        open_browser(&guard, &book, folder)
    } else {
        println!("{}", guard.token.address(guard.main()));
        None
    };
    let exercises = Arc::new(Exercises::new(Places::of(book.project()), options.compiler_limits));
    let queue = Arc::new(Queue::new(exercises.clone(), folder));
    let router = router(site.clone(), guard, runner.clone(), web::router(exercises.clone(), queue.clone()));
    let result = tokio::select! {
        () = answer_all(listener, router) => Err(anyhow!("the server failed")),
        () = rebuild(&site, &book, changes, scratch) => Err(anyhow!("the server failed")),
        () = follow(&exercises, &site) => Err(anyhow!("the server failed")),
        () = document(&site, &book) => Err(anyhow!("the server failed")),
        () = prepare(&runner, &exercises, &book, site.builds.subscribe()) => Err(anyhow!("the server failed")),
        result = order_to_end() => result.context("cannot wait for Ctrl-C"),
    };
    tokio::join!(runner.stop(), queue.stop());
    result
}

/// Waits for Ctrl-C, or for what a terminal that goes away or a system says to its programs.
#[cfg(unix)]
async fn order_to_end() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut kinds = vec![SignalKind::interrupt(), SignalKind::terminate(), SignalKind::quit()];
    kinds.extend((!goes_on_without_terminal()).then(SignalKind::hangup));
    let mut signals = kinds.into_iter().map(signal).collect::<io::Result<Vec<_>>>()?;
    let orders = signals.iter_mut().map(|signal| Box::pin(signal.recv()));
    futures::future::select_all(orders).await;
    Ok(())
}

/// Whether the end of the terminal is no order, as after `nohup`; where that cannot be seen, the system does what it did before.
#[cfg(unix)]
fn goes_on_without_terminal() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    // The first bit is the signal of that number.
    ignored.is_none_or(|mask| mask.trim().ends_with(['1', '3', '5', '7', '9', 'b', 'd', 'f']))
}

/// Waits for Ctrl-C.
#[cfg(not(unix))]
async fn order_to_end() -> io::Result<()> {
    tokio::signal::ctrl_c().await
}

/// Opens the browser with a file that leads to the address; see [`Token::redirect_file`].
fn open_browser(guard: &Guard, book: &Book, folder: &Path) -> Option<NamedTempFile> {
    // Some browsers are confined: they see the reader's own folders, but not the temporary ones.
    let own = book.project().join("target");
    let place = if own.is_dir() { &own } else { folder };
    let file = guard.token.redirect_file(place, guard.main());
    let opened = file.and_then(|file| {
        open::that_detached(file.path())?;
        Ok(file)
    });
    match opened {
        Ok(file) => Some(file),
        Err(error) => {
            eprintln!(
                "note: cannot open the browser ({error:#}): start with --no-open, and open the address that is printed then"
            );
            None
        }
    }
}

async fn listen(port: u16) -> Result<TcpListener> {
    match TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            bail!("port {port} is in use: stop the program that uses it, or choose another with --port N")
        }
        result => result.with_context(|| format!("cannot listen on port {port}: choose another with --port N")),
    }
}

/// Answers on all connections.
///
/// Choice: `axum::serve` would do it, but waits for ever for the request of a client that sends none, until there are no more files for connections.
async fn answer_all(listener: TcpListener, router: Router) {
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(HEAD);
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // There are too many, and some will go.
            sleep(PAUSE).await;
            continue;
        };
        let connection = server.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router.clone()));
        tokio::spawn(async move {
            // A client that goes away is no mistake.
            let _ = connection.await;
        });
    }
}

fn router(site: Arc<Site>, guarding: Arc<Guard>, runner: Arc<Runner>, exercises: Router) -> Router {
    Router::new()
        .route(reload::EVENTS_PATH, get(events))
        .route(reload::SCRIPT_PATH, get(script))
        .nest_service("/api", any(documentation).with_state(site.clone()))
        .fallback(page)
        .with_state(site)
        .merge(routes(runner))
        .merge(exercises)
        .layer(middleware::from_fn_with_state(guarding, guard))
        .layer(CompressionLayer::new().compress_when(is_text))
}

/// Pages, styles and scripts become a third in size. What a program prints must not wait until there is enough of it to compress.
fn is_text(_: StatusCode, _: Version, headers: &HeaderMap, _: &Extensions) -> bool {
    let kind = headers.get(CONTENT_TYPE).map_or(&b""[..], |kind| kind.as_bytes());
    ["text/html", "text/css", "text/javascript"].iter().any(|text| kind.starts_with(text.as_bytes()))
}

async fn events(State(site): State<Arc<Site>>) -> impl IntoResponse {
    site.builds.events()
}

async fn script() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/javascript")], reload::SCRIPT)
}

async fn page(State(site): State<Arc<Site>>, request: Request) -> Response {
    current(&site.pages).answer(request).await.unwrap_or_else(|_| {
        site.gone.notify_one();
        (StatusCode::SERVICE_UNAVAILABLE, Html(GONE)).into_response()
    })
}

async fn documentation(State(site): State<Arc<Site>>, request: Request) -> Response {
    let answer = current(&site.api).answer(request).await;
    answer.unwrap_or_else(|_| (StatusCode::NOT_FOUND, "the documentation is being made again\n").into_response())
}

/// Builds the book anew on each change, and when its pages are gone; while it cannot be built, the last good one stays.
async fn rebuild(site: &Site, book: &Book, changes: Result<Changes>, scratch: &Scratch) {
    let mut number = 0;
    // A page that is being loaded still asks for files of the book before this one.
    let mut before: Option<Arc<Pages>> = None;
    let note = |why: &str| eprintln!("note: the pages do not follow changes of the book until the next start: {why}");
    let mut changes = changes.inspect_err(|error| note(&format!("{error:#}"))).ok();
    loop {
        let change = async {
            match &mut changes {
                Some(changes) => changes.next().await,
                None => pending().await,
            }
        };
        tokio::select! {
            change = change => if change.is_none() {
                note("the system tells of no more changes");
                changes = None;
                continue;
            },
            () = site.gone.notified() => if let Err(error) = scratch.make_again() {
                eprintln!("error: the pages are gone, and cannot be made again: {error:#}");
                continue;
            },
        }
        number += 1;
        let pages = scratch.path().join(number.to_string());
        let (book, dest) = (book.clone(), pages.clone());
        let built = tokio::task::spawn_blocking(move || render(&book, &dest)).await;
        let useless = match built.map_err(anyhow::Error::from).and_then(|built| built) {
            Ok(new) => {
                let last = replace(&site.pages, new);
                site.builds.tell();
                let older = before.replace(last);
                older.map(|older| older.folder().to_path_buf())
            }
            Err(error) => {
                eprintln!("error: {error:#}; the pages stay as they were");
                Some(pages)
            }
        };
        if let Some(useless) = useless {
            // What cannot be removed now goes at the end.
            let _ = std::fs::remove_dir_all(useless);
        }
    }
}

/// Reads the exercises again after each change of the authors' files, and lets the pages show them.
async fn follow(exercises: &Exercises, site: &Site) {
    if let Err(why) = exercises.follow(|| site.builds.tell()).await {
        eprintln!("note: the exercises do not follow changes until the next start: {why:#}");
    }
    pending().await
}

/// Builds the library's documentation at the start and after each change, beside everything else.
async fn document(site: &Site, book: &Book) {
    let mut builds = site.builds.subscribe();
    builds.mark_changed();
    let mut told = false;
    while builds.changed().await.is_ok() {
        let problem = if api::exists(book.project()) {
            let mut command = tokio::process::Command::from(api::command(book.project()));
            // Ctrl-C ends this function, and cargo with it.
            match command.kill_on_drop(true).stdin(Stdio::null()).status().await {
                Ok(status) if status.success() => {
                    replace(&site.api, Pages::of(&api::folder(book.project())));
                    None
                }
                Ok(_) => Some("`cargo doc` failed".to_owned()),
                Err(error) => Some(format!("cargo cannot be started: {error}")),
            }
        } else {
            Some("there is no library beside the book".to_owned())
        };
        if let (Some(why), false) = (problem, told) {
            api::say_missing(&why);
            told = true;
        }
    }
}

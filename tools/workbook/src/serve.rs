//! The server on this machine, for this machine only.

use std::future::pending;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, PoisonError, RwLock};

use anyhow::{Context, Result, anyhow, bail};
use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{Extensions, HeaderMap, StatusCode, Version};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use tempfile::NamedTempFile;
use tokio::net::TcpListener;
use tokio::runtime;
use tower_http::compression::CompressionLayer;

use crate::api;
use crate::book::Book;
use crate::exercises::queue::Queue;
use crate::exercises::{Exercises, Places, web};
use crate::pages::{MISSING, Pages};
use crate::reload::{self, Builds};
use crate::run::Runner;
use crate::run::guard::{Guard, guard};
use crate::run::prepare::prepare;
use crate::run::routes::routes;
use crate::run::scratch::Scratch;
use crate::run::token::Token;
use crate::supervisor::limits::Limits;
use crate::watch::Changes;

/// What the handlers share.
struct Site {
    builds: Builds,
    /// Of the newest book that could be built.
    pages: RwLock<Arc<Pages>>,
    /// The library's documentation.
    api: RwLock<Arc<Pages>>,
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
    let result = runtime.block_on(serve_in(scratch.path(), book, options));
    // A build that is still under way must not hold up Ctrl-C.
    runtime.shutdown_background();
    result
}

async fn serve_in(folder: &Path, book: Book, options: Options) -> Result<()> {
    let listener = listen(options.port).await?;
    let port = listener.local_addr()?.port();
    // From before the first look, so that no change is missed.
    let changes = Changes::of(book.sources());
    let first = render(&book, &folder.join("0"))?;
    let site = Arc::new(Site {
        builds: Builds::new(),
        pages: RwLock::new(Arc::new(first)),
        api: RwLock::new(Arc::new(Pages::of(&api::folder(book.project())))),
    });
    let guard = Arc::new(Guard { port, token: Token::new()? });
    let runner = Arc::new(Runner::new(folder, options.limits, options.compiler_limits));

    // The file goes when the server ends.
    let _redirect = if options.open {
        println!("http://127.0.0.1:{port}/");
        open_browser(&guard, &book, folder)
    } else {
        println!("{}", guard.token.address(port));
        None
    };
    let exercises = Arc::new(Exercises::new(Places::of(book.project()), options.compiler_limits));
    let queue = Arc::new(Queue::new(exercises.clone(), folder));
    let router = router(site.clone(), guard, runner.clone(), web::router(exercises.clone(), queue.clone()));
    let result = tokio::select! {
        result = axum::serve(listener, router) => result.context("the server failed"),
        () = rebuild(&site, &book, changes, folder) => Err(anyhow!("the server failed")),
        () = follow(&exercises, &site) => Err(anyhow!("the server failed")),
        () = document(&site, &book) => Err(anyhow!("the server failed")),
        () = prepare(&runner, &exercises, &book, site.builds.subscribe()) => Err(anyhow!("the server failed")),
        result = order_to_end() => result.context("cannot wait for Ctrl-C"),
    };
    tokio::join!(runner.stop(), queue.stop());
    result
}

/// Waits for Ctrl-C, or for what a system says to all programs before it goes off.
#[cfg(unix)]
async fn order_to_end() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        result = tokio::signal::ctrl_c() => result,
        _ = terminate.recv() => Ok(()),
    }
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
    let file = guard.token.redirect_file(place, guard.port);
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
    current(&site.pages).answer(request).await
}

async fn documentation(State(site): State<Arc<Site>>, request: Request) -> Response {
    current(&site.api).answer(request).await
}

/// Builds the book anew on each change; while it cannot be built, the last good one stays.
async fn rebuild(site: &Site, book: &Book, changes: Result<Changes>, folder: &Path) {
    let mut number = 0;
    // A page that is being loaded still asks for files of the book before this one.
    let mut before: Option<Arc<Pages>> = None;
    let why = match changes {
        Err(error) => format!("{error:#}"),
        Ok(mut changes) => {
            while changes.next().await.is_some() {
                number += 1;
                let pages = folder.join(number.to_string());
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
            "the system tells of no more changes".to_owned()
        }
    };
    eprintln!("note: the pages do not follow changes of the book until the next start: {why}");
    pending().await
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

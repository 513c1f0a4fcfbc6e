//! The server on this machine, for this machine only.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, PoisonError, RwLock};

use anyhow::{Context, Result, bail};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HOST, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime;
use tower::ServiceExt;
use tower_http::services::{ServeDir, ServeFile};
use tower_http::set_header::SetResponseHeaderLayer;

use crate::api;
use crate::book::Book;
use crate::reload::{self, Builds};
use crate::watch::Changes;

/// What the handlers share.
struct Site {
    /// The port that a request's Host must name.
    port: u16,
    builds: Builds,
    /// The folder of the newest book that could be built.
    pages: RwLock<PathBuf>,
}

/// Serves the book until Ctrl-C.
pub fn serve(book: Book, port: u16, open: bool) -> Result<()> {
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let runtime = runtime::Builder::new_multi_thread().enable_all().build()?;
    let result = runtime.block_on(serve_in(&folder, book, port, open));
    // A build that is still under way must not hold up Ctrl-C.
    runtime.shutdown_background();
    result
}

async fn serve_in(folder: &TempDir, book: Book, port: u16, open: bool) -> Result<()> {
    let listener = listen(port).await?;
    let port = listener.local_addr()?.port();
    let changes = Changes::of(book.sources())?;
    let first = folder.path().join("0");
    book.render(&first)?;
    let site = Arc::new(Site {
        port,
        builds: Builds::new(),
        pages: RwLock::new(first),
    });

    let address = format!("http://127.0.0.1:{port}/");
    println!("{address}");
    if open && let Err(error) = open::that_detached(&address) {
        eprintln!("note: cannot open the browser ({error}): open {address} yourself");
    }
    tokio::select! {
        result = axum::serve(listener, router(site.clone(), &book)) => result.context("the server failed"),
        () = rebuild(&site, &book, changes, folder.path()) => bail!("the files of the book can no longer be watched: start again"),
        () = document(&site, &book) => bail!("the server failed"),
        result = tokio::signal::ctrl_c() => result.context("cannot wait for Ctrl-C"),
    }
}

async fn listen(port: u16) -> Result<TcpListener> {
    match TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => bail!(
            "port {port} is in use: stop the program that uses it, or choose another with --port N"
        ),
        result => result
            .with_context(|| format!("cannot listen on port {port}: choose another with --port N")),
    }
}

fn router(site: Arc<Site>, book: &Book) -> Router {
    let header = SetResponseHeaderLayer::overriding;
    Router::new()
        .route(reload::EVENTS_PATH, get(events))
        .route(reload::SCRIPT_PATH, get(script))
        .nest_service("/api", ServeDir::new(api::folder(book.project())))
        .fallback(page)
        .layer(middleware::from_fn_with_state(site.clone(), only_this_host))
        .layer(header(
            X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ))
        .layer(header(
            REFERRER_POLICY,
            HeaderValue::from_static("no-referrer"),
        ))
        // Two builds within one second would look the same to a browser.
        .layer(header(CACHE_CONTROL, HeaderValue::from_static("no-store")))
        .with_state(site)
}

/// Refuses requests that a foreign site sent here by a name of its own (DNS rebinding).
async fn only_this_host(State(site): State<Arc<Site>>, request: Request, next: Next) -> Response {
    let mut hosts = request.headers().get_all(HOST).iter();
    let allowed = [
        format!("127.0.0.1:{}", site.port),
        format!("localhost:{}", site.port),
    ];
    match (hosts.next(), hosts.next()) {
        (Some(host), None)
            if allowed
                .iter()
                .any(|name| name.as_bytes() == host.as_bytes()) =>
        {
            next.run(request).await
        }
        _ => (
            StatusCode::FORBIDDEN,
            format!("open http://{}/ instead\n", allowed[0]),
        )
            .into_response(),
    }
}

async fn events(State(site): State<Arc<Site>>) -> impl IntoResponse {
    site.builds.events()
}

async fn script() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/javascript")], reload::SCRIPT)
}

async fn page(State(site): State<Arc<Site>>, request: Request) -> Result<Response, Failure> {
    let pages = site
        .pages
        .read()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    let missing = ServeFile::new(pages.join("404.html"));
    let files = ServeDir::new(&pages).not_found_service(missing);
    let response = files.oneshot(request).await.into_response();
    if !is_html(&response) {
        return Ok(response);
    }
    let (mut parts, body) = response.into_parts();
    let page = to_bytes(body, usize::MAX).await?;
    parts.headers.remove(CONTENT_LENGTH);
    let page = reload::add_script(&String::from_utf8_lossy(&page));
    Ok(Response::from_parts(parts, Body::from(page)))
}

fn is_html(response: &Response) -> bool {
    response
        .headers()
        .get(CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"text/html"))
}

/// A page that could not be read, which happens if somebody empties the temporary folder.
struct Failure(axum::Error);

impl From<axum::Error> for Failure {
    fn from(error: axum::Error) -> Failure {
        Failure(error)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (StatusCode::INTERNAL_SERVER_ERROR, self.0.to_string()).into_response()
    }
}

/// Builds the book anew on each change; while it cannot be built, the last good one stays.
async fn rebuild(site: &Site, book: &Book, mut changes: Changes, folder: &Path) {
    let mut number = 0;
    while changes.next().await.is_some() {
        number += 1;
        let pages = folder.join(number.to_string());
        let (book, dest) = (book.clone(), pages.clone());
        let built = tokio::task::spawn_blocking(move || book.render(&dest)).await;
        match built.map_err(anyhow::Error::from).and_then(|result| result) {
            Ok(()) => {
                let mut current = site.pages.write().unwrap_or_else(PoisonError::into_inner);
                let old = std::mem::replace(&mut *current, pages);
                drop(current);
                site.builds.tell();
                // A file that is being sent cannot be removed on Windows; it goes at the end.
                let _ = std::fs::remove_dir_all(old);
            }
            Err(error) => eprintln!("error: {error:#}; the pages stay as they were"),
        }
    }
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
            match command
                .kill_on_drop(true)
                .stdin(Stdio::null())
                .status()
                .await
            {
                Ok(status) if status.success() => None,
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

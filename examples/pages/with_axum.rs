//! The same pages with axum.

use std::io;

use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::{StatusCode, Uri};
use axum::response::{Html, IntoResponse};
use axum::{Router, routing::get};
use tokio::net::TcpListener;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::{GRACE, INDEX, WAIT, not_found};

// ANCHOR: router
pub fn router() -> Router {
    Router::new()
        .route("/", get(Html(INDEX)))
        .route("/hello/{name}", get(hello))
        .fallback(no_page)
        .method_not_allowed_fallback(not_allowed)
}

async fn hello(name: Result<Path<String>, PathRejection>) -> impl IntoResponse {
    let Ok(Path(name)) = name else {
        let said = Html("<p>the name is not UTF-8</p>".to_owned());
        return (StatusCode::BAD_REQUEST, said);
    };
    sleep(WAIT).await;
    (StatusCode::OK, Html(super::hello(&name)))
}

async fn no_page(uri: Uri) -> impl IntoResponse {
    (StatusCode::NOT_FOUND, Html(not_found(uri.path())))
}

async fn not_allowed() -> impl IntoResponse {
    let said = Html("<p>only GET is allowed</p>");
    (StatusCode::METHOD_NOT_ALLOWED, said)
}
// ANCHOR_END: router

// ANCHOR: serve
/// Serves until `stop` is cancelled; true if every request that had begun was answered in time.
pub async fn serve(listener: TcpListener, stop: CancellationToken) -> io::Result<bool> {
    let told = stop.clone().cancelled_owned();
    let serving = axum::serve(listener, router()).with_graceful_shutdown(told);
    let limit = async {
        stop.cancelled().await;
        sleep(GRACE).await;
    };
    tokio::select! {
        ended = serving.into_future() => ended.map(|()| true),
        () = limit => Ok(false),
    }
}
// ANCHOR_END: serve

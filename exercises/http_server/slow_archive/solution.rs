use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use tokio::task::spawn_blocking;

/// Reads a report; it blocks its thread, and panics if there is none of that number.
pub type Read = fn(u32) -> String;

/// The pages of the site.
pub fn router(read: Read) -> Router {
    Router::new()
        .route("/hello", get("hello"))
        .route("/report/{number}", get(report))
        .with_state(read)
}

async fn report(State(read): State<Read>, Path(number): Path<u32>) -> Result<String, StatusCode> {
    let reading = spawn_blocking(move || read(number));
    reading.await.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

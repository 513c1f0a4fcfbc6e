use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;

/// Reads a report; it blocks its thread, and panics if there is none of that number.
pub type Read = fn(u32) -> String;

/// The pages of the site.
pub fn router(read: Read) -> Router {
    Router::new()
        .route("/hello", get("hello"))
        .route("/report/{number}", get(report))
        .with_state(read)
}

async fn report(State(read): State<Read>, Path(number): Path<u32>) -> String {
    read(number)
}

use std::time::Duration;

use axum::Router;
use axum::routing::get;
use tokio::time::sleep;

/// The pages of the site; at most so many reports are in work at the same time.
pub fn router(most: usize) -> Router {
    let _ = most; // Build it: this begins every report at once.
    Router::new()
        .route("/hello", get("hello"))
        .route("/report", get(report))
}

async fn report() -> &'static str {
    make_report().await
}

async fn make_report() -> &'static str {
    let _work = check::enter("work");
    sleep(Duration::from_secs(2)).await;
    "report"
}

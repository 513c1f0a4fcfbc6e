use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::sync::Semaphore;
use tokio::time::sleep;

/// The pages of the site; at most so many reports are in work at the same time.
pub fn router(most: usize) -> Router {
    Router::new()
        .route("/hello", get("hello"))
        .route("/report", get(report))
        .with_state(Arc::new(Semaphore::new(most)))
}

async fn report(State(places): State<Arc<Semaphore>>) -> Response {
    let Ok(_place) = places.try_acquire() else {
        let later = [(header::RETRY_AFTER, "2")];
        return (StatusCode::SERVICE_UNAVAILABLE, later).into_response();
    };
    make_report().await.into_response()
}

async fn make_report() -> &'static str {
    let _work = check::enter("work");
    sleep(Duration::from_secs(2)).await;
    "report"
}

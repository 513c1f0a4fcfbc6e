use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use std::time::Duration;
use tokio::time::sleep;

/// The pages of the shop.
pub fn router() -> Router {
    Router::new()
        .route("/order/{tea}", get(order))
        .route("/search/{word}", get(search))
}

async fn order(Path(tea): Path<String>) -> String {
    pay(&tea).await;
    book(&tea).await;
    format!("{tea} is yours")
}

async fn search(Path(word): Path<String>) -> String {
    sleep(Duration::from_secs(3)).await;
    check::note(format!("looked for {word}"));
    format!("no {word}")
}

async fn pay(tea: &str) {
    sleep(Duration::from_secs(2)).await;
    check::note(format!("{tea} is paid"));
}

/// Books a tea; panics if it is sold out.
async fn book(tea: &str) {
    sleep(Duration::from_secs(2)).await;
    assert_ne!(tea, "chai", "chai is sold out, as planned");
    check::note(format!("{tea} is booked"));
}

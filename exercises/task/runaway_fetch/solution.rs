use std::time::Duration;
use tokio::time::{Instant, sleep, timeout_at};

/// Fetches one page, which takes so many seconds.
async fn fetch(page: &'static str, seconds: u64) -> &'static str {
    let _connection = check::enter("connection"); // The checks count the open connections.
    sleep(Duration::from_secs(seconds)).await;
    page
}

/// Fetches all pages at the same time, and gives `None` for each that is not there in time.
pub async fn fetch_in_time(
    pages: &[(&'static str, u64)],
    limit: Duration,
) -> Vec<Option<&'static str>> {
    let deadline = Instant::now() + limit;
    let tasks: Vec<_> = pages
        .iter()
        .map(|&(page, seconds)| tokio::spawn(fetch(page, seconds)))
        .collect();
    let mut fetched = Vec::new();
    for mut task in tasks {
        match timeout_at(deadline, &mut task).await {
            Ok(page) => fetched.push(Some(page.expect("no fetch panics"))),
            Err(_) => {
                task.abort();
                // It ends when the runtime has dropped it, and the error says no more than that.
                let _ = task.await;
                fetched.push(None);
            }
        }
    }
    fetched
}

use futures::{StreamExt, stream};
use std::time::Duration;
use tokio::time::sleep;

async fn download(page: u32) -> u32 {
    let _connection = check::enter("connection"); // The checks count the open connections.
    sleep(Duration::from_secs(1)).await; // The server answers,
    sleep(Duration::from_secs(1)).await; // and sends the page.
    page
}

async fn print(page: u32) {
    let _printer = check::enter("printer");
    sleep(Duration::from_secs(3)).await;
    check::note(format!("page {page}"));
}

/// Prints the pages in their order, while up to two of the next ones are downloaded.
pub async fn print_all(pages: Vec<u32>) {
    let mut downloads = stream::iter(pages).map(download).buffered(2);
    while let Some(page) = downloads.next().await {
        print(page).await;
    }
}

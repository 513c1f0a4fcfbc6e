use async_stream::try_stream;
use asyncio::Result;
use futures::Stream;

/// A page of the list.
pub struct Page {
    pub books: Vec<&'static str>,
    /// The number of the next page, unless this is the last one.
    pub next: Option<u32>,
}

/// Streams the books of all pages, from page 1 on.
pub fn books(fetch: impl AsyncFn(u32) -> Result<Page>) -> impl Stream<Item = Result<&'static str>> {
    try_stream! {
        let mut next = Some(1);
        while let Some(number) = next {
            let page = fetch(number).await?;
            for book in page.books {
                yield book;
            }
            next = page.next;
        }
    }
}

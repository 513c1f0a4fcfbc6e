use asyncio::Result;
use std::rc::Rc;
use std::time::Duration;

/// Counts a word on one page.
async fn count(page: &str, word: &str) -> Result<usize> {
    check::block(Duration::from_millis(100)); // Stands for computing.
    Ok(page.matches(word).count())
}

/// Counts a word in a book.
pub async fn search(book: Rc<Vec<String>>, word: &str) -> Result<usize> {
    let mut found = 0;
    for page in book.iter() {
        found += count(page, word).await?;
    }
    Ok(found)
}

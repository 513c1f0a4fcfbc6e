mod exercise;

use std::pin::pin;
use std::process::ExitCode;
use std::time::Duration;

use asyncio::{Error, Result, sleep};
use exercise::Page;
use futures::{StreamExt, TryStreamExt};

/// The pages by their numbers: what is on them, and which one is next.
type Pages = &'static [(u32, &'static [&'static str], Option<u32>)];

const THREE: Pages = &[
    (1, &["Emma", "Kim"], Some(4)),
    (2, &["Momo"], None),
    (4, &[], Some(2)),
];

const BROKEN: Pages = &[(1, &["Heidi"], Some(7))];

/// Fetches a page, which takes a second; one that is not listed cannot be fetched.
async fn fetch(pages: Pages, number: u32) -> Result<Page> {
    sleep(Duration::from_secs(1)).await?;
    check::note(format!("page {number}"));
    let page = pages.iter().find(|(at, ..)| *at == number);
    let (_, books, next) = page.ok_or_else(|| Error::msg(format!("no page {number}")))?;
    Ok(Page {
        books: books.to_vec(),
        next: *next,
    })
}

fn main() -> ExitCode {
    check::program(|checks| {
        let run = checks.on_loop(async {
            let books = exercise::books(async |page| fetch(THREE, page).await);
            books.try_collect::<Vec<_>>().await
        });
        checks.value(
            "all",
            "the books of all pages come, in their order",
            &run,
            &vec!["Emma", "Kim", "Momo"],
        );
        checks.trace(
            "pages",
            "each page is fetched once, as the one before says",
            &run,
            &["page 1", "page 4", "page 2"],
        );
        checks.elapsed(
            "pages",
            "a page takes a second",
            &run,
            Duration::from_secs(3),
        );

        let run = checks.on_loop(async {
            let mut books = pin!(exercise::books(async |page| fetch(THREE, page).await));
            check::note("made");
            for _ in 0..2 {
                if let Some(book) = books.try_next().await? {
                    check::note(book);
                }
            }
            sleep(Duration::from_secs(60)).await?;
            Ok(())
        });
        checks.trace(
            "lazy",
            "no page is fetched before its first book is wanted",
            &run,
            &["made", "page 1", "Emma", "Kim"],
        );

        let run = checks.on_loop(async {
            let books = exercise::books(async |page| fetch(BROKEN, page).await);
            // A stream that never ends after an error would go on for ever.
            let found = books.take(5).map(|book| match book {
                Ok(book) => book.to_owned(),
                Err(error) => error.to_string(),
            });
            Ok(found.collect::<Vec<_>>().await)
        });
        checks.value(
            "error",
            "books that were found come, then the error, and then the end",
            &run,
            &vec!["Heidi".to_owned(), "no page 7".to_owned()],
        );
    })
}

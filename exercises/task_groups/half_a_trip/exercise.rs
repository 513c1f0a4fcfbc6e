use asyncio::{Error, Result, gather, sleep};
use std::time::Duration;

/// A part of a trip, and how long it takes to book it.
#[derive(Clone, Copy)]
pub struct Part {
    pub name: &'static str,
    pub seconds: u64,
    pub sold_out: bool,
}

/// Books one part, or gives it up.
async fn book(part: Part) -> Result<&'static str> {
    let _counter = check::enter("counter"); // The checks count who is still being served.
    if let Err(cancelled) = sleep(Duration::from_secs(part.seconds)).await {
        sleep(Duration::from_secs(1)).await?;
        check::note(format!("{} is given up", part.name));
        return Err(cancelled.into());
    }
    if part.sold_out {
        return Err(Error::msg(format!("{} is sold out", part.name)));
    }
    Ok(part.name)
}

/// Books all parts at the same time; when one is sold out, those that are not booked yet are given up.
pub async fn book_trip(parts: &[Part]) -> Result<Vec<&'static str>> {
    gather(parts.iter().map(|&part| book(part))).await
}

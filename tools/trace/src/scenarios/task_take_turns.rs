//! Tasks that yield take turns.

use asyncio::observe::note;
use asyncio::{Result, create_task, yield_now};

async fn count(name: &'static str) -> Result<()> {
    for n in 1..=3 {
        note(format!("{name} {n}"));
        yield_now().await?;
    }
    Ok(())
}

pub async fn main() -> Result<()> {
    let a = create_task(count("a")).named("a");
    let b = create_task(count("b")).named("b");
    a.await?;
    b.await
}

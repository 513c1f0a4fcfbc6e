//! What is awaited runs at once, within the same step; what is scheduled waits for its turn.

use asyncio::observe::note;
use asyncio::{Result, create_task};

async fn tea(name: &str) -> Result<&str> {
    note(format!("{name} starts"));
    Ok(name)
}

pub async fn main() -> Result<()> {
    let green = tea("green").await?;
    note(format!("awaited {green}"));
    let black = create_task(tea("black")).named("black");
    note("scheduled black");
    note(format!("awaited {}", black.await?));
    Ok(())
}

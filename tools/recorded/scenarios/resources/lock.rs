//! The guard releases the lock, also when its task fails.

use asyncio::{Error, EventLoop, Lock, Result, create_task, gather_return_exceptions, sleep};
use std::time::Duration;

async fn visit(name: &str, lock: Lock) -> Result<()> {
    let _guard = lock.acquire().await?;
    println!("{name} enters");
    sleep(Duration::from_secs(1)).await?;
    match name {
        "anna" => Err(Error::msg("anna stumbles")),
        _ => Ok(()),
    }
}

pub fn main() -> Result<()> {
    EventLoop::with_virtual_clock().run(async {
        let lock = Lock::new();
        let visits = ["anna", "ben"].map(|name| create_task(visit(name, lock.clone())).named(name));
        gather_return_exceptions(visits).await?;
        Ok(())
    })
}

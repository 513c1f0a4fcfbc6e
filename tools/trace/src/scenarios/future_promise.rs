//! One task awaits a promise, another one fills it.

use asyncio::observe::note;
use asyncio::{Result, create_task, get_running_loop, sleep};
use std::time::Duration;

pub async fn main() -> Result<()> {
    let promise = get_running_loop()?.create_promise::<&str>();
    let filled = promise.clone();
    let kitchen = create_task(async move {
        sleep(Duration::from_secs(2)).await?;
        filled.set_result("tea")?;
        note("filled; the guest has not run yet");
        Ok(())
    })
    .named("kitchen");
    let order = promise.await?;
    note(format!("the guest has {order}"));
    kitchen.await
}

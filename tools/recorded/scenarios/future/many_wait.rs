//! Any number of tasks may await one promise; they run in the order in which they came.

use asyncio::{EventLoop, Result, create_task, gather, get_running_loop, sleep};
use std::time::Duration;

pub fn main() -> Result<()> {
    EventLoop::with_virtual_clock().run(async {
        let bell = get_running_loop()?.create_promise::<()>();
        let guests = ["anna", "ben"].map(|name| {
            let bell = bell.clone();
            let guest = create_task(async move {
                bell.await?;
                println!("{name} heard it");
                Ok(())
            });
            guest.named(name)
        });
        sleep(Duration::from_secs(1)).await?;
        bell.set_result(())?;
        gather(guests).await?;
        Ok(())
    })
}

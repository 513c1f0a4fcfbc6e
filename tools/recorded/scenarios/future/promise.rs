//! One task awaits a promise, another one fills it.

use asyncio::{EventLoop, Result, create_task, get_running_loop, sleep};
use std::time::Duration;

pub fn main() -> Result<()> {
    EventLoop::with_virtual_clock().run(async {
        let promise = get_running_loop()?.create_promise::<&str>();
        let filled = promise.clone();
        let kitchen = create_task(async move {
            sleep(Duration::from_secs(2)).await?;
            filled.set_result("tea")?;
            println!("filled; the guest has not run yet");
            Ok(())
        })
        .named("kitchen");
        let order = promise.await?;
        println!("the guest has {order}");
        kitchen.await
    })
}

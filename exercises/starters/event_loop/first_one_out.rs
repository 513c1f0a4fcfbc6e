use asyncio::{Error, EventLoop, Result, get_running_loop, sleep};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

/// Brews one tea; the herbal one is always spilled.
async fn brew(name: &'static str, seconds: u64) -> Result<&'static str> {
    sleep(Duration::from_secs(seconds)).await?;
    if name == "herbal" {
        return Err(Error::msg("spilled"));
    }
    Ok(name)
}

/// Brews all teas on this loop, which does not run yet, and lists those that are ready.
pub fn brew_all(event_loop: &EventLoop, teas: &[(&'static str, u64)]) -> Result<Vec<&'static str>> {
    let ready = Rc::new(RefCell::new(Vec::new()));
    for &(name, seconds) in teas {
        let ready = ready.clone();
        event_loop.create_task(async move {
            let tea = brew(name, seconds).await;
            ready.borrow_mut().extend(tea);
            get_running_loop()?.stop();
            Ok(())
        });
    }
    event_loop.run_forever()?;
    Ok(ready.take())
}

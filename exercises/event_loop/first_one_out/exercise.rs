use asyncio::{EventLoop, Result, get_running_loop};
use std::cell::RefCell;
use std::rc::Rc;

/// Brews all teas on this loop, which does not run yet, and lists those that are ready.
pub fn brew_all<T>(event_loop: &EventLoop, teas: Vec<T>) -> Result<Vec<&'static str>>
where
    T: Future<Output = Result<&'static str>> + 'static,
{
    let ready = Rc::new(RefCell::new(Vec::new()));
    for tea in teas {
        let ready = ready.clone();
        event_loop.create_task(async move {
            let tea = tea.await;
            ready.borrow_mut().extend(tea);
            get_running_loop()?.stop();
            Ok(())
        });
    }
    event_loop.run_forever()?;
    Ok(ready.take())
}

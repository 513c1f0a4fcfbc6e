//! Counts the teas that have not ended; the last one stops the loop.

use asyncio::{EventLoop, Result, get_running_loop};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// Brews all teas on this loop, which does not run yet, and lists those that are ready.
pub fn brew_all<T>(event_loop: &EventLoop, teas: Vec<T>) -> Result<Vec<&'static str>>
where
    T: Future<Output = Result<&'static str>> + 'static,
{
    let left = Rc::new(Cell::new(teas.len()));
    let ready = Rc::new(RefCell::new(vec![None; teas.len()]));
    for (place, tea) in teas.into_iter().enumerate() {
        let (left, ready) = (left.clone(), ready.clone());
        event_loop.create_task(async move {
            let tea = tea.await;
            ready.borrow_mut()[place] = tea.ok();
            left.set(left.get() - 1);
            if left.get() == 0 {
                get_running_loop()?.stop();
            }
            Ok(())
        });
    }
    if left.get() > 0 {
        event_loop.run_forever()?;
    }
    Ok(ready.take().into_iter().flatten().collect())
}

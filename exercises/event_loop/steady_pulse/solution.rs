use asyncio::{Result, TimerHandle, get_running_loop};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

/// A timer that rings again and again until it is cancelled.
#[derive(Clone)]
pub struct Every(Rc<Pulse>);

struct Pulse {
    period: Duration,
    callback: RefCell<Box<dyn FnMut()>>,
    /// The timer of the next ring.
    next: RefCell<Option<TimerHandle>>,
}

impl Every {
    /// Ends the rings.
    pub fn cancel(&self) {
        if let Some(timer) = &*self.0.next.borrow() {
            timer.cancel();
        }
    }

    fn set(&self, when: Duration) -> Result<()> {
        let this = self.clone();
        let timer = get_running_loop()?.call_at(when, move || this.ring(when));
        *self.0.next.borrow_mut() = Some(timer);
        Ok(())
    }

    fn ring(&self, when: Duration) -> Result<()> {
        // The next ring is set first, so that the callback can cancel it.
        self.set(when + self.0.period)?;
        (self.0.callback.borrow_mut())();
        Ok(())
    }
}

/// Calls back after each period, for the first time when one has passed.
pub fn every(period: Duration, callback: impl FnMut() + 'static) -> Result<Every> {
    let every = Every(Rc::new(Pulse {
        period,
        callback: RefCell::new(Box::new(callback)),
        next: RefCell::new(None),
    }));
    every.set(get_running_loop()?.time() + period)?;
    Ok(every)
}

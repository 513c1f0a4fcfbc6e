use asyncio::{Error, Result, sleep};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

/// What was booked so far; its clones share one list.
#[derive(Clone, Default)]
pub struct Ledger(pub Rc<RefCell<Vec<u32>>>);

/// Books an amount; the books are slow.
async fn book(ledger: Ledger, amount: u32) -> Result<()> {
    sleep(Duration::from_secs(1)).await?;
    if amount == 0 {
        return Err(Error::msg("nothing to book"));
    }
    ledger.0.borrow_mut().push(amount);
    Ok(())
}

/// Books the price, and then the tip if there is one.
pub async fn pay(ledger: Ledger, price: u32, tip: Option<u32>) -> Result<()> {
    book(ledger.clone(), price).await?;
    tip.map(|tip| book(ledger.clone(), tip));
    Ok(())
}

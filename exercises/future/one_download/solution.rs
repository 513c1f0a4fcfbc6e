use asyncio::{Error, Promise, Result, get_running_loop, sleep};
use std::cell::RefCell;
use std::collections::HashMap;
use std::time::Duration;

/// Asks the shop for a price, which takes two seconds.
async fn fetch(tea: &str) -> Result<u32> {
    let _call = check::enter("call"); // The checks count the calls.
    sleep(Duration::from_secs(2)).await?;
    match tea {
        "green" => Ok(7),
        "mint" => Ok(5),
        _ => Err(Error::msg(format!("no price for {tea}"))),
    }
}

/// Prices that are known, or on their way.
#[derive(Default)]
pub struct Prices {
    prices: RefCell<HashMap<String, Promise<u32>>>,
}

impl Prices {
    /// Gives the price of a tea, and asks the shop for it once only.
    pub async fn get(&self, tea: &str) -> Result<u32> {
        // The borrow ends with this statement; across an await it would be in the others' way.
        let known = self.prices.borrow().get(tea).cloned();
        if let Some(price) = known {
            return price.await;
        }
        let price = get_running_loop()?.create_promise();
        self.prices
            .borrow_mut()
            .insert(tea.to_owned(), price.clone());
        match fetch(tea).await {
            Ok(number) => price.set_result(number)?,
            Err(error) => {
                self.prices.borrow_mut().remove(tea);
                price.set_exception(error)?;
            }
        }
        price.await
    }
}

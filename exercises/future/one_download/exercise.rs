use asyncio::{Error, Result, sleep};
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
    // Build it: a map in a `RefCell`, because `get` has `&self` only.
}

impl Prices {
    /// Gives the price of a tea, and asks the shop for it once only.
    pub async fn get(&self, tea: &str) -> Result<u32> {
        fetch(tea).await // Build it: this asks each time.
    }
}

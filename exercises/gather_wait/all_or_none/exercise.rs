use std::time::Duration;
use tokio::time::sleep;

#[derive(Clone, Copy)]
pub struct Order {
    pub name: &'static str,
    pub seconds: u64,
    pub spilled: bool,
}

/// Brews one tea, or spills it.
async fn brew(order: Order) -> Result<&'static str, String> {
    // The checks count the kettles in use, and those that no task uses apart.
    let in_task = tokio::task::try_id().is_some();
    let _kettle = check::enter(if in_task { "kettle" } else { "no task" });
    sleep(Duration::from_secs(order.seconds)).await;
    if order.spilled {
        return Err(format!("{} is spilled", order.name));
    }
    Ok(order.name)
}

/// Brews all teas, each in a task of its own; the first failure ends the others.
pub async fn all_or_none(orders: &[Order]) -> Result<Vec<&'static str>, String> {
    let mut teas = Vec::new();
    for &order in orders {
        teas.push(brew(order).await?); // Build it: this brews one after another.
    }
    Ok(teas)
}

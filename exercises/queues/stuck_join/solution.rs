use asyncio::{Error, Queue, Result, create_task, gather_return_exceptions, sleep};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

/// Cooks an order, which takes a second; what has a number above 9 is sold out.
async fn cook(order: u32) -> Result<u32> {
    let _stove = check::enter("stove"); // The checks count the stoves in use.
    sleep(Duration::from_secs(1)).await?;
    if order > 9 {
        return Err(Error::msg(format!("{order} is sold out")));
    }
    Ok(order)
}

/// Cooks what comes, until it is cancelled.
pub async fn worker(orders: Queue<u32>, served: Rc<RefCell<Vec<u32>>>) -> Result<()> {
    loop {
        let order = orders.get().await?;
        let cooked = cook(order).await;
        orders.task_done()?; // Whatever came of it.
        match cooked {
            Ok(meal) => served.borrow_mut().push(meal),
            // A cancellation is for the worker, not for the order.
            Err(error) if error.is_cancelled() => return Err(error),
            Err(error) => check::note(error.to_string()),
        }
    }
}

/// Serves all orders that can be cooked, with two workers.
pub async fn serve(list: &[u32]) -> Result<Vec<u32>> {
    let (orders, served) = (Queue::new(), Rc::default());
    for &order in list {
        orders.put_nowait(order)?;
    }
    let workers = [(); 2].map(|()| create_task(worker(orders.clone(), Rc::clone(&served))));
    orders.join().await?;
    for worker in &workers {
        worker.cancel();
    }
    gather_return_exceptions(&workers).await?;
    Ok(served.take())
}

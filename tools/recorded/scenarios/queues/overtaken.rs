//! Anna is woken for an item that main takes before she runs, and stands in the line again, behind ben.

use asyncio::{EventLoop, Queue, Result, create_task, gather, yield_now};

async fn wait_for_order(name: &str, orders: Queue<&'static str>) -> Result<()> {
    println!("{name} got {}", orders.get().await?);
    Ok(())
}

pub fn main() -> Result<()> {
    EventLoop::with_virtual_clock().run(async {
        let orders = Queue::new();
        let anna = create_task(wait_for_order("anna", orders.clone())).named("anna");
        let ben = create_task(wait_for_order("ben", orders.clone())).named("ben");
        yield_now().await?;
        orders.put_nowait("tea")?;
        println!("main got {}", orders.get_nowait()?);
        yield_now().await?;
        orders.put_nowait("cake")?;
        orders.put_nowait("bread")?;
        gather([anna, ben]).await?;
        Ok(())
    })
}

use asyncio::{EventLoop, Promise, Result, create_task, gather, get_running_loop, yield_now};

async fn wait(name: &'static str, number: Promise<u32>) -> Result<()> {
    println!("{name} waits");
    println!("{name} got {}", number.await?);
    Ok(())
}

fn main() -> Result<()> {
    EventLoop::new().run(async {
        let number = get_running_loop()?.create_promise();
        let waiters = ["anna", "ben"].map(|name| create_task(wait(name, number.clone())));
        yield_now().await?;
        println!("filled: {}", number.set_result(7).is_ok());
        println!("filled again: {}", number.set_result(8).is_ok());
        gather(waiters).await?;
        Ok(())
    })
}

use asyncio::{EventLoop, Promise, Result, create_task, gather, get_running_loop, yield_now};

async fn pour(name: &'static str, kettle: Promise<u32>) -> Result<()> {
    kettle.await?;
    println!("{name} pours");
    Ok(())
}

fn main() -> Result<()> {
    EventLoop::new().run(async {
        let kettle = get_running_loop()?.create_promise();
        let anna = create_task(pour("anna", kettle.clone()));
        yield_now().await?;
        kettle.add_done_callback(|_| println!("the kettle whistles"));
        let ben = create_task(pour("ben", kettle.clone()));
        kettle.set_result(100)?;
        println!("main goes on");
        gather([anna, ben]).await?;
        Ok(())
    })
}

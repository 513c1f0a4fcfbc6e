use asyncio::{EventLoop, Result, create_task, sleep, yield_now};
use std::time::Duration;

async fn tea(name: &'static str) -> Result<()> {
    println!("{name} begins");
    let slept = sleep(Duration::from_secs(2)).await;
    println!("{name} ends, brewed: {}", slept.is_ok());
    Ok(slept?)
}

fn main() -> Result<()> {
    EventLoop::with_virtual_clock().run(async {
        let green = create_task(tea("green"));
        let black = create_task(tea("black"));
        black.cancel();
        yield_now().await?;
        green.cancel();
        println!("asked, done: {}", green.is_done());
        let _ = (&green).await;
        println!(
            "cancelled: {}, {}",
            green.is_cancelled(),
            black.is_cancelled()
        );
        Ok(())
    })
}

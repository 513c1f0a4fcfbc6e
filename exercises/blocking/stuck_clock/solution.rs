use asyncio::{Result, create_task, get_running_loop, sleep, to_thread};
use std::sync::Arc;
use std::time::Duration;

/// What the library offers. The first two keep their thread for seconds.
pub trait Library: Send + Sync + 'static {
    fn unpack(&self, data: &str) -> String;
    fn correct(&self, text: &str) -> String;
    fn headline(&self, text: &str) -> String;
}

async fn tick() -> Result<()> {
    loop {
        sleep(Duration::from_secs(1)).await?;
        let now = get_running_loop()?.time().as_secs_f32();
        check::note(format!("tick {now}"));
    }
}

async fn download(name: &str) -> Result<String> {
    sleep(Duration::from_millis(2500)).await?;
    Ok(format!("{name}_tomorrow"))
}

async fn spelled(text: String, library: Arc<impl Library>) -> Result<String> {
    to_thread(move || Ok(library.correct(&text))).await
}

async fn publish(text: &str) -> Result<()> {
    sleep(Duration::from_secs(1)).await?;
    check::note(text);
    Ok(())
}

/// Makes a report while the clock ticks.
pub async fn make_report(name: &str, library: Arc<impl Library>) -> Result<()> {
    let clock = create_task(tick());
    let data = download(name).await?;
    let unpacker = library.clone();
    let text = to_thread(move || Ok(unpacker.unpack(&data))).await?;
    let text = spelled(text, library.clone()).await?;
    publish(&library.headline(&text)).await?;
    clock.cancel();
    Ok(())
}

use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout};

async fn read_sensor() -> Result<u32, &'static str> {
    sleep(Duration::from_secs(2)).await;
    Err("no contact")
}

async fn measure(degrees: oneshot::Sender<u32>) {
    match read_sensor().await {
        Ok(number) => degrees.send(number).unwrap(),
        Err(error) => println!("sensor: {error}"),
    }
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let start = Instant::now();
    let (sender, receiver) = oneshot::channel();
    tokio::spawn(measure(sender));
    match timeout(Duration::from_secs(10), receiver).await {
        Ok(Ok(number)) => println!("{number} degrees"),
        Ok(Err(_)) => println!("no answer"),
        Err(_) => println!("timed out"),
    }
    println!("after {} s", start.elapsed().as_secs());
}

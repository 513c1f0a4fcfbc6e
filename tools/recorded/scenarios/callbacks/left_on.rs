//! Nobody turns the kettle off: what stands behind an await does not run in a future that is dropped there.

use std::time::Duration;
use tokio::sync::oneshot::{self, Sender, error::RecvError};
use tokio::time::{sleep, timeout};

async fn kettle(done: Sender<u32>) {
    sleep(Duration::from_secs(5)).await;
    println!("the kettle boils");
    let _ = done.send(100);
}

async fn hot_water() -> Result<u32, RecvError> {
    let (sender, receiver) = oneshot::channel();
    let kettle = tokio::spawn(kettle(sender)).abort_handle();
    let degrees = receiver.await;
    kettle.abort();
    degrees
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
pub async fn main() {
    if timeout(Duration::from_secs(2), hot_water()).await.is_err() {
        println!("given up");
    }
    sleep(Duration::from_secs(4)).await;
}

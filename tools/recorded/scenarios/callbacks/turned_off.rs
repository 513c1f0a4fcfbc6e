//! A destructor turns the kettle off when the future that holds it is dropped.

use std::time::Duration;
use tokio::sync::oneshot::{self, Sender, error::RecvError};
use tokio::task::AbortHandle;
use tokio::time::{sleep, timeout};

async fn kettle(done: Sender<u32>) {
    sleep(Duration::from_secs(5)).await;
    println!("the kettle boils");
    let _ = done.send(100);
}

struct Kettle(AbortHandle);

impl Drop for Kettle {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn hot_water() -> Result<u32, RecvError> {
    let (sender, receiver) = oneshot::channel();
    let _kettle = Kettle(tokio::spawn(kettle(sender)).abort_handle());
    receiver.await
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
pub async fn main() {
    if timeout(Duration::from_secs(2), hot_water()).await.is_err() {
        println!("given up");
    }
    sleep(Duration::from_secs(4)).await;
}

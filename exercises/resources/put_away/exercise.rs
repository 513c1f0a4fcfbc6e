use std::time::Duration;
use tokio::time::{sleep, timeout};

struct Thing(&'static str);

impl Drop for Thing {
    fn drop(&mut self) {
        println!("{} put away", self.0);
    }
}

async fn lay_the_table() {
    let _tray = Thing("tray");
    let _ = Thing("spoon");
    let cup = Thing("cup");
    sleep(Duration::from_secs(1)).await;
    drop(cup);
    let _plate = Thing("plate");
    println!("nearly done");
    sleep(Duration::from_secs(1)).await;
    println!("done");
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let limit = Duration::from_millis(1500);
    if timeout(limit, lay_the_table()).await.is_err() {
        println!("called away");
    }
}

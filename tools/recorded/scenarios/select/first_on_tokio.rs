//! Both teas are parts of main, and the one that loses is dropped.

use std::time::Duration;
use tokio::time::sleep;

struct Pot(&'static str);

impl Drop for Pot {
    fn drop(&mut self) {
        println!("the pot of {} tea is put away", self.0);
    }
}

async fn tea(name: &'static str, seconds: u64) {
    let _pot = Pot(name);
    sleep(Duration::from_secs(seconds)).await;
    println!("{name} tea is ready");
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
pub async fn main() {
    tokio::select! {
        biased; // So that each recording is the same.
        () = tea("green", 1) => println!("serves the first"),
        () = tea("black", 3) => println!("serves the first"),
    }
    sleep(Duration::from_secs(4)).await;
}

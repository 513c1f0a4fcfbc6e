use std::time::Duration;
use tokio::time::{Sleep, sleep};

fn wait(what: &str, seconds: u64) -> Sleep {
    println!("{what}");
    sleep(Duration::from_secs(seconds))
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let is_open = false;
    tokio::select! {
        () = wait("the bell is set", 1), if is_open => println!("the bell rings"),
        () = wait("the kettle is put on", 2) => println!("the kettle boils"),
    }
}

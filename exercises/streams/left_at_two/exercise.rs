use async_stream::stream;
use futures::{Stream, StreamExt};
use std::{pin::pin, time::Duration};
use tokio::time::sleep;

struct File(&'static str);

impl Drop for File {
    fn drop(&mut self) {
        println!("{} is closed", self.0);
    }
}

fn lines(name: &'static str) -> impl Stream<Item = u32> {
    stream! {
        let file = File(name);
        for line in 1..=9 {
            yield line;
        }
        println!("{} is at its end", file.0);
    }
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let red = lines("red").take(2);
    println!("red: {:?}", red.collect::<Vec<_>>().await);
    let mut blue = pin!(lines("blue"));
    while let Some(line) = blue.next().await {
        if line == 2 {
            break;
        }
    }
    println!("left the loop");
    sleep(Duration::from_secs(1)).await;
    println!("main ends");
}

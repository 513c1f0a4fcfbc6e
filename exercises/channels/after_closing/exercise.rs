use tokio::sync::mpsc;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let (sender, mut receiver) = mpsc::channel(4);
    sender.send("tea").await.unwrap();
    sender.send("cake").await.unwrap();
    receiver.close();
    println!("bread was sent: {}", sender.send("bread").await.is_ok());
    while let Some(item) = receiver.recv().await {
        println!("got {item}");
    }
    println!("closed");
}

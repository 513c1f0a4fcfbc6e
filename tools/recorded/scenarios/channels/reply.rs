//! A question carries the sender for its answer; the keeper owns what is asked for.

use tokio::sync::{mpsc, oneshot};

struct Question {
    reply: oneshot::Sender<bool>,
}

async fn keeper(mut questions: mpsc::Receiver<Question>) {
    let mut cakes = 1;
    while let Some(Question { reply }) = questions.recv().await {
        let granted = cakes > 0;
        if reply.send(granted).is_ok() && granted {
            cakes -= 1;
        }
    }
    println!("left: {cakes}");
}

async fn customer(name: &str, keeper: mpsc::Sender<Question>) {
    let (reply, answer) = oneshot::channel();
    keeper.send(Question { reply }).await.unwrap();
    println!("{name}: {}", answer.await.unwrap());
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
pub async fn main() {
    let (sender, questions) = mpsc::channel(8);
    let keeper = tokio::spawn(keeper(questions));
    customer("first", sender.clone()).await;
    customer("second", sender).await;
    keeper.await.unwrap();
}

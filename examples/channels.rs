//! Four kinds of things that tasks send each other, and the channel for each.
//!
//! Run it with `cargo run --example channels`; add `-- --help` for its parts and for real time.
//! It prints what its Python twin, `channels.py`, prints.
//! The channels are Tokio's, and the loop is this library's: a channel does not care.

mod support;

use std::process::ExitCode;
use std::time::Duration;

use asyncio::{Result, create_task, gather, get_running_loop, sleep};
use support::{Part, seconds};
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::sync::{mpsc, oneshot, watch};

fn main() -> ExitCode {
    support::run(
        "Four kinds of things that tasks send each other, and the channel for each.",
        &[
            Part {
                name: "orders",
                about: "work for one of those who take it, and the end of it",
                run: |event_loop| event_loop.run(orders()),
            },
            Part {
                name: "price",
                about: "a state of which only the newest counts",
                run: |event_loop| event_loop.run(price()),
            },
            Part {
                name: "news",
                about: "everything for everybody, and a listener that is too slow",
                run: |event_loop| event_loop.run(news()),
            },
            Part {
                name: "questions",
                about: "a question that carries the way back for its answer",
                run: |event_loop| event_loop.run(questions()),
            },
        ],
    )
}

async fn orders() -> Result<()> {
    let (sender, mut receiver) = mpsc::channel(1);
    let worker = create_task(async move {
        while let Some(order) = receiver.recv().await {
            sleep(Duration::from_secs(2)).await?;
            println!("served {order}");
        }
        println!("no more orders");
        Ok(())
    });
    let start = get_running_loop()?.time();
    for order in ["tea", "cake", "bread"] {
        sender.send(order).await?;
        let now = seconds(get_running_loop()?.time() - start);
        println!("sent {order} after {now}");
    }
    // The last sender: its end is the message that no more will come.
    drop(sender);
    worker.await
}

async fn price() -> Result<()> {
    let (prices, mut seen) = watch::channel(100);
    let board = create_task(async move {
        loop {
            let price = *seen.borrow_and_update();
            println!("the board shows {price}");
            sleep(Duration::from_secs(5)).await?;
            if seen.changed().await.is_err() {
                println!("the board stays as it is");
                return Ok(());
            }
        }
    });
    for price in [101, 102, 103, 104] {
        sleep(Duration::from_secs(1)).await?;
        prices.send(price)?;
    }
    drop(prices);
    board.await
}

/// Prints what it hears, and pauses before each piece of news.
async fn listen(name: &str, pause: u64, mut news: broadcast::Receiver<u32>) -> Result<()> {
    loop {
        sleep(Duration::from_secs(pause)).await?;
        match news.recv().await {
            Ok(order) => println!("{name}: order {order} is ready"),
            Err(RecvError::Lagged(count)) => println!("{name}: missed {count}"),
            Err(RecvError::Closed) => return Ok(()),
        }
    }
}

async fn news() -> Result<()> {
    let (sender, news) = broadcast::channel(2);
    let kitchen = create_task(listen("kitchen", 0, news));
    let office = create_task(listen("office", 10, sender.subscribe()));
    for order in 1..=4 {
        sleep(Duration::from_secs(1)).await?;
        sender.send(order)?;
    }
    drop(sender);
    gather([kitchen, office]).await?;
    Ok(())
}

/// Asks whether there is a cake.
struct Question {
    reply: oneshot::Sender<bool>,
}

/// Owns the number of cakes, and answers until nobody can ask any more.
async fn keep_the_stock(mut questions: mpsc::Receiver<Question>) -> Result<u32> {
    let mut cakes = 2;
    while let Some(Question { reply }) = questions.recv().await {
        let granted = cakes > 0;
        if reply.send(granted).is_ok() && granted {
            cakes -= 1;
        }
    }
    Ok(cakes)
}

async fn ask(keeper: &mpsc::Sender<Question>) -> Result<oneshot::Receiver<bool>> {
    let (reply, answer) = oneshot::channel();
    keeper.send(Question { reply }).await?;
    Ok(answer)
}

async fn questions() -> Result<()> {
    let (keeper, questions) = mpsc::channel(8);
    let stock = create_task(keep_the_stock(questions));
    // This one leaves without waiting for the answer.
    drop(ask(&keeper).await?);
    for name in ["anna", "ben", "cleo"] {
        let granted = ask(&keeper).await?.await?;
        println!("{name} gets {}", if granted { "a cake" } else { "none" });
    }
    drop(keeper);
    println!("left: {}", stock.await?);
    Ok(())
}

//! Whichever comes first, with `select!`, and what becomes of the rest.
//!
//! Run it with `cargo run --example selecting`; add `-- --help` for its parts and for real time.
//! It prints what its Python twin, `selecting.py`, prints.
//! The macro and the channels are Tokio's, and the loop is this library's: they do not care.

mod support;

use std::pin::pin;
use std::process::ExitCode;
use std::time::Duration;

use asyncio::{Result, create_task, get_running_loop, sleep};
use support::{Part, seconds};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream, duplex};
use tokio::sync::mpsc;

fn main() -> ExitCode {
    support::run(
        "Whichever comes first, with `select!`, and what becomes of the rest.",
        &[
            Part {
                name: "doors",
                about: "orders from two channels, until both are closed",
                run: |event_loop| event_loop.run(doors()),
            },
            Part {
                name: "line",
                about: "a line in two pieces, kept where nobody drops it",
                run: |event_loop| event_loop.run(line()),
            },
            Part {
                name: "evening",
                about: "one limit for many rounds",
                run: |event_loop| event_loop.run(evening()),
            },
            Part {
                name: "owner",
                about: "a task owns the reader, and sends whole orders",
                run: |event_loop| event_loop.run(owner()),
            },
        ],
    )
}

const fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// Tells the time of the running loop.
fn now() -> String {
    seconds(get_running_loop().expect("inside a task").time())
}

/// Sends each order after a pause.
async fn customers(
    orders: [(u64, &'static str); 2],
    place: mpsc::Sender<&'static str>,
) -> Result<()> {
    for (pause, order) in orders {
        sleep(millis(pause)).await?;
        place.send(order).await?;
    }
    Ok(())
}

async fn doors() -> Result<()> {
    let (phone, mut calls) = mpsc::channel(8);
    let (door, mut guests) = mpsc::channel(8);
    create_task(customers([(2000, "cake"), (2000, "bread")], phone));
    create_task(customers([(3000, "tea"), (4000, "milk")], door));
    loop {
        tokio::select! {
            Some(order) = calls.recv() => println!("{order}, by phone, after {}", now()),
            Some(order) = guests.recv() => println!("{order}, at the door, after {}", now()),
            else => break,
        }
    }
    println!("both are closed after {}", now());
    Ok(())
}

/// Writes each piece after a pause, and then hangs up.
async fn office(pieces: [(u64, &'static str); 2], mut stream: DuplexStream) -> Result<()> {
    for (pause, piece) in pieces {
        sleep(millis(pause)).await?;
        stream.write_all(piece.as_bytes()).await?;
    }
    Ok(())
}

async fn line() -> Result<()> {
    let (theirs, ours) = duplex(64);
    create_task(office([(0, "two tea"), (1500, "s\ncake\n")], theirs));
    let mut reader = BufReader::new(ours);
    let mut bytes = Vec::new();
    loop {
        tokio::select! {
            // What `read_until` has read is in `bytes`, also when it is dropped.
            read = reader.read_until(b'\n', &mut bytes) => {
                if read? == 0 {
                    break;
                }
                println!("order: {}", String::from_utf8_lossy(&bytes).trim());
                bytes.clear();
            }
            slept = sleep(millis(1000)) => {
                slept?;
                println!("still open");
            }
        }
    }
    println!("hung up");
    Ok(())
}

async fn evening() -> Result<()> {
    let mut evening = pin!(sleep(millis(10_000)));
    let mut guests = 0;
    loop {
        tokio::select! {
            slept = sleep(millis(3000)) => {
                slept?;
                guests += 1;
            }
            over = &mut evening => break over?,
        }
    }
    println!("{guests} guests, closed after {}", now());
    Ok(())
}

/// Reads orders of four bytes. It is in no race, so it may use `read_exact`.
async fn read_orders(mut stream: DuplexStream, orders: mpsc::Sender<String>) -> Result<()> {
    let mut order = [0; 4];
    while stream.read_exact(&mut order).await.is_ok() {
        orders
            .send(String::from_utf8_lossy(&order).into_owned())
            .await?;
    }
    Ok(())
}

async fn owner() -> Result<()> {
    let (theirs, ours) = duplex(64);
    create_task(office([(0, "ca"), (1500, "keteas")], theirs));
    let (sender, mut orders) = mpsc::channel(8);
    create_task(read_orders(ours, sender));
    loop {
        tokio::select! {
            order = orders.recv() => match order {
                Some(order) => println!("order: {order}"),
                None => break,
            },
            slept = sleep(millis(1000)) => {
                slept?;
                println!("still open");
            }
        }
    }
    println!("hung up");
    Ok(())
}

use std::io;
use std::time::Duration;
use tokio::io::{AsyncReadExt, DuplexStream};
use tokio::time::sleep;

/// Reads one order.
async fn next_order(stream: &mut DuplexStream) -> io::Result<String> {
    let mut order = [0; 4];
    stream.read_exact(&mut order).await?;
    Ok(String::from_utf8_lossy(&order).into_owned())
}

/// Lists the orders until the office hangs up, and notes each second without one.
pub async fn listen(mut stream: DuplexStream) -> Vec<String> {
    let mut orders = Vec::new();
    loop {
        tokio::select! {
            order = next_order(&mut stream) => match order {
                Ok(order) => orders.push(order),
                Err(_) => return orders, // The office has hung up.
            },
            () = sleep(Duration::from_secs(1)) => check::note("still open"),
        }
    }
}

//! The calculator on Tokio: a task for each client calls it.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::ours::GRACE;
use super::{Calculator, GREETING};

// ANCHOR: talk
async fn talk(mut stream: TcpStream, stop: CancellationToken) -> io::Result<()> {
    let mut calculator = Calculator::default();
    let mut chunk = vec![0; 16 * 1024];
    stream.write_all(GREETING.as_bytes()).await?;
    loop {
        let count = tokio::select! {
            read = stream.read(&mut chunk) => read?,
            () = stop.cancelled() => return Ok(()),
        };
        if count == 0 {
            return Ok(());
        }
        let answers = calculator.receive(&chunk[..count]);
        stream.write_all(answers.text.as_bytes()).await?;
        if answers.shutdown {
            stop.cancel();
        }
    }
}
// ANCHOR_END: talk

// ANCHOR: serve
/// Serves until `stop` is cancelled; true if every client took in time what was left for it.
pub async fn serve(listener: TcpListener, stop: CancellationToken) -> bool {
    let mut clients = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => drop(clients.spawn(talk(stream, stop.clone()))),
                Err(error) => {
                    eprintln!("cannot accept a client: {error}");
                    sleep(Duration::from_secs(1)).await;
                }
            },
            Some(ended) = clients.join_next() => report(ended),
            () = stop.cancelled() => break,
        }
    }
    drop(listener);
    let all = async {
        while let Some(ended) = clients.join_next().await {
            report(ended);
        }
    };
    let in_time = timeout(GRACE, all).await.is_ok();
    clients.shutdown().await;
    in_time
}
// ANCHOR_END: serve

fn report(ended: Result<io::Result<()>, tokio::task::JoinError>) {
    match ended {
        Ok(Ok(())) => {}
        Ok(Err(error)) => eprintln!("a client was lost: {error}"),
        Err(error) => eprintln!("a client's task failed: {error}"),
    }
}

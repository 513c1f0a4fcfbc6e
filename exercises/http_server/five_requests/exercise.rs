use axum::{Router, extract::Path, routing::get};
use std::{io, net::SocketAddr};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

async fn share(Path(people): Path<u32>) -> String {
    println!("pieces for {people}");
    (12 / people).to_string()
}

async fn ask(address: SocketAddr, line: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("{line} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let status = answer.split(' ').nth(1);
    Ok(status.unwrap_or("no answer").to_owned())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let router = Router::new().route("/share/{people}", get(share));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async { axum::serve(listener, router).await });
    for line in [
        "GET /share/4",
        "GET /share/two",
        "POST /share/4",
        "GET /shares/4",
        "GET /share/0",
    ] {
        println!("{line}: {}", ask(address, line).await?);
    }
    Ok(())
}

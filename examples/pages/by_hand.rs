//! HTTP by hand, on this book's loop: one request for each connection, and no more of HTTP than that needs.

use std::time::Duration;

use asyncio::{
    IncompleteRead, LimitOverrun, Result, StreamReader, StreamWriter, Task, TcpListener, TcpStream,
    create_task, sleep,
};

use super::{INDEX, WAIT, hello, not_found};

/// How long the head of a request may be.
pub const LONGEST_HEAD: usize = 8 * 1024;

// ANCHOR: talk
async fn talk(reader: StreamReader, writer: StreamWriter) -> Result<()> {
    let reader = reader.with_limit(LONGEST_HEAD);
    let answer = match reader.read_until(b"\r\n\r\n").await {
        Ok(head) => answer(&head).await?,
        Err(error) if error.is::<LimitOverrun>() => page(
            "431 Request Header Fields Too Large",
            "<p>the head is too long</p>",
        ),
        // The client left before it had asked.
        Err(error) if error.is::<IncompleteRead>() => return Ok(()),
        Err(error) => return Err(error),
    };
    writer.write(answer.as_bytes());
    writer.close();
    writer.wait_closed().await
}

async fn answer(head: &[u8]) -> Result<String> {
    let head = String::from_utf8_lossy(head);
    let words: Vec<&str> = head.lines().next().unwrap_or("").split(' ').collect();
    let [method, target, _version] = words[..] else {
        return Ok(page("400 Bad Request", "<p>this is no request</p>"));
    };
    let path = target.split('?').next().unwrap_or("");
    let name = path.strip_prefix("/hello/");
    let name = name.filter(|name| !name.is_empty() && !name.contains('/'));
    if path != "/" && name.is_none() {
        return Ok(page("404 Not Found", &not_found(path)));
    }
    if method != "GET" {
        return Ok(page("405 Method Not Allowed", "<p>only GET is allowed</p>"));
    }
    let Some(name) = name else {
        return Ok(page("200 OK", INDEX));
    };
    sleep(WAIT).await?;
    Ok(page("200 OK", &hello(name)))
}

fn page(status: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\n\
         content-type: text/html; charset=utf-8\r\n\
         content-length: {}\r\n\
         connection: close\r\n\r\n{body}",
        body.len()
    )
}
// ANCHOR_END: talk

/// Serves in a task for each client; cancelling the task that this gives ends the accepting.
pub fn serve(listener: TcpListener) -> Task<()> {
    create_task(async move {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => drop(create_task(serve_client(stream))),
                Err(error) if error.is_cancelled() => return Err(error),
                Err(error) => {
                    eprintln!("cannot accept a client: {error}");
                    sleep(Duration::from_secs(1)).await?;
                }
            }
        }
    })
}

/// What goes wrong with one client is no reason to end.
async fn serve_client(stream: TcpStream) -> Result<()> {
    let (reader, writer) = stream.split();
    match talk(reader, writer).await {
        Err(error) if !error.is_cancelled() => {
            eprintln!("a client was lost: {error}");
            Ok(())
        }
        ended => ended,
    }
}

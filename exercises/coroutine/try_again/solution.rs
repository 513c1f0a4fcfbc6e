use std::io;
use std::time::Duration;
use tokio::time::sleep;

/// Calls `make` and awaits what it gives, up to so many times, until the connection is not refused.
pub async fn try_again<T, F>(attempts: u32, mut make: impl FnMut() -> F) -> io::Result<T>
where
    F: Future<Output = io::Result<T>>,
{
    let mut pause = Duration::from_secs(1);
    for _ in 1..attempts {
        match make().await {
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                sleep(pause).await;
                pause *= 2;
            }
            ended => return ended,
        }
    }
    make().await
}

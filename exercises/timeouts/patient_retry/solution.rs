use std::time::Duration;
use tokio::time::{sleep, timeout};

/// Asks until there is an answer or the limit is over; the error tells what went wrong last.
pub async fn ask_until<F>(limit: Duration, mut attempt: impl FnMut() -> F) -> Result<u32, String>
where
    F: Future<Output = Result<u32, String>>,
{
    // It stands outside, because the limit drops everything within the block.
    let mut last = "not tried".to_owned();
    let asking = async {
        let mut pause = Duration::from_secs(1);
        loop {
            match timeout(Duration::from_secs(3), attempt()).await {
                Ok(Ok(answer)) => return answer,
                Ok(Err(error)) => last = error,
                Err(_) => last = "too slow".to_owned(),
            }
            sleep(pause).await;
            pause *= 2;
        }
    };
    let outcome = timeout(limit, asking).await;
    outcome.map_err(|_| format!("no answer, last: {last}"))
}

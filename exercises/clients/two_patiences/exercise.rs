use asyncio::{EventLoop, Result, get_running_loop, sleep, timeout};
use std::{cell::Cell, time::Duration};

async fn piece(pause: u64) -> Result<()> {
    Ok(sleep(Duration::from_secs(pause)).await?)
}

async fn download(pauses: &[u64], pieces: &Cell<u32>) -> Result<()> {
    for pause in pauses {
        timeout(Duration::from_secs(2), piece(*pause)).await?;
        pieces.set(pieces.get() + 1);
    }
    Ok(())
}

fn main() -> Result<()> {
    EventLoop::with_virtual_clock().run(async {
        for (tea, pauses) in [
            ("green", &[1, 1, 1][..]),
            ("black", &[1, 3, 1]),
            ("herbal", &[1; 10]),
        ] {
            let (start, pieces) = (get_running_loop()?.time(), Cell::new(0));
            let whole = Duration::from_millis(4500);
            let ended = match timeout(whole, download(pauses, &pieces)).await {
                Ok(()) => "done".to_owned(),
                Err(error) => error.to_string(),
            };
            let after = (get_running_loop()?.time() - start).as_secs_f64();
            println!("{tea}: {ended} after {after} s, {} pieces", pieces.get());
        }
        Ok(())
    })
}

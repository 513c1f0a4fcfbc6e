use asyncio::{Queue, Result, create_task, gather, sleep};
use std::time::Duration;

/// A part that is sawn and lies about until it is painted.
pub struct Sawn {
    number: u32,
    _place: check::Visit, // The checks count the parts that lie about.
}

/// Saws a part, which takes two seconds.
async fn saw(number: u32) -> Result<Sawn> {
    let _saw = check::enter("saw"); // The checks count the saws in use.
    sleep(Duration::from_secs(2)).await?;
    Ok(Sawn {
        number,
        _place: check::enter("part"),
    })
}

/// Paints a part, which takes so many seconds.
async fn paint(part: Sawn, seconds: u64) -> Result<u32> {
    let _brush = check::enter("brush"); // The checks count the brushes in use.
    sleep(Duration::from_secs(seconds)).await?;
    Ok(part.number)
}

async fn sawyer(numbers: Queue<Option<u32>>, parts: Queue<Option<Sawn>>) -> Result<()> {
    while let Some(number) = numbers.get().await? {
        parts.put(Some(saw(number).await?)).await?;
    }
    Ok(())
}

async fn painter(parts: Queue<Option<Sawn>>, painting: u64) -> Result<Vec<u32>> {
    let mut painted = Vec::new();
    while let Some(part) = parts.get().await? {
        painted.push(paint(part, painting).await?);
    }
    Ok(painted)
}

/// Saws with two workers and paints with a third one, at the same time; lists the parts as they are painted.
pub async fn make(numbers: &[u32], painting: u64) -> Result<Vec<u32>> {
    let (orders, parts) = (Queue::new(), Queue::bounded(1));
    for &number in numbers {
        orders.put_nowait(Some(number))?;
    }
    let sawyers = [(); 2].map(|()| create_task(sawyer(orders.clone(), parts.clone())));
    for _ in &sawyers {
        orders.put_nowait(None)?;
    }
    let painter = create_task(painter(parts.clone(), painting));
    gather(&sawyers).await?;
    // Only now is the last part in the queue.
    parts.put(None).await?;
    painter.await
}

use asyncio::{Result, sleep};
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

/// Saws with two workers and paints with a third one, at the same time; lists the parts as they are painted.
pub async fn make(numbers: &[u32], painting: u64) -> Result<Vec<u32>> {
    let mut painted = Vec::new();
    for &number in numbers {
        let part = saw(number).await?; // Build it: this makes one part after the other.
        painted.push(paint(part, painting).await?);
    }
    Ok(painted)
}

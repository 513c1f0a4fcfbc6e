use asyncio::{Result, sleep};
use std::time::Duration;

/// Asks one station; the answer takes so many seconds.
async fn ask(station: &'static str, seconds: u64) -> Result<String> {
    let _call = check::enter("call"); // The checks count the calls under way.
    sleep(Duration::from_secs(seconds)).await?;
    Ok(format!("{station} answers"))
}

/// Asks all stations at the same time, and lists the answers in the order of the stations.
pub async fn ask_all(stations: &[(&'static str, u64)]) -> Result<Vec<String>> {
    let asked: Vec<_> = stations
        .iter()
        .map(|&(station, seconds)| ask(station, seconds))
        .collect();
    let mut answers = Vec::new();
    for call in asked {
        answers.push(call.await?);
    }
    Ok(answers)
}

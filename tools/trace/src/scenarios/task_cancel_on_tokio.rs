//! An aborted task is dropped where it waits: nothing after its await runs.

use crate::on_tokio::{note, sleep, spawn};
use std::time::Duration;

async fn brew() {
    sleep(Duration::from_secs(10)).await;
    note("pour it away");
}

pub async fn main() {
    let tea = spawn("tea", brew());
    sleep(Duration::from_secs(1)).await;
    tea.abort();
    note("asked to end");
    let outcome = tea.await;
    note(format!("cancelled: {}", outcome.is_err()));
}

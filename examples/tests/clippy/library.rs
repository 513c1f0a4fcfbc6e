//! A library that blocks; clippy finds the line.

use std::thread;
use std::time::Duration;

pub async fn slow(name: &str) {
    thread::sleep(Duration::from_secs(1));
    println!("{name}");
}

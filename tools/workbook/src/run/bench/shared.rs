use std::sync::Arc;
use tokio::sync::{Mutex, Semaphore};

async fn visit(count: Arc<Mutex<Vec<usize>>>, doors: Arc<Semaphore>, guest: usize) {
    let _permit = doors.acquire().await.expect("open doors");
    count.lock().await.push(guest);
    tokio::task::yield_now().await;
}

#[tokio::main]
async fn main() {
    println!("EDITED");
    let count = Arc::new(Mutex::new(Vec::new()));
    let doors = Arc::new(Semaphore::new(2));
    let guests: Vec<_> = (0..10)
        .map(|guest| tokio::spawn(visit(count.clone(), doors.clone(), guest)))
        .collect();
    for guest in guests {
        guest.await.expect("no panic");
    }
    println!("{} guests", count.lock().await.len());
}

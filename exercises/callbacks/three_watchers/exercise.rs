use futures::future::{FutureExt, Shared, join_all};
use std::time::Duration;
use tokio::time::sleep;

async fn tea() -> &'static str {
    sleep(Duration::from_millis(1)).await;
    "green tea"
}

async fn serve(name: &'static str, tea: Shared<impl Future<Output = &'static str>>) {
    println!("{name}: {}", tea.await);
}

async fn party() {
    let tea = tea().shared();
    let watchers = ["anna", "ben", "cleo"].map(|name| tokio::spawn(serve(name, tea.clone())));
    join_all(watchers).await;
}

#[tokio::main]
async fn main() {
    tokio::spawn(party()).await.unwrap();
}

#[tokio::main(worker_threads = 2)]
async fn main() {
    let tasks = ["green", "black", "mint"].map(|name| {
        tokio::spawn(async move {
            println!("{name} is poured");
        })
    });
    for task in tasks {
        task.await.expect("no tea panics");
    }
    println!("served");
}

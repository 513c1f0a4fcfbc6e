//! What programs ask of `tokio`.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::sync;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time;

/// Mentions everything below for the usual types.
pub fn warm() {
    runtimes();
    for_type(());
    for_type(false);
    for_type(0_i32);
    for_type(0_u32);
    for_type(0_u64);
    for_type(0_usize);
    for_type("");
    for_type(String::new());
}

type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;
type Local<T> = Pin<Box<dyn Future<Output = T>>>;

fn boxed<T>(future: impl Future<Output = T> + Send + 'static) -> Boxed<T> {
    Box::pin(future)
}

fn runtimes() {
    let build = |mut builder: Builder| -> Runtime { builder.enable_all().build().expect("a runtime") };
    let runtime = build(Builder::new_multi_thread());
    runtime.block_on(boxed(async {
        let start = time::Instant::now();
        time::sleep(Duration::from_millis(1)).await;
        time::sleep_until(start).await;
        let mut interval = time::interval(Duration::from_secs(1));
        interval.tick().await;
        tokio::task::yield_now().await;
        println!("{:?} {}", start.elapsed(), start.elapsed().as_millis());
        let permits = Arc::new(sync::Semaphore::new(1));
        drop(permits.acquire().await.expect("a permit"));
        drop(permits.clone().acquire_owned().await.expect("a permit"));
        let notify = Arc::new(sync::Notify::new());
        notify.notify_one();
        notify.notified().await;
        let _ = tokio::signal::ctrl_c().await;
    }));
    build(Builder::new_current_thread()).block_on(boxed(async {}));
}

/// What programs do with a value of any type.
fn for_type<T: Clone + Debug + Send + Sync + 'static>(value: T) {
    let futures = value.clone();
    let future = move || boxed(std::future::ready(futures.clone()));
    let (one, two) = (value.clone(), value.clone());
    let body = boxed(async move {
        let handle: JoinHandle<T> = tokio::spawn(future());
        handle.abort();
        let aborted = handle.abort_handle();
        println!("{:?} {}", handle.await.map_err(|e| e.is_cancelled()), aborted.is_finished());
        let mut set = JoinSet::new();
        set.spawn(future());
        while let Some(result) = set.join_next().await {
            println!("{:?}", result.expect("a value"));
        }
        let limited = time::timeout(Duration::from_secs(1), future()).await;
        println!("{:?}", limited);
        tokio_channels(one).await;
        shared(two).await;
    });
    if let Ok(runtime) = Runtime::new() {
        runtime.block_on(body);
        runtime.block_on(Box::pin(std::future::ready(value.clone())) as Local<T>);
    }
}

async fn tokio_channels<T: Clone + Debug + Send + Sync + 'static>(value: T) {
    let (sender, mut receiver) = sync::mpsc::channel(1);
    sender.clone().send(value.clone()).await.expect("a receiver");
    let _ = sender.try_send(value.clone()).is_ok();
    drop(sender);
    while let Some(value) = receiver.recv().await {
        println!("{value:?}");
    }
    println!("{:?}", receiver.try_recv().is_ok());
    let (sender, mut receiver) = sync::mpsc::unbounded_channel();
    sender.clone().send(value.clone()).expect("a receiver");
    println!("{:?}", receiver.recv().await);
    let (sender, receiver) = sync::oneshot::channel();
    sender.send(value.clone()).expect("a receiver");
    println!("{:?}", receiver.await);
    let (sender, mut receiver) = sync::watch::channel(value.clone());
    sender.send(value.clone()).expect("a receiver");
    receiver.changed().await.expect("a sender");
    println!("{:?}", receiver.borrow_and_update().clone());
    let (sender, mut receiver) = sync::broadcast::channel(1);
    sender.send(value).expect("a receiver");
    println!("{:?}", receiver.recv().await.is_ok());
}

async fn shared<T: Clone + Debug + Send + Sync + 'static>(value: T) {
    let mutex = Arc::new(sync::Mutex::new(value.clone()));
    println!("{:?}", mutex.clone().lock().await);
    let lock = Arc::new(sync::RwLock::new(value.clone()));
    println!("{:?} {:?}", lock.read().await, lock.clone().write().await);
    let mutex = Arc::new(Mutex::new(value));
    println!("{:?}", mutex.clone().lock().expect("a value"));
}

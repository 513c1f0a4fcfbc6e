//! What programs ask of `asyncio`.

use std::fmt::Debug;
use std::future::{Future, ready};
use std::pin::Pin;
use std::time::Duration;

use asyncio::{EventLoop, Result, create_task, gather, sleep, wait_for};

/// Mentions everything below for the usual types.
pub fn warm() {
    for_type(());
    for_type(0_i32);
    for_type(0_u32);
    for_type(0_u64);
    for_type(0_usize);
    for_type("");
    for_type(String::new());
}

type Boxed<T> = Pin<Box<dyn Future<Output = Result<T>>>>;

fn for_type<T: Clone + Debug + 'static>(value: T) {
    let teas = value.clone();
    let tea = move || Box::pin(ready(Ok(teas.clone()))) as Boxed<T>;
    let main = async move {
        sleep(Duration::from_secs(1)).await?;
        let task = create_task(tea());
        task.cancel();
        println!("{:?} {} {}", (&task).await.is_ok(), task.is_done(), task.is_cancelled());
        let all = gather([tea(), tea()]).await?;
        println!("{all:?}");
        wait_for(&create_task(tea()), Duration::from_secs(1)).await
    };
    let main = Box::pin(main) as Boxed<T>;
    let event_loop = EventLoop::with_virtual_clock();
    println!("{:?} {:?}", event_loop.run(main).is_ok(), event_loop.time().as_secs());
    let _ = asyncio::run(Box::pin(ready(Ok(value))) as Boxed<T>).is_ok();
}

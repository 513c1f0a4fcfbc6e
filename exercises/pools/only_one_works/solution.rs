use std::sync::{Mutex, mpsc};
use std::thread;

/// Calls `work` for each item on so many threads; the results are listed in the order of the items.
pub fn pool_map<T: Send, R: Send>(
    workers: usize,
    items: Vec<T>,
    work: impl Fn(T) -> R + Sync,
) -> Vec<R> {
    let (submit, queue) = mpsc::channel();
    for job in items.into_iter().enumerate() {
        submit.send(job).expect("the queue is there");
    }
    drop(submit);
    let queue = Mutex::new(queue);
    let results = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let job = queue.lock().unwrap().recv(); // The lock ends with this statement.
                    let Ok((place, item)) = job else { return };
                    let result = work(item);
                    results.lock().unwrap().push((place, result));
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap();
    results.sort_by_key(|(place, _)| *place);
    results.into_iter().map(|(_, result)| result).collect()
}

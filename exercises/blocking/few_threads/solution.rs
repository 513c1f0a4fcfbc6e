use std::sync::Mutex;
use std::thread;

/// Calls `work` for each item on so many threads; the results are listed in the order of the items.
pub fn map_on_threads<T: Send, R: Send>(
    threads: usize,
    items: Vec<T>,
    work: impl Fn(T) -> R + Sync,
) -> Vec<R> {
    let results = Mutex::new(items.iter().map(|_| None).collect::<Vec<_>>());
    let items = Mutex::new(items.into_iter().enumerate());
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    // In a statement of its own, so that the lock is free while the item is worked on.
                    let next = items.lock().unwrap().next();
                    let Some((place, item)) = next else { return };
                    let result = work(item);
                    results.lock().unwrap()[place] = Some(result);
                }
            });
        }
    });
    let results = results.into_inner().unwrap().into_iter();
    results
        .map(|result| result.expect("each item was worked on"))
        .collect()
}

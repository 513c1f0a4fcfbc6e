use futures::Stream;

/// Lets a stream run ahead of its reader; up to `room` items lie ready.
pub fn run_ahead<S>(source: S, room: usize) -> impl Stream<Item = S::Item>
where
    S: Stream + Send + 'static,
    S::Item: Send,
{
    let _ = room; // Build it: this makes an item only when it is asked for one.
    source
}

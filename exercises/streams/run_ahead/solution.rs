use async_stream::stream;
use futures::{Stream, StreamExt};
use std::pin::pin;
use tokio::{sync::mpsc, task::JoinSet};

/// Lets a stream run ahead of its reader; up to `room` items lie ready.
pub fn run_ahead<S>(source: S, room: usize) -> impl Stream<Item = S::Item>
where
    S: Stream + Send + 'static,
    S::Item: Send,
{
    stream! {
        let (sender, mut receiver) = mpsc::channel(room);
        let mut maker = JoinSet::new(); // It ends the task when it is dropped.
        maker.spawn(async move {
            let mut source = pin!(source);
            while let Some(item) = source.next().await {
                if sender.send(item).await.is_err() {
                    return;
                }
            }
        });
        while let Some(item) = receiver.recv().await {
            yield item;
        }
    }
}

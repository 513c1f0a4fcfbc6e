use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::{JoinHandle, JoinSet};

/// Says goodbye for connections that were dropped.
pub struct Desk {
    dropped: UnboundedSender<u32>,
    task: JoinHandle<()>,
}

/// A connection, which goes to its desk when it is dropped.
pub struct Connection {
    pub number: u32,
    dropped: UnboundedSender<u32>,
}

impl Desk {
    /// Opens a desk that calls this for each connection that is dropped.
    pub fn new<F>(goodbye: impl Fn(u32) -> F + Send + 'static) -> Desk
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (dropped, mut numbers) = unbounded_channel();
        let task = tokio::spawn(async move {
            let mut goodbyes = JoinSet::new();
            // It ends when the desk and all connections have dropped their senders.
            while let Some(number) = numbers.recv().await {
                goodbyes.spawn(goodbye(number));
            }
            goodbyes.join_all().await;
        });
        Desk { dropped, task }
    }

    /// Opens a connection.
    pub fn open(&self, number: u32) -> Connection {
        let dropped = self.dropped.clone();
        Connection { number, dropped }
    }

    /// Waits until all connections are gone and all goodbyes are said.
    pub async fn finish(self) {
        drop(self.dropped);
        self.task.await.expect("no goodbye panics");
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // It fails only if the runtime is gone, and the desk with it.
        let _ = self.dropped.send(self.number);
    }
}

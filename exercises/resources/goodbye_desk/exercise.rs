/// Says goodbye for connections that were dropped.
pub struct Desk {}

/// A connection, which goes to its desk when it is dropped.
pub struct Connection {
    pub number: u32,
}

impl Desk {
    /// Opens a desk that calls this for each connection that is dropped.
    pub fn new<F>(goodbye: impl Fn(u32) -> F + Send + 'static) -> Desk
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let _ = goodbye; // Build it: nobody says goodbye.
        Desk {}
    }

    /// Opens a connection.
    pub fn open(&self, number: u32) -> Connection {
        Connection { number }
    }

    /// Waits until all connections are gone and all goodbyes are said.
    pub async fn finish(self) {}
}

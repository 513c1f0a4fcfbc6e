/// A database with one transaction at a time.
pub trait Database {
    async fn begin(&self);
    async fn commit(&self) -> Result<(), String>;
    async fn roll_back(&self);
    /// Lets the database roll back later; it does not wait.
    fn abandon(&self);
}

/// A transaction that is abandoned when it is dropped, unless it was over.
struct Open<'a, D: Database> {
    database: &'a D,
    over: bool,
}

impl<D: Database> Drop for Open<'_, D> {
    fn drop(&mut self) {
        if !self.over {
            self.database.abandon();
        }
    }
}

/// Runs the body in a transaction, which is over when the function is.
pub async fn in_transaction<T>(
    database: &impl Database,
    body: impl AsyncFnOnce() -> Result<T, String>,
) -> Result<T, String> {
    database.begin().await;
    let mut open = Open {
        database,
        over: false,
    };
    let mut outcome = body().await;
    if outcome.is_ok() {
        outcome = database.commit().await.and(outcome);
    }
    if outcome.is_err() {
        database.roll_back().await;
    }
    open.over = true;
    outcome
}

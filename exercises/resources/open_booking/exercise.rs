/// A database with one transaction at a time.
pub trait Database {
    async fn begin(&self);
    async fn commit(&self) -> Result<(), String>;
    async fn roll_back(&self);
    /// Lets the database roll back later; it does not wait.
    fn abandon(&self);
}

/// Runs the body in a transaction, which is over when the function is.
pub async fn in_transaction<T>(
    database: &impl Database,
    body: impl AsyncFnOnce() -> Result<T, String>,
) -> Result<T, String> {
    database.begin().await;
    let value = body().await?;
    database.commit().await?;
    Ok(value)
}

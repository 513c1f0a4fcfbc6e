use tokio_util::sync::CancellationToken;

/// Brews all teas at the same time; the first failure stops the others, who clean up first.
pub async fn brew_all<F>(
    brewers: Vec<impl FnOnce(CancellationToken) -> F>,
) -> Result<Vec<&'static str>, Vec<String>>
where
    F: Future<Output = Result<Option<&'static str>, String>> + Send + 'static,
{
    let token = CancellationToken::new();
    // It tells the brewers if this future is dropped in the middle.
    let _guard = token.clone().drop_guard();
    let mut tasks = Vec::new();
    for brewer in brewers {
        let (brewing, guard) = (brewer(token.clone()), token.clone().drop_guard());
        tasks.push(tokio::spawn(async move {
            let tea = brewing.await;
            if tea.is_ok() {
                guard.disarm(); // After a failure and in a panic it is dropped, and tells the others.
            }
            tea
        }));
    }
    let (mut teas, mut errors) = (Vec::new(), Vec::new());
    for task in tasks {
        match task.await {
            Ok(Ok(tea)) => teas.extend(tea),
            Ok(Err(error)) => errors.push(error),
            Err(_) => errors.push("panicked".to_owned()),
        }
    }
    if errors.is_empty() {
        Ok(teas)
    } else {
        Err(errors)
    }
}

use tokio_util::sync::CancellationToken;

/// Brews all teas at the same time; the first failure stops the others, who clean up first.
pub async fn brew_all<F>(
    brewers: Vec<impl FnOnce(CancellationToken) -> F>,
) -> Result<Vec<&'static str>, Vec<String>>
where
    F: Future<Output = Result<Option<&'static str>, String>> + Send + 'static,
{
    let token = CancellationToken::new();
    let mut teas = Vec::new();
    for brewer in brewers {
        // Build it: this brews one after another.
        teas.extend(brewer(token.clone()).await.map_err(|error| vec![error])?);
    }
    Ok(teas)
}

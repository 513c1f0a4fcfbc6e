/// Greets somebody, whatever the name is.
pub fn card(name: &str) -> String {
    let text = escape(name);
    format!("<h1>hello, {text}!</h1>\n<a title=\"{text}\" href=\"/hello/{text}\">again</a>")
}

/// Makes a text show as it is.
fn escape(text: &str) -> String {
    text.replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('&', "&amp;")
}

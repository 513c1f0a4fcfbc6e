//! The pages that the HTTP servers serve, and how long they take.

pub mod by_hand;
pub mod with_axum;

use std::time::Duration;

pub const INDEX: &str = "<h1>Index</h1>";

/// How long it takes to greet somebody: it stands for a database.
pub const WAIT: Duration = Duration::from_millis(500);

/// How long clients may take when the server ends.
pub const GRACE: Duration = Duration::from_secs(1);

pub fn hello(name: &str) -> String {
    format!("<h1>hello, {}!</h1>", escape(name))
}

pub fn not_found(path: &str) -> String {
    format!("<p>there is no page {}</p>", escape(path))
}

// ANCHOR: escape
/// Makes a text show as it is, whatever it contains.
fn escape(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => html += "&amp;",
            '<' => html += "&lt;",
            '>' => html += "&gt;",
            '"' => html += "&quot;",
            '\'' => html += "&#x27;",
            c => html.push(c),
        }
    }
    html
}
// ANCHOR_END: escape

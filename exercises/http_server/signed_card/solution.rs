/// Greets somebody, whatever the name is.
pub fn card(name: &str) -> String {
    let (text, address) = (escape(name), quote(name));
    format!("<h1>hello, {text}!</h1>\n<a title=\"{text}\" href=\"/hello/{address}\">again</a>")
}

/// Makes a text show as it is.
fn escape(text: &str) -> String {
    let mut html = String::new();
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

/// Makes a text one part of an address.
fn quote(text: &str) -> String {
    let mut part = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"_.-~".contains(&byte) {
            part.push(char::from(byte));
        } else {
            part += &format!("%{byte:02X}");
        }
    }
    part
}

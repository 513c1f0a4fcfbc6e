//! The Content-Security-Policy of each page: what a browser may load and run there.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// For everything that is not a page.
pub const NOTHING: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// Allows the page its own files, the scripts that stand in it and frames with the book's other pages, and nothing else.
///
/// Nobody shows it in a frame, but for one that is `framed`: there the book's own pages do, and no others.
/// Styles may stand anywhere: the editor makes some as it goes, and mdBook and rustdoc have some in their pages.
pub fn of_page(page: &str, framed: bool) -> String {
    let mut scripts = "'self'".to_owned();
    for script in inline_scripts(page) {
        let hash = STANDARD.encode(Sha256::digest(script));
        let source = format!(" 'sha256-{hash}'");
        if !scripts.contains(&source) {
            scripts.push_str(&source);
        }
    }
    // mdBook's page for missing pages must say what its links are relative to.
    let base = if page.contains("<base ") { "'self'" } else { "'none'" };
    let ancestors = if framed { "'self'" } else { "'none'" };
    format!(
        "default-src 'none'; script-src {scripts}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; frame-src 'self'; frame-ancestors {ancestors}; base-uri {base}; form-action 'none'"
    )
}

/// The texts of all scripts that stand in the page itself; data that only looks like one never runs.
fn inline_scripts(page: &str) -> Vec<&str> {
    let mut scripts = Vec::new();
    let mut rest = page;
    while let Some((_, after)) = rest.split_once("<script") {
        rest = after;
        let Some((tag, body)) = after.split_once('>') else {
            break;
        };
        // Otherwise it is another element, such as one whose name only begins so.
        if !tag.is_empty() && !tag.starts_with(|c: char| c.is_ascii_whitespace()) {
            continue;
        }
        let Some((script, after)) = body.split_once("</script>") else {
            break;
        };
        let is_file = tag.split_ascii_whitespace().any(|word| word.starts_with("src="));
        let is_data = tag.contains("type=\"application/json\"");
        if !is_file && !is_data && !script.is_empty() {
            scripts.push(script);
        }
        rest = after;
    }
    scripts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_in_the_page_are_allowed_by_their_hash() {
        let page = "<script>\n  1 < 2\n</script><script src=\"a.js\"></script><scripty>no</scripty><script type=\"module\">x</script>";
        assert_eq!(inline_scripts(page), ["\n  1 < 2\n", "x"]);
        // The hash of `x`, as other programs compute it.
        let hash = "'sha256-LXEWQrcmsEQBYnyp+6wy9chTD7GQPMTbAiWHF5IaSIE='";
        assert!(of_page(page, false).contains(hash), "{}", of_page(page, false));
        assert!(!of_page("<p>", false).contains("sha256"));
        let data = "<script type=\"application/json\" class=\"trace-data\">{}</script>";
        assert!(!of_page(data, false).contains("sha256"));
    }

    #[test]
    fn only_a_page_with_a_base_may_have_one() {
        assert!(of_page("<p>", false).contains("base-uri 'none'"));
        assert!(of_page("<base href=\"/\">", false).contains("base-uri 'self'"));
    }

    #[test]
    fn only_a_framed_page_may_be_in_a_frame() {
        assert!(of_page("<p>", false).contains("frame-ancestors 'none'"));
        assert!(of_page("<p>", true).contains("frame-ancestors 'self'"));
    }
}

//! The addresses under which the pages are opened: the server's own, and one more that the reader may name.

use std::str::FromStr;

use axum::http::Uri;

/// The beginning of an address, as a browser names it: scheme, host, and port if it is not the usual one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// What the header `Host` says there.
    pub host: String,
    /// What the header `Origin` says there.
    pub text: String,
}

impl Origin {
    fn new(scheme: &str, host: String) -> Origin {
        Origin { text: format!("{scheme}://{host}"), host }
    }

    /// The two of a server that listens on this port.
    pub fn own(port: u16) -> [Origin; 2] {
        ["127.0.0.1", "localhost"].map(|name| Origin::new("http", format!("{name}:{port}")))
    }
}

/// Reads what a reader copies from the address bar, as far as it is all of an origin.
impl FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Origin, String> {
        let wrong = || "name the beginning of the address that you open, as in https://abc-8377.example.dev".to_owned();
        let url: Uri = text.parse().map_err(|_| wrong())?;
        let usual = match url.scheme_str() {
            Some("https") => ":443",
            Some("http") => ":80",
            _ => return Err(wrong()),
        };
        let host = url.authority().map(|authority| authority.as_str().to_ascii_lowercase()).unwrap_or_default();
        if host.is_empty() || host.contains('@') {
            return Err(wrong());
        }
        if !matches!(url.path(), "" | "/") || url.query().is_some() {
            return Err("a server that gives each of its users a path of one address cannot be used: they share what their browsers store there, so others could take the key that lets a page run programs; forward the port to an address of its own instead, as `ssh -L` does".to_owned());
        }
        let host = host.strip_suffix(usual).unwrap_or(&host).to_owned();
        Ok(Origin::new(url.scheme_str().unwrap_or_default(), host))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_what_a_browser_makes_of_an_address() {
        for (given, host, text) in [
            ("https://Abc-8377.Example.dev", "abc-8377.example.dev", "https://abc-8377.example.dev"),
            ("https://book.example:443/", "book.example", "https://book.example"),
            ("https://book.example:8443/#token=1", "book.example:8443", "https://book.example:8443"),
            ("http://[::1]:80", "[::1]", "http://[::1]"),
        ] {
            let origin: Origin = given.parse().expect("an origin");
            assert_eq!((origin.host.as_str(), origin.text.as_str()), (host, text));
        }
        for given in
            ["", "book.example", "ftp://book.example", "https://", "https://me:pw@book.example", "file:///book"]
        {
            let why = given.parse::<Origin>().expect_err("it is none");
            assert!(why.starts_with("name the beginning"), "{given}: {why}");
        }
        for given in ["https://hub.example/user/ann/proxy/8000/", "https://hub.example/?port=8000"] {
            let why = given.parse::<Origin>().expect_err("it is shared");
            assert!(why.contains("share what their browsers store"), "{given}: {why}");
        }
    }
}

//! Folders of pages as they are served: every page with the policy that says what it may load and run.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use axum::extract::Request;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use percent_encoding::percent_decode_str;
use tower::ServiceExt;
use tower_http::services::{ServeDir, ServeFile};

use crate::run::csp;

/// What is shown in place of a page that does not exist.
pub const MISSING: &str = "404.html";

/// The contents, which every page shows in a frame where no script can write them.
const CONTENTS: &str = "toc.html";

/// A folder whose pages have been read once, so that none need be read for its policy when it is asked for.
pub struct Pages {
    folder: PathBuf,
    /// By the page's place in the folder, with `/` between folders.
    policies: HashMap<String, HeaderValue>,
}

impl Pages {
    /// Reads the pages of a folder; those that cannot be read are as good as not there.
    pub fn of(folder: &Path) -> Pages {
        Pages::changed(folder, |_, page| page)
            .unwrap_or_else(|_| Pages { folder: folder.to_path_buf(), policies: HashMap::new() })
    }

    /// Reads the pages of a folder, and makes each page another one first; `change` hears its place in the folder, too.
    pub fn changed(folder: &Path, change: impl Fn(&str, String) -> String) -> io::Result<Pages> {
        let mut policies = HashMap::new();
        let mut folders = vec![String::new()];
        while let Some(place) = folders.pop() {
            for entry in fs::read_dir(folder.join(&place))? {
                let entry = entry?;
                let name = format!("{place}{}", entry.file_name().to_string_lossy());
                if entry.file_type()?.is_dir() {
                    folders.push(format!("{name}/"));
                } else if name.ends_with(".html") {
                    let old = fs::read_to_string(entry.path())?;
                    let new = change(&name, old.clone());
                    if new != old {
                        fs::write(entry.path(), &new)?;
                    }
                    if let Ok(policy) = HeaderValue::try_from(csp::of_page(&new, name == CONTENTS)) {
                        policies.insert(name, policy);
                    }
                }
            }
        }
        Ok(Pages { folder: folder.to_path_buf(), policies })
    }

    /// Where the pages lie.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Answers with a file of the folder; a page that has come since it was read may do nothing.
    pub async fn answer(&self, request: Request) -> Result<Response, Gone> {
        let path = percent_decode_str(request.uri().path()).decode_utf8_lossy();
        let mut name = path.trim_start_matches('/').to_owned();
        if name.is_empty() || name.ends_with('/') {
            name += "index.html";
        }
        let missing = ServeFile::new(self.folder.join(MISSING));
        let files = ServeDir::new(&self.folder).not_found_service(missing);
        let mut answer = files.oneshot(request).await.into_response();
        if answer.status() == StatusCode::NOT_FOUND {
            let is_gone = |name: &str| self.policies.contains_key(name) && !self.folder.join(name).is_file();
            if is_gone(&name) || is_gone(MISSING) {
                return Err(Gone);
            }
            MISSING.clone_into(&mut name);
            if !self.policies.contains_key(MISSING) {
                return Ok((StatusCode::NOT_FOUND, "there is no such page\n").into_response());
            }
        }
        if let Some(policy) = self.policies.get(&name).filter(|_| is_html(answer.headers())) {
            let headers = answer.headers_mut();
            headers.insert(CONTENT_SECURITY_POLICY, policy.clone());
        }
        Ok(answer)
    }
}

/// Somebody has removed pages of the folder that were there.
#[derive(Debug)]
pub struct Gone;

fn is_html(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE);
    kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"))
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};

    use super::*;

    /// The status of the answer, its policy, and its text.
    async fn ask(pages: &Pages, path: &str) -> (u16, Option<String>, String) {
        let request = Request::get(path).body(Body::empty()).expect("a path");
        let answer = pages.answer(request).await.expect("pages");
        let policy = answer.headers().get(CONTENT_SECURITY_POLICY);
        let policy = policy.map(|policy| policy.to_str().expect("text").to_owned());
        let status = answer.status().as_u16();
        let body = to_bytes(answer.into_body(), 1 << 10).await.expect("a file");
        (status, policy, String::from_utf8_lossy(&body).into_owned())
    }

    #[tokio::test]
    async fn every_page_that_was_read_has_its_policy() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, text).expect("a file");
        };
        let page = |script: &str| format!("<script>{script}</script>");
        for (name, script) in
            [("index.html", "1"), ("one.html", "2"), ("deep/index.html", "3"), (MISSING, "4"), (CONTENTS, "6")]
        {
            write(name, &page(script));
        }
        write("style.css", "");
        let pages = Pages::changed(folder.path(), |_, page| page.replace("2", "changed"));
        let pages = pages.expect("pages");
        for (path, status, script) in [
            ("/", 200, "1"),
            ("/one.html", 200, "changed"),
            ("/o%6ee.html", 200, "changed"),
            ("/deep/", 200, "3"),
            ("/none", 404, "4"),
            ("/toc.html", 200, "6"),
            ("/../secret", 404, "4"),
        ] {
            let page = page(script);
            let policy = Some(csp::of_page(&page, path == "/toc.html"));
            assert_eq!(ask(&pages, path).await, (status, policy, page), "{path}");
        }
        assert_eq!(ask(&pages, "/style.css").await.1, None);
        write("new.html", &page("5"));
        assert_eq!(ask(&pages, "/new.html").await.1, None);
        let missing = Pages::of(&folder.path().join("missing"));
        assert_eq!(ask(&missing, "/one.html").await, (404, None, "there is no such page\n".to_owned()));
        fs::remove_file(folder.path().join("one.html")).expect("a file");
        let request = Request::get("/one.html").body(Body::empty()).expect("a path");
        assert!(pages.answer(request).await.is_err());
    }
}

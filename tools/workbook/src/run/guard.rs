//! The one gate that every request passes, whatever it asks for.
//!
//! It keeps out other pages in the reader's browser (requests across sites, DNS rebinding, frames) and other users of the machine.

use std::fmt::Display;
use std::sync::Arc;

use axum::body::{Body, Bytes, HttpBody, to_bytes};
use axum::extract::{FromRequest, Request, State};
use axum::http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, ORIGIN, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;

use super::csp;
use super::origin::Origin;
use super::token::Token;

/// The largest body of a request in bytes.
pub const MAX_BODY: usize = 64 << 10;

const TOKEN: &str = "x-workbook-token";
/// The one thing to be read that needs the secret, so that a page can find out whether it knows it.
pub const STATUS: &str = "/status";
const EXERCISES: &str = "/exercises";

const FETCH_SITE: &str = "sec-fetch-site";

/// What to do where the reader's browser is elsewhere than this server.
const FORWARDED: &str = "if a port is forwarded here, stop the workbook and start it with the beginning of the address that you open: cargo run -- --origin https://…";

/// What every answer says.
const HEADERS: [(HeaderName, &str); 5] = [
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    // Two builds within one second would look the same to a browser.
    (CACHE_CONTROL, "no-store"),
];

/// What a request must know.
pub struct Guard {
    pub own: [Origin; 2],
    /// The one that the reader has named.
    pub named: Option<Origin>,
    pub token: Token,
}

/// An answer that refuses; the text is for the reader.
pub type Refusal = (StatusCode, String);

/// Lets good requests through, and gives every answer its headers.
pub async fn guard(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    let mut answer = match guard.check(request).await {
        Ok(request) => next.run(request).await,
        Err(refusal) => {
            let allowed = [(ALLOW, "GET, HEAD, POST")];
            match refusal.0 {
                StatusCode::METHOD_NOT_ALLOWED => (allowed, refusal).into_response(),
                _ => refusal.into_response(),
            }
        }
    };
    let headers = answer.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // A page brings its own.
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(csp::NOTHING));
    answer
}

impl Guard {
    async fn check(&self, request: Request) -> Result<Request, Refusal> {
        let headers = request.headers();
        let origin = self.origin(&request)?;
        // Some forwarders change the host, and leave the origin.
        let good = [Some(origin), self.named.as_ref()];
        match one(headers, &ORIGIN) {
            Ok(None) if request.method() != Method::POST => {}
            Ok(Some(given)) if good.iter().flatten().any(|origin| given == origin.text.as_bytes()) => {}
            _ => return forbidden(&format!("this address answers its own pages only; {FORWARDED}")),
        }
        let posts = match *request.method() {
            Method::GET | Method::HEAD => false,
            Method::POST => true,
            _ => {
                let text = "only GET, HEAD and POST are answered\n";
                return Err((StatusCode::METHOD_NOT_ALLOWED, text.to_owned()));
            }
        };
        let is_open = !posts && !is_private(request.uri().path());
        match one(headers, &HeaderName::from_static(FETCH_SITE)) {
            // A link from elsewhere may lead to a page.
            _ if is_open => {}
            Ok(None) | Ok(Some(b"same-origin")) => {}
            _ => return forbidden("this address answers its own pages only"),
        }
        match one(headers, &HeaderName::from_static(TOKEN)) {
            _ if is_open => return Ok(request),
            Ok(Some(given)) if self.token.is(given) => {}
            _ => {
                let text = "this page does not know the secret of this start: open the address that the workbook opened or printed\n";
                return Err((StatusCode::UNAUTHORIZED, text.to_owned()));
            }
        }
        if !posts {
            return Ok(request);
        }
        if !is_json(headers) {
            let text = "the body must be application/json\n";
            return Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, text.to_owned()));
        }
        read_body(request).await
    }

    /// The origin whose host the request names, which must be this server.
    fn origin(&self, request: &Request) -> Result<&Origin, Refusal> {
        let given = one(request.headers(), &HOST);
        let mut known = self.own.iter().chain(&self.named);
        let named = known
            .find(|origin| given == Ok(Some(origin.host.as_bytes())))
            // The first line of a request can name a host too.
            .filter(|origin| request.uri().authority().is_none_or(|a| a == origin.host.as_str()));
        named.map_or_else(|| forbidden(&format!("open {}/ instead; {FORWARDED}", self.main().text)), Ok)
    }

    /// The one under which the reader opens the pages.
    pub fn main(&self) -> &Origin {
        self.named.as_ref().unwrap_or(&self.own[0])
    }
}

/// Tells whether even a look needs the token: the pages are no secret, but what the reader has written is.
fn is_private(path: &str) -> bool {
    path == STATUS || path == EXERCISES || path.starts_with(&format!("{EXERCISES}/"))
}

fn forbidden<T>(text: &str) -> Result<T, Refusal> {
    Err((StatusCode::FORBIDDEN, format!("{text}\n")))
}

/// The value of a header that may occur once; an error if it occurs more often.
fn one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a [u8]>, ()> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (value, None) => Ok(value.map(HeaderValue::as_bytes)),
        _ => Err(()),
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    one(headers, &CONTENT_TYPE).is_ok_and(|value| {
        let value = value.unwrap_or_default().to_ascii_lowercase();
        value == b"application/json" || value == b"application/json; charset=utf-8"
    })
}

/// Reads the body here, so that its limit holds for every route; one that is announced as too large is not read.
async fn read_body(request: Request) -> Result<Request, Refusal> {
    let too_large = || {
        let text = format!("the body must not be larger than {} KiB\n", MAX_BODY >> 10);
        (StatusCode::PAYLOAD_TOO_LARGE, text)
    };
    let (parts, body) = request.into_parts();
    if body.size_hint().lower() > MAX_BODY as u64 {
        return Err(too_large());
    }
    let bytes = to_bytes(body, MAX_BODY).await.map_err(|_| too_large())?;
    Ok(Request::from_parts(parts, Body::from(bytes)))
}

/// What the body of a request says; what it should not say is refused, too.
pub struct Said<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Said<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Said<T>, Refusal> {
        let wrong = |error: &dyn Display| {
            let text = format!("the body is wrong: {error}\n");
            (StatusCode::BAD_REQUEST, text)
        };
        let body = Bytes::from_request(request, state).await;
        let body = body.map_err(|error| wrong(&error))?;
        let said = serde_json::from_slice(&body).map_err(|error| wrong(&error))?;
        Ok(Said(said))
    }
}

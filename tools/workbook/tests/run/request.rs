//! What is heard: the method, the type of the body, its size, and what it says.

use serde_json::json;

use crate::gate::{ROUTES, changed, each_is_refused, refused};
use crate::server::{Ended, Server};

pub fn only_json_is_read(server: &Server) {
    let types: [&[&str]; 7] = [
        &[],
        &["text/plain"],
        &["application/x-www-form-urlencoded"],
        &["multipart/form-data; boundary=x"],
        &["application/jsonp"],
        &["text/plain, application/json"],
        &["application/json", "application/json"],
    ];
    each_is_refused(server, "Content-Type", &types, 415);
    let headers = changed(server, "Content-Type", &["Application/JSON; charset=UTF-8"]);
    assert_eq!(server.post_with("/run", &headers, "{}").status, 400);
}

pub fn a_body_of_more_than_64_kib_is_refused(server: &Server) {
    let body = |size: usize| {
        let rest = size - r#"{"code":"fn main(){}"}"#.len();
        format!("{{\"code\":\"fn main(){{}}{}\"}}", "/".repeat(rest))
    };
    let headers = server.good_headers();
    for route in ROUTES {
        let answer = server.post_with(route, &headers, &body((64 << 10) + 1));
        refused(&answer, 413, route);
    }
    // The length need not be told first.
    let lines: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let head = format!("POST /run HTTP/1.1\r\n{lines}Transfer-Encoding: chunked\r\n");
    let chunk = format!("8000\r\n{}\r\n", "/".repeat(0x8000));
    let answer = server.send(&head, &format!("{chunk}{chunk}{chunk}0\r\n\r\n"));
    refused(&answer, 413, "in chunks");
    let answer = server.post_with("/run", &headers, &body(64 << 10));
    assert_eq!(Ended::of(&answer).why(), "", "64 KiB of comment are a program");
}

pub fn a_body_that_says_something_else_is_refused(server: &Server) {
    let headers = server.good_headers();
    for body in [
        "",
        "{}",
        "[]",
        "null",
        "{\"code\":1}",
        "{\"code\":\"fn main() {}\"",
        "{\"code\":\"fn main() {}\",\"edition\":\"2015\"}",
        "{\"code\":\"fn main() {}\",\"code\":\"fn main() {}\"}",
        "{\"code\":\"fn main() {}\"} {}",
        "code=fn main() {}",
    ] {
        refused(&server.post_with("/run", &headers, body), 400, body);
    }
    for body in [
        "{}",
        "{\"name\":\"run_sample\",\"args\":\"x\"}",
        "{\"name\":\"run_sample\",\"arg\":[]}",
        "{\"name\":\"run_sample\",\"args\":[\"a\\u0000b\"]}",
    ] {
        refused(&server.post_with("/run-example", &headers, body), 400, body);
    }
    for body in ["{}", "{\"run\":\"1\"}", "{\"run\":1,\"all\":true}"] {
        refused(&server.post_with("/stop", &headers, body), 400, body);
    }
    let many = json!({ "name": "run_sample", "args": vec!["x"; 17] });
    refused(&server.post("/run-example", &many), 400, "17 arguments");
    let long = json!({ "name": "run_sample", "args": ["x".repeat(257)] });
    refused(&server.post("/run-example", &long), 400, "a long argument");
}

pub fn other_methods_are_refused(server: &Server) {
    let lines: String = server.good_headers().iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    for method in ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECTED"] {
        for route in ROUTES {
            let answer = server.send(&format!("{method} {route} HTTP/1.1\r\n{lines}Content-Length: 0\r\n"), "");
            refused(&answer, 405, &format!("{method} {route}"));
            assert!(answer.head.contains("allow: "), "{answer:?}");
        }
    }
    for route in ["/run", "/run-example", "/stop"] {
        refused(&server.get(route), 405, route);
    }
    for route in ["/status", "/"] {
        refused(&server.post_with(route, &server.good_headers(), "{}"), 405, route);
    }
    let preflight = format!(
        "OPTIONS /run HTTP/1.1\r\n{}Origin: http://evil.example\r\nAccess-Control-Request-Method: POST\r\n",
        server.host()
    );
    refused(&server.send(&preflight, ""), 403, "the question of another origin");
    let upgrade = format!(
        "GET /run HTTP/1.1\r\n{}Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
        server.host()
    );
    refused(&server.send(&upgrade, ""), 405, "a websocket");
}

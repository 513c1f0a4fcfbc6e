//! Who is heard: every row of the table of protections, with the request that it stops.

use serde_json::json;

use crate::server::{Answer, Server};

pub const ROUTES: [&str; 5] = ["/run", "/run-example", "/stop", "/status", "/"];

const PROGRAM: &str = r#"{"code":"fn main() {}"}"#;

/// A good request with one header line changed; no value takes the line away.
pub fn changed(server: &Server, name: &'static str, values: &[&str]) -> Vec<(&'static str, String)> {
    let mut headers = server.good_headers();
    headers.retain(|(other, _)| *other != name);
    headers.extend(values.iter().map(|value| (name, (*value).to_owned())));
    headers
}

#[track_caller]
pub fn refused(answer: &Answer, status: u16, what: &str) {
    assert_eq!(answer.status, status, "{what}: {answer:?}");
    assert!(!answer.body.contains("\"stream\""), "{what}: {answer:?}");
    assert!(!answer.head.contains("access-control"), "{what}: {answer:?}");
}

/// Sends each change to every route.
pub fn each_is_refused(server: &Server, name: &'static str, changes: &[&[&str]], status: u16) {
    for values in changes {
        let headers = changed(server, name, values);
        for route in ROUTES {
            let answer = server.post_with(route, &headers, PROGRAM);
            refused(&answer, status, &format!("{route} with {name} {values:?}"));
        }
    }
}

pub fn only_this_host_is_answered(server: &Server) {
    let port = server.port;
    let own = format!("127.0.0.1:{port}");
    let hosts: [&[&str]; 8] = [
        &[],
        &["evil.example"],
        &[&format!("evil.example:{port}")],
        &["127.0.0.1"],
        &["localhost:1"],
        &[&format!("127.0.0.1:{port}.evil.example")],
        &[&format!("[::1]:{port}")],
        &[&own, &own],
    ];
    for values in hosts {
        let headers: String = values.iter().map(|host| format!("Host: {host}\r\n")).collect();
        // Without any host, even the protocol is broken.
        let status = if values.is_empty() { 400 } else { 403 };
        for route in ["/", "/one.html", "/status", "/run", "/__reload", "/api/", "/none"] {
            let answer = server.send(&format!("GET {route} HTTP/1.1\r\n{headers}"), "");
            let status = if answer.status == 403 { 403 } else { status };
            refused(&answer, status, &format!("{route} with {values:?}"));
        }
        if !values.is_empty() {
            let headers = changed(server, "Host", values);
            refused(&server.post_with("/run", &headers, PROGRAM), 403, &format!("{values:?}"));
        }
    }
    let other = format!("GET http://evil.example/ HTTP/1.1\r\n{}", server.host());
    refused(&server.send(&other, ""), 403, "the first line names another host");
    let old = server.send("GET / HTTP/1.0\r\n", "");
    refused(&old, 403, "the old protocol without a host");
    for good in [format!("127.0.0.1:{port}"), format!("localhost:{port}")] {
        let answer = server.send(&format!("GET / HTTP/1.1\r\nHost: {good}\r\n"), "");
        assert_eq!(answer.status, 200, "{answer:?}");
    }
}

pub fn only_pages_of_this_origin_may_post(server: &Server) {
    let port = server.port;
    let own = format!("http://127.0.0.1:{port}");
    each_is_refused(
        server,
        "Origin",
        &[
            &[],
            &["null"],
            &["http://evil.example"],
            &[&format!("https://127.0.0.1:{port}")],
            &["http://127.0.0.1:1"],
            &["http://127.0.0.1"],
            // The same machine, but not the host that was asked.
            &[&format!("http://localhost:{port}")],
            &[&format!("{own}.evil.example")],
            &[&own, &own],
        ],
        403,
    );
    let foreign = format!("GET / HTTP/1.1\r\n{}Origin: http://evil.example\r\n", server.host());
    refused(&server.send(&foreign, ""), 403, "a page of another origin reads");
    let mut headers = changed(server, "Origin", &[&format!("http://localhost:{port}")]);
    headers[0].1 = format!("localhost:{port}");
    let answer = server.post_with("/run-example", &headers, "{}");
    assert_eq!(answer.status, 400, "the other name of the server is as good: {answer:?}");
}

pub fn a_fetch_from_another_site_is_refused(server: &Server) {
    each_is_refused(
        server,
        "Sec-Fetch-Site",
        &[&["cross-site"], &["same-site"], &["none"], &["same-origin", "same-origin"]],
        403,
    );
    // What is private is not even read from elsewhere; a page may be linked to.
    for (path, status) in [("/status", 403), ("/", 200)] {
        let headers = changed(server, "Sec-Fetch-Site", &["cross-site"]);
        let lines: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let answer = server.send(&format!("GET {path} HTTP/1.1\r\n{lines}"), "");
        assert_eq!(answer.status, status, "{path}: {answer:?}");
    }
    // Not every client says it.
    let headers = changed(server, "Sec-Fetch-Site", &[]);
    assert_eq!(server.post_with("/run", &headers, "{}").status, 400);
}

pub fn the_token_is_required(server: &Server) {
    let token = server.token.as_str();
    let other = "0".repeat(64);
    let upper = token.to_ascii_uppercase();
    each_is_refused(
        server,
        "X-Workbook-Token",
        &[&[], &[""], &[&other], &[&token[..63]], &[&format!("{token}0")], &[&upper], &[token, token]],
        401,
    );
    // No other way leads in.
    let mut headers = changed(server, "X-Workbook-Token", &[]);
    headers.push(("Cookie", format!("token={token}")));
    headers.push(("Authorization", format!("Bearer {token}")));
    let answer = server.post_with(&format!("/run?token={token}"), &headers, PROGRAM);
    refused(&answer, 401, "the token in other places");
    refused(&server.get("/status"), 401, "the status without the token");
    assert_eq!(server.status()["ready"], true);
}

pub fn the_token_is_in_no_answer(server: &Server) {
    let mut answers: Vec<Answer> = ["/", "/one.html", "/none.html", "/print.html", "/__reload.js", "/book.js", "/run"]
        .iter()
        .map(|path| server.get(path))
        .collect();
    answers.push(server.post("/run", &json!({ "code": 1 })));
    answers.push(server.post("/run-example", &json!({ "name": "none" })));
    for answer in answers {
        let text = format!("{}{}", answer.head, answer.body);
        assert!(!text.contains(&server.token), "{answer:?}");
        assert!(!answer.head.contains("set-cookie"), "{answer:?}");
    }
    assert!(!server.status().to_string().contains(&server.token));
}

pub fn every_answer_has_the_headers(server: &Server) {
    let mut answers: Vec<Answer> = ["/", "/none.html", "/run", "/__reload.js", "/book.js", "/api/none"]
        .iter()
        .map(|path| server.get(path))
        .collect();
    answers.push(server.post("/run", &json!({ "code": "fn main() {}" })));
    answers.push(server.post_with("/run", &[("Host", "evil.example".to_owned())], ""));
    answers.push(server.post_with("/run", &changed(server, "X-Workbook-Token", &[]), ""));
    for answer in answers {
        for header in [
            "x-content-type-options: nosniff",
            "cross-origin-resource-policy: same-origin",
            "cross-origin-opener-policy: same-origin",
            "referrer-policy: no-referrer",
            "cache-control: no-store",
        ] {
            assert_eq!(answer.head.matches(header).count(), 1, "{header}: {answer:?}");
        }
        assert_eq!(answer.head.matches("content-security-policy: default-src 'none'").count(), 1, "{answer:?}");
        for rule in ["frame-ancestors 'none'", "form-action 'none'"] {
            assert!(answer.head.contains(rule), "{rule}: {answer:?}");
        }
        for wish in ["access-control", "set-cookie", "unsafe-eval", "http:", "https:"] {
            assert!(!answer.head.contains(wish), "{wish}: {answer:?}");
        }
    }
    let page = server.get("/one.html");
    let scripts = page.head.split("script-src ").nth(1).expect("a rule for scripts");
    let scripts = scripts.split(';').next().expect("an end of it");
    assert!(scripts.starts_with("'self' 'sha256-"), "{scripts}");
    assert!(!scripts.contains("unsafe"), "{scripts}");
}

pub fn only_the_loopback_address_is_listened_on(server: &Server) {
    let port = format!(":{:04X}", server.port);
    let listening = |table: &str| -> Vec<String> {
        let table = std::fs::read_to_string(table).unwrap_or_default();
        table
            .lines()
            .filter_map(|line| {
                let mut fields = line.split_whitespace().skip(1);
                let (local, _, state) = (fields.next()?, fields.next()?, fields.next()?);
                (local.ends_with(&port) && state == "0A").then(|| local.to_owned())
            })
            .collect()
    };
    assert_eq!(listening("/proc/net/tcp"), [format!("0100007F{port}")]);
    assert_eq!(listening("/proc/net/tcp6"), [""; 0]);
}

pub fn a_named_origin_is_as_good_as_its_own_and_no_other() {
    let server = Server::start_with(|command| {
        command.args(["--no-open", "--port", "0", "--origin", "https://book.example:8443/"]);
    });
    let (named, own) = ("book.example:8443".to_owned(), format!("127.0.0.1:{}", server.port));
    // What is wrong with the body is said to those only who are let in.
    for (host, origin, status) in [
        (&named, "https://book.example:8443", 400),
        (&own, "https://book.example:8443", 400),
        (&own, &*format!("http://{own}"), 400),
        (&named, "http://book.example:8443", 403),
        (&named, &*format!("http://{own}"), 403),
        (&named, "https://book.example", 403),
        (&"book.example".to_owned(), "https://book.example", 403),
        (&"evil.example:8443".to_owned(), "https://evil.example:8443", 403),
    ] {
        let mut headers = changed(&server, "Host", &[host]);
        headers.retain(|(name, _)| *name != "Origin");
        headers.push(("Origin", origin.to_owned()));
        let answer = server.post_with("/run-example", &headers, "{}");
        refused(&answer, status, &format!("{host} and {origin}"));
        if status == 403 {
            assert!(answer.body.contains("cargo run -- --origin https://"), "{answer:?}");
        }
    }
    let page = server.send(&format!("GET / HTTP/1.1\r\nHost: {named}\r\n"), "");
    assert_eq!(page.status, 200, "{page:?}");
}

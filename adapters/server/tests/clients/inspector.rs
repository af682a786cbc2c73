//! MCP Inspector, the TypeScript SDK inside Chromium: each request is preflighted, and what CORS does
//! not let it read looks like a broken network.

use crate::bytes::Answer;
use crate::judge::{assert_nothing, assert_refused};
use crate::site::{HOST, Site};

const PAGE: &str = "http://localhost:6274";

fn request(line: &str, own: &str, body: &str) -> String {
    format!(
        "{line} HTTP/1.1\r\nHost: {HOST}\r\nConnection: keep-alive\r\n{own}\
         User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0.0.0\r\n\
         Accept: */*\r\nOrigin: {PAGE}\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: cors\r\n\
         Sec-Fetch-Dest: empty\r\nReferer: {PAGE}/\r\nAccept-Encoding: gzip, deflate, br\r\n\
         Accept-Language: en-US,en;q=0.9\r\n\r\n{body}"
    )
}

/// What Chromium asks for: the method, and the names of the fields that no page may send unasked.
fn permitted(site: &Site, method: &str, path: &str, fields: &str) -> Answer {
    let own = format!(
        "Access-Control-Request-Method: {method}\r\nAccess-Control-Request-Headers: {fields}\r\n"
    );
    let answer = site.send(&request(&format!("OPTIONS {path}"), &own, ""));
    assert_eq!((answer.status, &*answer.body), (204, ""), "{path}: {answer:?}");
    assert_readable(&answer);
    let list = |name: &str| answer.field(name).unwrap().to_ascii_lowercase();
    let allowed = list("access-control-allow-headers");
    for field in fields.split(',') {
        assert!(allowed.split(", ").any(|it| it == field), "{path}: {allowed}");
    }
    let methods = list("access-control-allow-methods");
    assert!(methods.split(", ").any(|it| it.eq_ignore_ascii_case(method)), "{path}: {methods}");
    answer
}

fn assert_readable(answer: &Answer) {
    assert_eq!(answer.field("access-control-allow-origin"), Some("*"), "{answer:?}");
    assert_eq!(answer.field("access-control-allow-credentials"), None);
    assert_eq!(answer.field("set-cookie"), None);
}

#[test]
fn web_13_inspector_reads_documents_and_that_others_are_not_there() {
    let site = Site::start();
    let version = "MCP-Protocol-Version: 2025-11-25\r\n";
    for (path, status) in [
        ("/.well-known/oauth-protected-resource/mcp", 200),
        ("/.well-known/oauth-protected-resource", 200),
        ("/.well-known/oauth-authorization-server/mcp", 404),
        ("/.well-known/oauth-authorization-server", 200),
        ("/.well-known/openid-configuration/mcp", 404),
        ("/mcp/.well-known/openid-configuration", 404),
    ] {
        permitted(&site, "GET", path, "mcp-protocol-version");
        let answer = site.send(&request(&format!("GET {path}"), version, ""));
        assert_eq!(answer.status, status, "{path}");
        assert_readable(&answer);
        if status == 404 {
            assert_nothing(&answer);
        }
    }
}

/// A failure too, with the challenge that goes with it; and no cookie is set or looked at (DCR-17).
#[test]
fn web_13_inspector_reads_why_it_was_refused() {
    let site = Site::start();
    let cookie = "Cookie: __Host-vestibule-browser=x; session=y\r\n";
    for (path, content_type, body, status, error) in [
        ("/oauth/register", "application/json", "{}", 400, "invalid_client_metadata"),
        ("/oauth/token", "application/x-www-form-urlencoded", "a=b", 401, "invalid_client"),
        ("/oauth/revoke", "application/x-www-form-urlencoded", "a=b", 401, "invalid_client"),
    ] {
        permitted(&site, "POST", path, "authorization,content-type");
        let own = format!(
            "{cookie}Content-Type: {content_type}\r\nAuthorization: Basic eDp5\r\n\
             Content-Length: {}\r\n",
            body.len()
        );
        let answer = site.send(&request(&format!("POST {path}"), &own, body));
        assert_refused(&answer, status, error);
        assert_readable(&answer);
        let exposed = answer.field("access-control-expose-headers").unwrap();
        assert_eq!(exposed.to_ascii_lowercase(), "www-authenticate, retry-after");
        assert_eq!(answer.field("www-authenticate").is_some(), status == 401);
    }
}

#[test]
fn web_13_inspector_cannot_read_a_persons_pages() {
    let site = Site::start();
    for path in ["/oauth/authorize", "/oauth/consent", "/oauth/callback/idp"] {
        let own = "Access-Control-Request-Method: GET\r\n";
        for line in [format!("OPTIONS {path}"), format!("GET {path}")] {
            let answer = site.send(&request(&line, own, ""));
            assert_eq!(answer.field("access-control-allow-origin"), None, "{line}");
        }
    }
}

//! HTTP: repetitions, encodings, sizes, methods, header fields.

use http::{Method, header};
use vestibule_core::{Request, Response};

use crate::expect::{
    DOCUMENTS, EVIL, PAGES, SHARED, assert_redirect, assert_tok, get, local400, redir, refused,
    tok, tok401, until_callback, with_own_resource,
};
use crate::world::{
    APP, Browser, RES, VERIFIER, World, authorize_with, post, query_of, redemption, request, text,
};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
fn encoded(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

#[test]
fn htt_01_an_authorization_request_names_each_parameter_once() {
    let mut world = World::new();
    for (name, value, error) in [
        ("client_id", "P", None),
        ("client_id", "N", None),
        ("redirect_uri", APP, None),
        ("redirect_uri", EVIL, None),
        ("response_type", "code", Some("invalid_request")),
        ("response_type", "token", Some("invalid_request")),
        ("code_challenge", "x", Some("invalid_request")),
        ("code_challenge_method", "S256", Some("invalid_request")),
        ("scope", "mcp:read", Some("invalid_request")),
        ("response_mode", "query", Some("invalid_request")),
        ("provider", "idp", Some("invalid_request")),
        ("state", "S", Some("invalid_request")),
        ("state", "T", Some("invalid_request")),
        // RFC 8707 §2 allows it; here a token is for one resource.
        ("resource", RES, Some("invalid_target")),
    ] {
        let once = authorize_with(&[(name, value)]);
        let twice = format!("{}&{}", once, encoded(&[(name, value)]));
        match error {
            None => drop(local400(&mut world, &twice)),
            // A state that stands there twice has no right answer: it is left out.
            Some(error) if name == "state" => {
                let response = refused(&mut world, get(&twice, ""));
                assert_redirect(&response, APP, error, None);
            }
            Some(error) => drop(redir(&mut world, &twice, error)),
        }
    }
}

/// The form of a redemption with more behind it.
fn redemption_and(code: &str, more: &[(&str, &str)]) -> Request {
    let own = [
        ("grant_type", "authorization_code"),
        ("client_id", "P"),
        ("code", code),
        ("redirect_uri", APP),
        ("code_verifier", VERIFIER),
    ];
    post("/oauth/token", &[&own[..], more].concat(), &[])
}

#[test]
fn htt_02_so_does_a_token_request() {
    let mut world = World::new();
    let code = world.until_code()["code"].clone();
    for (name, value) in [
        ("grant_type", "authorization_code"),
        ("grant_type", "refresh_token"),
        ("client_id", "P"),
        ("client_id", "C"),
        ("code", &*code),
        ("redirect_uri", APP),
        ("code_verifier", VERIFIER),
    ] {
        tok(&mut world, redemption_and(&code, &[(name, value)]), "invalid_request");
    }
    for (name, error) in [
        ("client_secret", "invalid_request"),
        ("refresh_token", "invalid_request"),
        ("scope", "invalid_request"),
        ("resource", "invalid_target"),
    ] {
        tok(&mut world, redemption_and(&code, &[(name, "x"), (name, "x")]), error);
    }
    assert_eq!(world.redeem(&code).status, 200);
}

#[test]
fn htt_03_query_and_body_are_never_put_together() {
    let mut world = World::new();
    let body = |code: &str| {
        encoded(&[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("code_verifier", VERIFIER),
        ]) + "&client_id=P"
    };
    let to = |query: &str, body: &str| {
        request(Method::POST, &format!("/oauth/token?{query}"), &[FORM], body)
    };
    for query in ["client_id=N", "grant_type=refresh_token", "redirect_uri=https://evil.test/cb"] {
        let code = world.until_code()["code"].clone();
        assert_eq!(world.send(to(query, &body(&code))).status, 200, "{query}");
    }
    let code = world.until_code()["code"].clone();
    for query in [format!("code={code}"), "refresh_token=x".to_owned(), "client_secret=x".into()] {
        tok(&mut world, to(&query, &body(&code)), "invalid_request");
    }
    let without = "grant_type=authorization_code&client_id=P";
    tok(&mut world, to(&format!("code_verifier={VERIFIER}"), without), "invalid_request");
    assert_eq!(world.redeem(&code).status, 200);
}

#[test]
fn htt_04_htt_05_what_is_empty_or_unknown_is_not_there() {
    let mut world = World::new();
    let empty = "&scope=&response_mode=&provider=&request=&state=&nonce=&=&&";
    let unknown = "&nonce=1&audience=x&audience=y&a%5B%5D=1&\u{e9}=1".replace('\u{e9}', "%C3%A9");
    let authorize = authorize_with(&[]) + empty + &unknown;
    let said = query_of(&Browser::default().until_redirect(&mut world, &authorize));
    assert_eq!(said["state"], "S");
    let more = [("client_secret", ""), ("scope", ""), ("resource", ""), ("refresh_token", "")];
    let more = [&more[..], &[("audience", "x"), ("audience", "y"), ("", "")]].concat();
    assert_eq!(world.send(redemption_and(&said["code"], &more)).status, 200);
}

#[test]
fn htt_06_htt_07_a_form_is_what_it_says_it_is() {
    let mut world = World::new();
    let code = world.until_code()["code"].clone();
    let form =
        encoded(&[("grant_type", "authorization_code"), ("code", &code), ("client_id", "P")])
            + &format!("&code_verifier={VERIFIER}");
    let json = serde_json::json!({
        "grant_type": "authorization_code",
        "code": code,
        "client_id": "P",
        "code_verifier": VERIFIER,
    })
    .to_string();
    for kind in [
        "application/json",
        "text/plain",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencodedx",
        "text/plain; application/x-www-form-urlencoded",
        "",
    ] {
        for body in [&form, &json] {
            let request = request(Method::POST, "/oauth/token", &[("content-type", kind)], body);
            let response = refused(&mut world, request);
            assert_tok(&response, 415, "invalid_request");
        }
    }
    let response = refused(&mut world, request(Method::POST, "/oauth/token", &[], &form));
    assert_tok(&response, 415, "invalid_request");
    // Nothing at all: nobody says who they are.
    tok401(&mut world, request(Method::POST, "/oauth/token", &[FORM], ""));
    for kind in [
        "application/x-www-form-urlencoded; charset=utf-8",
        "application/x-www-form-urlencoded;charset=UTF-8",
        "Application/X-WWW-Form-URLEncoded",
    ] {
        let mut world = world.clone();
        let request = request(Method::POST, "/oauth/token", &[("content-type", kind)], &form);
        assert_eq!(world.send(request).status, 200, "{kind}");
    }
}

#[test]
fn htt_13_no_answer_has_a_line_more_than_it_should() {
    let mut world = World::new();
    let hostile = "\r\nSet-Cookie: x=1\r\n\r\n<html>";
    let said = world.until_code_with(&[("state", hostile)]);
    assert_eq!(said["state"], hostile);
    let mut all =
        vec![redir(&mut world, &authorize_with(&[("state", hostile), ("request", "x")]), {
            "invalid_request"
        })];
    for name in ["client_id", "redirect_uri", "scope", "resource", "response_type", "provider"] {
        all.push(refused_or_shown(&mut world, &authorize_with(&[(name, hostile)])));
    }
    let (browser, callback) = until_callback(&mut world, &authorize_with(&[("state", hostile)]));
    let error = format!("{}&error={}", callback.split("&code").next().unwrap(), "%0d%0aX:%201");
    all.push(world.send(get(&error, &browser.header())));
    all.push(world.send(redemption(hostile, &[("redirect_uri", hostile)])));
    // `POST /oauth/authorize` becomes a GET with the same text.
    for body in ["client_id=P%0d%0aX:%201", "client_id=P\r\nX: 1", "client_id=P\0", "\u{7f}=1"] {
        all.push(world.send(request(Method::POST, "/oauth/authorize", &[FORM], body)));
    }
    for response in &all {
        for (name, value) in &response.headers {
            let printable = value.as_bytes().iter().all(|byte| (0x20..0x7f).contains(byte));
            assert!(printable, "{name}: {value:?}");
        }
        assert!(!response.headers.contains_key("x"));
        let cookies = response.headers.get_all(header::SET_COOKIE);
        assert!(cookies.iter().all(|cookie| cookie.to_str().unwrap().starts_with("__Host-")));
    }
}

/// RFC 3986 §2: a location is ASCII.
#[test]
fn htt_13_a_posted_authorization_request_is_not_copied_into_a_header_as_it_is() {
    for body in ["client_id=P&x=\u{e9}", "client_id=P&x=\ty", "client_id=P&x=a b"] {
        let mut world = World::new();
        let response = world.send(request(Method::POST, "/oauth/authorize", &[FORM], body));
        if let Some(to) = response.headers.get(header::LOCATION) {
            assert!(to.as_bytes().iter().all(u8::is_ascii_graphic), "{to:?}");
        }
    }
}

fn refused_or_shown(world: &mut World, path_and_query: &str) -> Response {
    let response = world.get(path_and_query);
    assert!([200, 303, 400].contains(&response.status.as_u16()), "{}", text(&response));
    response
}

#[test]
fn htt_15_a_path_is_one_spelling() {
    let mut world = World::new();
    let code = world.until_code()["code"].clone();
    for path in [
        "/oauth/token/",
        "//oauth/token",
        "/oauth//token",
        "/oauth/%74oken",
        "/oauth/token;x",
        "/oauth/TOKEN",
        "/oauth/./token",
        "/x/../oauth/token",
        "/oauth/token%2f",
        "/oauth/token%00",
        "/token",
    ] {
        let form = [("grant_type", "authorization_code"), ("code", &code), ("client_id", "P")];
        let response = refused(
            &mut world,
            post(path, &[&form[..], &[("code_verifier", VERIFIER)]].concat(), &[]),
        );
        assert_tok(&response, 404, "invalid_request");
        assert!(!world.server.serves(path), "{path}");
    }
    assert_eq!(world.redeem(&code).status, 200);
}

#[test]
fn htt_19_another_method_is_refused_with_those_that_are_not() {
    let mut world = with_own_resource();
    for path in DOCUMENTS.into_iter().chain(SHARED).chain(PAGES) {
        for method in ["PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "PROPFIND", "get", "HEAD", {
            if DOCUMENTS.contains(&path) || PAGES[1..].contains(&path) { "POST" } else { "X" }
        }] {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let served = match path {
                _ if DOCUMENTS.contains(&path) || path == PAGES[0] => method == Method::HEAD,
                _ => path == PAGES[1] && method == Method::POST,
            };
            if served {
                continue;
            }
            let response = refused(&mut world, request(method.clone(), path, &[], ""));
            assert_eq!(response.status, 405, "{method} {path}");
            let allow = response.headers[header::ALLOW].to_str().unwrap();
            assert!(!allow.split(", ").any(|allowed| allowed == method.as_str()), "{allow}");
        }
    }
    for path in DOCUMENTS {
        let head = world.send(request(Method::HEAD, path, &[], ""));
        assert_eq!((head.status.as_u16(), head.body.len()), (200, 0), "{path}");
    }
}

#[test]
fn htt_18_a_compressed_body_is_not_opened() {
    let mut world = World::new();
    let code = world.until_code()["code"].clone();
    let form =
        encoded(&[("grant_type", "authorization_code"), ("code", &code), ("client_id", "P")])
            + &format!("&code_verifier={VERIFIER}");
    for coding in ["gzip", "identity, gzip", "br", "x", ""] {
        for path in ["/oauth/token", "/oauth/revoke", "/oauth/register"] {
            let headers = [FORM, ("content-encoding", coding)];
            let response = refused(&mut world, request(Method::POST, path, &headers, &form));
            assert_tok(&response, 415, "invalid_request");
            assert_eq!(response.headers[header::ACCEPT_ENCODING], "identity", "{path} {coding}");
        }
    }
    let headers = [FORM, ("content-encoding", "Identity")];
    assert_eq!(world.send(request(Method::POST, "/oauth/token", &headers, &form)).status, 200);
}

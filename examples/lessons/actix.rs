//! `actix.rs`, with a Google that is played here.

use oauth2::http::request::Builder;
use oauth2::http::{Request, StatusCode};
use serde_json::json;

use super::providers::Providers;
use super::visit::{Visit, json, parameter};
use super::{in_the_background, socket};
use crate::actix::{config, serve};

/// Starts the example.
fn visit() -> (Visit, String) {
    let (listener, origin) = socket();
    let google = Providers::start().google();
    let config = config(&origin, &"s".repeat(32), &"j".repeat(32), google).unwrap();
    in_the_background(|| async { serve(listener, config).unwrap().await.unwrap() });
    (Visit::to(&origin), origin)
}

fn post() -> Builder {
    Request::builder().method("POST")
}

#[test]
fn a_token_lets_its_holder_do_what_was_allowed() {
    let (visit, _) = visit();
    let token = visit.sign_in("/notes", "notes:read notes:write", "google").access;
    let read = visit.get("/notes", &token);
    assert_eq!(read.status(), StatusCode::OK);
    assert_eq!(read.body(), b"the notes of google:583231");
    let written = visit.send(post(), "/notes", &token, "milk");
    assert_eq!(written.status(), StatusCode::CREATED);
    assert_eq!(written.body(), b"google:583231 noted: milk");
}

#[test]
fn what_was_not_allowed_is_answered_with_what_to_ask_for() {
    let (visit, _) = visit();
    for (granted, missing, get, post) in
        [("notes:read", "notes:write", 200, 403), ("notes:write", "notes:read", 403, 201)]
    {
        let token = visit.sign_in("/notes", granted, "google").access;
        let answers = [visit.get("/notes", &token), visit.send(self::post(), "/notes", &token, "")];
        assert_eq!(answers.each_ref().map(|it| it.status().as_u16()), [get, post]);
        let refused = answers.iter().find(|it| it.status() == StatusCode::FORBIDDEN).unwrap();
        assert_eq!(parameter(refused, "error"), "insufficient_scope");
        assert_eq!(parameter(refused, "scope"), missing);
        assert_eq!(json(refused)["error"], "insufficient_scope");
    }
}

#[test]
fn without_a_token_the_metadata_is_told() {
    let (visit, origin) = visit();
    for token in ["", "made-up"] {
        let refused = visit.get("/notes", token);
        assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
        let url = parameter(&refused, "resource_metadata");
        assert_eq!(url, format!("{origin}/.well-known/oauth-protected-resource/notes"));
        let resource = visit.document(&url);
        assert_eq!(resource["resource"], format!("{origin}/notes"));
        assert_eq!(resource["authorization_servers"], json!([origin]));
        assert_eq!(resource["scopes_supported"], json!(["notes:read", "notes:write"]));
    }
}

#[test]
fn scripts_of_other_sites_may_ask_and_read() {
    let (visit, _) = visit();
    let preflight = Request::builder()
        .method("OPTIONS")
        .header("origin", "https://app.test")
        .header("access-control-request-method", "POST");
    let preflight = visit.send(preflight, "/notes", "", "");
    assert_eq!(preflight.status(), StatusCode::NO_CONTENT);
    assert_eq!(preflight.headers()["access-control-allow-origin"], "*");
    let token = visit.sign_in("/notes", "", "google").access;
    for token in ["", &token] {
        let answer = visit.get("/notes", token);
        let may: Vec<_> = answer.headers().get_all("access-control-allow-origin").iter().collect();
        assert_eq!(may, ["*"]);
        let read = answer.headers()["access-control-expose-headers"].to_str().unwrap();
        assert!(read.contains("WWW-Authenticate"));
    }
}

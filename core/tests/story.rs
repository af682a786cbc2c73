//! Every message of one sign-in: discovery, registration, sign-in, tokens, refresh,
//! revocation.
//!
//! The snapshot is the wire as a person reads it. A change of it is a change of the wire: review it
//! as one.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests say so when something is wrong")]

mod world;

use std::collections::BTreeMap;
use std::fmt::Write;

use http::Method;
use serde_json::{Value, json};
use vestibule_core::Response;

use world::browser::{callback_of, form_of};
use world::{Browser, CHALLENGE, RES, VERIFIER, World, json_of, location, request, text};

struct Story {
    world: World,
    browser: Browser,
    told: String,
}

impl Story {
    /// Sends a request and writes both down.
    fn tell(
        &mut self,
        title: &str,
        method: Method,
        uri: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Response {
        let cookies = self.browser.header();
        let mut headers = headers.to_vec();
        if !cookies.is_empty() {
            headers.push(("cookie", &cookies));
        }
        writeln!(self.told, "## {title}\n\n{method} {uri}").unwrap();
        for (name, value) in &headers {
            writeln!(self.told, "{name}: {value}").unwrap();
        }
        if !body.is_empty() {
            writeln!(self.told, "\n{}", in_order(body)).unwrap();
        }
        let calls = self.world.upstream.calls.len();
        let response = self.world.send(request(method, uri, &headers, body));
        for call in &self.world.upstream.calls[calls..] {
            writeln!(self.told, "\n    asks upstream: {call}").unwrap();
        }
        writeln!(self.told, "\n{}", response.status).unwrap();
        for (name, value) in &response.headers {
            writeln!(self.told, "{name}: {}", value.to_str().unwrap()).unwrap();
        }
        writeln!(self.told, "\n{}\n", in_order(&text(&response))).unwrap();
        self.browser.keep(&response);
        response
    }

    fn tell_form(&mut self, title: &str, uri: &str, form: &[(&str, &str)]) -> Response {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let form = [("content-type", "application/x-www-form-urlencoded")];
        self.tell(title, Method::POST, uri, &form, &body)
    }
}

#[test]
fn every_message_of_a_sign_in_is_stable() {
    let mut story = Story { world: World::new(), browser: Browser::default(), told: String::new() };

    let metadata = "/.well-known/oauth-authorization-server";
    story.tell("The client reads the metadata", Method::GET, metadata, &[], "");
    let jwks = "/.well-known/jwks.json";
    story.tell("The resource reads the keys", Method::GET, jwks, &[], "");

    let registration = json!({
        "client_name": "Story",
        "redirect_uris": ["http://127.0.0.1/cb"],
        "token_endpoint_auth_method": "none",
    });
    let json = [("content-type", "application/json")];
    let registered = story.tell(
        "The client registers",
        Method::POST,
        "/oauth/register",
        &json,
        &registration.to_string(),
    );
    let client_id = json_of(&registered)["client_id"].as_str().unwrap().to_owned();

    let redirect_uri = "http://127.0.0.1:49152/cb";
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("response_type", "code")
        .append_pair("client_id", &client_id)
        .append_pair("redirect_uri", redirect_uri)
        .append_pair("code_challenge", CHALLENGE)
        .append_pair("code_challenge_method", "S256")
        .append_pair("state", "the client's state")
        .append_pair("resource", RES)
        .finish();
    let authorize = format!("/oauth/authorize?{query}");
    let page = story.tell("The client sends the person here", Method::GET, &authorize, &[], "");
    let form = form_of(&page);
    let upstream = story.tell_form(
        "The person agrees and chooses a provider",
        "/oauth/consent",
        &[("form", &form), ("provider", "idp")],
    );
    let callback = callback_of(location(&upstream.headers).unwrap(), &[("code", "upstream-code")]);
    let back = story.tell("The person comes back signed in", Method::GET, &callback, &[], "");
    let code = world::query_of(location(&back.headers).unwrap())["code"].clone();

    story.browser = Browser::default();
    let tokens = story.tell_form(
        "The client redeems the code",
        "/oauth/token",
        &[
            ("grant_type", "authorization_code"),
            ("client_id", &client_id),
            ("code", &code),
            ("redirect_uri", redirect_uri),
            ("code_verifier", VERIFIER),
            ("resource", RES),
        ],
    );
    let tokens = json_of(&tokens);
    story.told.push_str("    the access token says: ");
    let claims = world::claims_of(tokens["access_token"].as_str().unwrap());
    story.told.push_str(&in_order(&claims.to_string()));
    story.told.push_str("\n\n");
    story.world.pass(600);
    let refreshed = story.tell_form(
        "Ten minutes later the client refreshes",
        "/oauth/token",
        &[
            ("grant_type", "refresh_token"),
            ("client_id", &client_id),
            ("refresh_token", tokens["refresh_token"].as_str().unwrap()),
        ],
    );
    let refreshed = json_of(&refreshed);
    story.tell_form(
        "The client revokes",
        "/oauth/revoke",
        &[("client_id", &client_id), ("token", refreshed["refresh_token"].as_str().unwrap())],
    );
    story.tell_form(
        "What was revoked is dead",
        "/oauth/token",
        &[
            ("grant_type", "refresh_token"),
            ("client_id", &client_id),
            ("refresh_token", refreshed["refresh_token"].as_str().unwrap()),
        ],
    );
    writeln!(story.told, "## What happened\n").unwrap();
    for event in &story.world.events {
        writeln!(story.told, "{event:?}").unwrap();
    }
    insta::assert_snapshot!(story.told);
}

#[test]
fn the_same_seed_and_clock_tell_the_same_story() {
    let code = || World::new().until_code()["code"].clone();
    assert_eq!(code(), code());
}

/// JSON with its members by name, anything else as it is. Their order means nothing (RFC 8259 §1), and
/// another crate of the workspace may have serde_json keep the one in which they were written.
fn in_order(text: &str) -> String {
    fn sorted(value: Value) -> Value {
        if let Value::Object(members) = value {
            let members: BTreeMap<_, _> = members.into_iter().collect();
            Value::Object(members.into_iter().map(|(name, it)| (name, sorted(it))).collect())
        } else if let Value::Array(items) = value {
            Value::Array(items.into_iter().map(sorted).collect())
        } else {
            value
        }
    }
    serde_json::from_str(text).map_or_else(|_| text.to_owned(), |value| sorted(value).to_string())
}

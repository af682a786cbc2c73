//! The TypeScript SDK, version 1.32, on Node.js: `auth()` of `client/auth.ts`. Its schemas (zod) refuse
//! `null` anywhere; it knows neither `application_type` nor `iss`.

use serde_json::{Value, json};

use crate::bytes::Answer;
use crate::judge::{
    Registered, assert_nothing, assert_refused, document, metadata, registered, text, tokens,
};
use crate::libraries::{form, node};
use crate::site::{MCP, SCOPES, STATE, Site, basic, challenge, path};

const BACK: &str = "http://localhost:8090/callback";
/// As long as `pkce-challenge` makes them.
const VERIFIER: &str = "0Xb6mkaeNVjQ~uJq3PCnKpTQYmE8_7vAYFWv.wlj-UA";
const VERSION: (&str, &str) = ("mcp-protocol-version", "2025-11-25");

pub(crate) fn get(site: &Site, path: &str) -> Answer {
    site.send(&node(&format!("GET {path}"), &[VERSION], None))
}

pub(crate) fn register(site: &Site, server: &Value, metadata: &Value) -> Registered {
    let line = format!("POST {}", path(&text(server, "registration_endpoint")));
    let json = [("content-type", "application/json")];
    let answer = site.send(&node(&line, &json, Some(&metadata.to_string())));
    registered(&answer, metadata)
}

/// Both header fields are its own; `authorization` stands behind them.
pub(crate) fn token(
    site: &Site,
    server: &Value,
    pairs: &[(&str, &str)],
    authorization: Option<&str>,
) -> Answer {
    let line = format!("POST {}", path(&text(server, "token_endpoint")));
    let own =
        [("content-type", "application/x-www-form-urlencoded"), ("accept", "application/json")];
    let own: Vec<_> =
        own.into_iter().chain(authorization.map(|value| ("authorization", value))).collect();
    site.send(&node(&line, &own, Some(&form(pairs))))
}

/// `selectClientAuthMethod`: what the registration was answered with, where the server lists it; else
/// the first that it can do of those that are listed.
fn method<'a>(server: &'a Value, client: &'a Registered) -> &'a str {
    let listed = server["token_endpoint_auth_methods_supported"].as_array();
    let listed: Vec<_> = listed.into_iter().flatten().filter_map(Value::as_str).collect();
    let lists = |method: &str| listed.contains(&method);
    let answered = client.answer["token_endpoint_auth_method"].as_str();
    if let Some(answered) = answered.filter(|method| listed.is_empty() || lists(method)) {
        return answered;
    }
    match &client.secret {
        Some(_) if listed.is_empty() || lists("client_secret_basic") => "client_secret_basic",
        Some(_) if lists("client_secret_post") || !lists("none") => "client_secret_post",
        Some(_) | None => "none",
    }
}

/// A request to the token endpoint as a client that registered, by the method that it chooses.
pub(crate) fn token_as(
    site: &Site,
    server: &Value,
    client: &Registered,
    pairs: &[(&str, &str)],
) -> Answer {
    let mut pairs = pairs.to_vec();
    let secret = client.secret.as_deref();
    match (method(server, client), secret) {
        ("client_secret_basic", Some(secret)) => {
            token(site, server, &pairs, Some(&basic(&client.id, secret)))
        }
        ("client_secret_post", Some(secret)) => {
            pairs.extend([("client_id", &*client.id), ("client_secret", secret)]);
            token(site, server, &pairs, None)
        }
        ("none", _) => {
            pairs.push(("client_id", &client.id));
            token(site, server, &pairs, None)
        }
        (method, secret) => panic!("{method} with {secret:?}"),
    }
}

fn client_metadata(method: &str) -> Value {
    json!({
        "client_name": "Simple OAuth MCP Client",
        "redirect_uris": [BACK],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": method,
        "scope": SCOPES,
    })
}

fn asked(id: &str, resource: Option<&str>) -> String {
    let challenge = challenge(VERIFIER);
    let mut pairs = vec![
        ("response_type", "code"),
        ("client_id", id),
        ("code_challenge", &*challenge),
        ("code_challenge_method", "S256"),
        ("redirect_uri", BACK),
        ("state", STATE),
        ("scope", SCOPES),
    ];
    pairs.extend(resource.map(|resource| ("resource", resource)));
    form(&pairs)
}

/// Each method that it knows: the id alone, a secret in the body, a secret in the header as it is.
#[test]
fn typescript_v1_connects_by_each_method() {
    for asked_for in ["none", "client_secret_post", "client_secret_basic"] {
        let site = Site::start();
        let resource = document(&get(&site, "/.well-known/oauth-protected-resource/mcp"));
        assert_eq!(resource["resource"], MCP);
        let server = text(&json!({ "it": resource["authorization_servers"][0] }), "it");
        let well_known = format!("{server}/.well-known/oauth-authorization-server");
        let server = metadata(&get(&site, path(&well_known)), &site);
        let client = register(&site, &server, &client_metadata(asked_for));
        assert_eq!(method(&server, &client), asked_for);
        // zod: `redirect_uris` is an array of the answer.
        assert!(client.answer["redirect_uris"].is_array(), "{}", client.answer);
        let endpoint = text(&server, "authorization_endpoint");
        let back = site.signed_in(&endpoint, &asked(&client.id, Some(MCP)), BACK);

        let first = [
            ("grant_type", "authorization_code"),
            ("code", &*back.code),
            ("code_verifier", VERIFIER),
            ("redirect_uri", BACK),
            ("resource", MCP),
        ];
        let first = tokens(&token_as(&site, &server, &client, &first), MCP, SCOPES);
        let refreshing = [
            ("grant_type", "refresh_token"),
            ("refresh_token", &*text(&first, "refresh_token")),
            ("resource", MCP),
        ];
        tokens(&token_as(&site, &server, &client, &refreshing), MCP, SCOPES);
    }
}

/// A resource of 2025-03-26 that says nothing of itself: its path, its root, then the origin is the
/// server; and no `resource` anywhere.
#[test]
fn typescript_v1_takes_the_origin_where_the_resource_says_nothing() {
    const ELSEWHERE: &str = "https://mcp.example.com/mcp";
    let site = Site::of("https://auth.example.com", ELSEWHERE, "");
    assert_nothing(&get(&site, "/.well-known/oauth-protected-resource/mcp"));
    assert_nothing(&get(&site, "/.well-known/oauth-protected-resource"));
    let server = metadata(&get(&site, "/.well-known/oauth-authorization-server"), &site);
    let client = register(&site, &server, &client_metadata("none"));
    let endpoint = text(&server, "authorization_endpoint");
    let back = site.signed_in(&endpoint, &asked(&client.id, None), BACK);
    let pairs = [
        ("grant_type", "authorization_code"),
        ("code", &*back.code),
        ("code_verifier", VERIFIER),
        ("redirect_uri", BACK),
    ];
    tokens(&token_as(&site, &server, &client, &pairs), ELSEWHERE, SCOPES);
}

/// It wipes all that it has and registers once more on this status and code.
#[test]
fn typescript_v1_registers_again_when_its_client_is_unknown() {
    let site = Site::start();
    let server = metadata(&get(&site, "/.well-known/oauth-authorization-server"), &site);
    let pairs = [("grant_type", "refresh_token"), ("refresh_token", "vrt1_x"), ("resource", MCP)];
    let by_id = [&pairs[..], &[("client_id", "a-client-of-long-ago")]].concat();
    let header = basic("a-client-of-long-ago", "its-secret");
    for (pairs, header) in [(&by_id[..], None), (&pairs, Some(&*header))] {
        let refused = assert_refused(&token(&site, &server, pairs, header), 401, "invalid_client");
        assert_eq!(refused["registration_endpoint"], server["registration_endpoint"]);
    }
    register(&site, &server, &client_metadata("none"));
}

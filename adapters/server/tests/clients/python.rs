//! The Python SDK, mcp 2.3, over httpx: registers without a method and does what the answer says,
//! percent-encodes its credentials, and sends the id in the body too.

use serde_json::{Value, json};

use crate::bytes::Answer;
use crate::judge::{assert_nothing, document, metadata, registered, text, tokens};
use crate::libraries::{httpx, quote, urlencode};
use crate::site::{MCP, SCOPES, STATE, Site, basic, challenge, path};

const BACK: &str = "http://localhost:3030/callback";
const VERSION: (&str, &str) = ("MCP-Protocol-Version", "2025-11-25");

fn get(site: &Site, path: &str) -> Answer {
    site.send(&httpx(&format!("GET {path}"), &[VERSION], None))
}

fn token(site: &Site, server: &Value, pairs: &[(&str, &str)], authorization: &str) -> Answer {
    site.send(&to_token(server, pairs, authorization))
}

fn to_token(server: &Value, pairs: &[(&str, &str)], authorization: &str) -> String {
    let line = format!("POST {}", path(&text(server, "token_endpoint")));
    let own =
        [("Content-Type", "application/x-www-form-urlencoded"), ("Authorization", authorization)];
    httpx(&line, &own, Some(&urlencode(pairs)))
}

fn client_metadata() -> Value {
    json!({
        "redirect_uris": [BACK],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "scope": SCOPES,
        "client_name": "Simple Auth Client",
        "application_type": "native",
    })
}

/// With a verifier of the full 128 characters; a refresh ahead of time, and a second one with the same
/// token at once, of which neither may fail.
#[test]
fn python_connects_and_refreshes() {
    let site = Site::start();
    // Where the path says nothing it would go on to the root.
    assert_nothing(&get(&site, "/.well-known/oauth-protected-resource/other"));
    document(&get(&site, "/.well-known/oauth-protected-resource"));
    let resource = document(&get(&site, "/.well-known/oauth-protected-resource/mcp"));
    let server = metadata(&get(&site, "/.well-known/oauth-authorization-server"), &site);
    assert_eq!(resource["authorization_servers"][0], server["issuer"]);
    let scopes: Vec<_> = server["scopes_supported"].as_array().unwrap().iter().collect();
    assert_eq!(scopes, ["mcp:read", "mcp:write"]);

    let line = format!("POST {}", path(&text(&server, "registration_endpoint")));
    let sent = client_metadata();
    let json = [("Content-Type", "application/json")];
    let client = registered(&site.send(&httpx(&line, &json, Some(&sent.to_string()))), &sent);
    // Without a method in the answer it would send no secret.
    assert_eq!(client.answer["token_endpoint_auth_method"], "client_secret_basic");

    let verifier = "-._~0aZ9".repeat(16);
    let query = urlencode(&[
        ("response_type", "code"),
        ("client_id", &client.id),
        ("redirect_uri", BACK),
        ("state", STATE),
        ("code_challenge", &challenge(&verifier)),
        ("code_challenge_method", "S256"),
        ("resource", MCP),
        ("scope", "mcp:read mcp:write offline_access"),
        ("prompt", "consent"),
    ]);
    let back = site.signed_in(&text(&server, "authorization_endpoint"), &query, BACK);
    assert_eq!(back.iss, server["issuer"]);
    let secret = client.secret.unwrap();
    let authorization = basic(&quote(&client.id), &quote(&secret));
    let pairs = [
        ("grant_type", "authorization_code"),
        ("code", &*back.code),
        ("redirect_uri", BACK),
        ("client_id", &*client.id),
        ("code_verifier", &*verifier),
        ("resource", MCP),
    ];
    let first = tokens(&token(&site, &server, &pairs, &authorization), MCP, SCOPES);
    let pairs = [
        ("grant_type", "refresh_token"),
        ("refresh_token", &*text(&first, "refresh_token")),
        ("client_id", &*client.id),
        ("resource", MCP),
    ];
    let both = site.at_once(["203.0.113.5"; 2], &to_token(&server, &pairs, &authorization));
    let [one, other] = both.map(|answer| tokens(&answer, MCP, SCOPES));
    assert_eq!(one["refresh_token"], other["refresh_token"]);
}

/// An operator's client, whose credentials look different when they are quoted.
#[test]
fn python_quotes_what_it_was_given() {
    const ID: &str = "my/app";
    const SECRET: &str = "s3cret/with+signs=&%";
    let client =
        format!("[[client]]\nid = \"{ID}\"\nsecret = \"{SECRET}\"\nredirect_uris = [\"{BACK}\"]\n");
    let site = Site::of("https://auth.example.com", MCP, &client);
    let server = metadata(&get(&site, "/.well-known/oauth-authorization-server"), &site);
    let verifier = "~".repeat(43);
    let query = urlencode(&[
        ("response_type", "code"),
        ("client_id", ID),
        ("redirect_uri", BACK),
        ("state", STATE),
        ("code_challenge", &challenge(&verifier)),
        ("code_challenge_method", "S256"),
        ("resource", MCP),
        ("scope", SCOPES),
    ]);
    let back = site.signed_in(&text(&server, "authorization_endpoint"), &query, BACK);
    let pairs = [
        ("grant_type", "authorization_code"),
        ("code", &*back.code),
        ("redirect_uri", BACK),
        ("client_id", ID),
        ("code_verifier", &*verifier),
        ("resource", MCP),
    ];
    let authorization = basic(&quote(ID), &quote(SECRET));
    tokens(&token(&site, &server, &pairs, &authorization), MCP, SCOPES);
}

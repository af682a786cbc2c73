//! The Rust SDK, rmcp 3.11 over oauth2 and reqwest: tries one address more than others, goes over to
//! Basic as soon as it is given a secret, and signs in again on `invalid_grant` only.

use serde_json::{Value, json};

use crate::bytes::Answer;
use crate::judge::{assert_nothing, assert_refused, document, metadata, registered, text, tokens};
use crate::libraries::{form, reqwest};
use crate::site::{SCOPES, STATE, Site, challenge, path};

const TENANT: &str = "https://auth.example.com/tenant1";
const MCP: &str = "https://auth.example.com/tenant1/mcp";
const BACK: &str = "http://127.0.0.1:8080/callback";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const VERSION: (&str, &str) = ("mcp-protocol-version", "2025-11-25");

pub(crate) fn get(site: &Site, path: &str) -> Answer {
    site.send(&reqwest(&format!("GET {path}"), &[VERSION], None))
}

pub(crate) fn post(
    site: &Site,
    url: &str,
    pairs: &[(&str, &str)],
    authorization: Option<&str>,
) -> Answer {
    let mut own =
        vec![("accept", "application/json"), ("content-type", "application/x-www-form-urlencoded")];
    own.extend(authorization.map(|value| ("authorization", value)));
    site.send(&reqwest(&format!("POST {}", path(url)), &own, Some(&form(pairs))))
}

fn client_metadata() -> Value {
    json!({
        "client_name": "rmcp",
        "redirect_uris": [BACK],
        "grant_types": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_method": "none",
        "response_types": ["code"],
        "scope": SCOPES,
        "application_type": "native",
    })
}

#[test]
fn rmcp_connects_to_an_issuer_with_a_path() {
    let site = Site::of(TENANT, MCP, "");
    // By the path behind the well-known string, below the path, at the root.
    assert_nothing(&get(&site, "/tenant1/mcp/.well-known/oauth-protected-resource"));
    document(&get(&site, "/.well-known/oauth-protected-resource"));
    let resource = document(&get(&site, "/.well-known/oauth-protected-resource/tenant1/mcp"));
    assert_eq!(resource["resource"], MCP);
    let server = metadata(&get(&site, "/.well-known/oauth-authorization-server/tenant1"), &site);
    // What another issuer would say at the last of these stops it for good.
    for path in [
        "/.well-known/openid-configuration/tenant1",
        "/tenant1/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server",
    ] {
        assert_nothing(&get(&site, path));
    }

    let sent = client_metadata();
    let line = format!("POST {}", path(&text(&server, "registration_endpoint")));
    let json = [("content-type", "application/json")];
    let client = registered(&site.send(&reqwest(&line, &json, Some(&sent.to_string()))), &sent);
    let query = form(&[
        ("response_type", "code"),
        ("client_id", &client.id),
        ("state", STATE),
        ("code_challenge", &challenge(VERIFIER)),
        ("code_challenge_method", "S256"),
        ("redirect_uri", BACK),
        ("scope", "mcp:read mcp:write offline_access"),
        ("resource", MCP),
    ]);
    let back = site.signed_in(&text(&server, "authorization_endpoint"), &query, BACK);
    assert_eq!(back.iss, TENANT);
    let endpoint = text(&server, "token_endpoint");
    let pairs = [
        ("grant_type", "authorization_code"),
        ("code", &*back.code),
        ("code_verifier", VERIFIER),
        ("client_id", &*client.id),
        ("redirect_uri", BACK),
        ("resource", MCP),
    ];
    let first = tokens(&post(&site, &endpoint, &pairs, None), MCP, SCOPES);
    let refresh_token = text(&first, "refresh_token");
    let pairs = [
        ("grant_type", "refresh_token"),
        ("refresh_token", &*refresh_token),
        ("client_id", &*client.id),
        ("resource", MCP),
    ];
    let second = tokens(&post(&site, &endpoint, &pairs, None), MCP, SCOPES);
    // oauth2 reads a whole number of seconds, close to the first answer's.
    let seconds = |tokens: &Value| tokens["expires_in"].as_u64().unwrap();
    assert!(seconds(&second) <= 900 && seconds(&second) + 60 > seconds(&first));

    let revoking = [("token", &*text(&second, "refresh_token")), ("client_id", &*client.id)];
    let revoked = post(&site, &text(&server, "revocation_endpoint"), &revoking, None);
    assert_eq!((revoked.status, &*revoked.body), (200, ""));
    assert_refused(&post(&site, &endpoint, &pairs, None), 400, "invalid_grant");
}

//! ChatGPT, with a callback of its own for each connector, and Codex, which sends Basic whatever its
//! registration was answered with.

use serde_json::json;

use crate::judge::{assert_refused, document, metadata, registered, text, tokens};
use crate::libraries::{form, httpx, reqwest, urlencode};
use crate::rmcp::{get, post};
use crate::site::{MCP, SCOPES, STATE, Site, basic, challenge, path};

const CONNECTORS: [&str; 2] = [
    "https://chatgpt.com/connector/oauth/aBcD1234",
    "https://chatgpt.com/connector/oauth/eFgH5678",
];
const VERIFIER: &str = "Zk9jH2sD_6fGaQ-1wErTyUiOpLmNbVcXz4KjHgFdS7a";

#[test]
fn chatgpt_connects_with_a_registration_for_each_connector() {
    let site = Site::start();
    let own = [("Accept", "application/json")];
    let get = |method: &str, path: &str| site.send(&httpx(&format!("{method} {path}"), &own, None));
    // Whether it is there at all.
    let head = get("HEAD", "/.well-known/oauth-authorization-server");
    assert_eq!((head.status, head.field("content-type")), (200, Some("application/json")));
    let resource = document(&get("GET", "/.well-known/oauth-protected-resource/mcp"));
    assert_eq!(resource["resource"], MCP);
    let server = metadata(&get("GET", "/.well-known/oauth-authorization-server"), &site);
    assert_eq!(server["grant_types_supported"], json!(["authorization_code", "refresh_token"]));
    let post = |name: &str, content_type: &str, body: &str| {
        let line = format!("POST {}", path(&text(&server, name)));
        site.send(&httpx(&line, &[("Content-Type", content_type)], Some(body)))
    };
    let token = |pairs: &[(&str, &str)]| {
        post("token_endpoint", "application/x-www-form-urlencoded", &urlencode(pairs))
    };
    for (back, other) in [(CONNECTORS[0], CONNECTORS[1]), (CONNECTORS[1], CONNECTORS[0])] {
        let sent = json!({
            "client_name": "ChatGPT",
            "redirect_uris": [back],
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": "none",
        });
        let answer = post("registration_endpoint", "application/json", &sent.to_string());
        let client = registered(&answer, &sent);
        let asked = |back: &str| {
            urlencode(&[
                ("response_type", "code"),
                ("client_id", &client.id),
                ("redirect_uri", back),
                ("scope", SCOPES),
                ("state", STATE),
                ("code_challenge", &challenge(VERIFIER)),
                ("code_challenge_method", "S256"),
                ("resource", MCP),
            ])
        };
        let endpoint = text(&server, "authorization_endpoint");
        assert!(site.is_error_page(&endpoint, &asked(other)));
        let code = site.signed_in(&endpoint, &asked(back), back).code;
        let first = token(&[
            ("grant_type", "authorization_code"),
            ("client_id", &client.id),
            ("code", &code),
            ("redirect_uri", back),
            ("code_verifier", VERIFIER),
            ("resource", MCP),
        ]);
        let first = tokens(&first, MCP, SCOPES);
        let second = token(&[
            ("grant_type", "refresh_token"),
            ("client_id", &client.id),
            ("refresh_token", &text(&first, "refresh_token")),
            ("resource", MCP),
        ]);
        tokens(&second, MCP, SCOPES);
        let machine = token(&[("grant_type", "client_credentials"), ("client_id", &client.id)]);
        assert_refused(&machine, 400, "unsupported_grant_type");
    }
}

#[test]
fn codex_sends_basic_after_it_was_told_post() {
    const BACK: &str = "http://127.0.0.1:1455/callback";
    let site = Site::start();
    document(&get(&site, "/.well-known/oauth-protected-resource/mcp"));
    let server = metadata(&get(&site, "/.well-known/oauth-authorization-server"), &site);
    let sent = json!({
        "client_name": "Codex",
        "redirect_uris": [BACK],
        "grant_types": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_method": "client_secret_post",
        "response_types": ["code"],
    });
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
        ("scope", SCOPES),
        ("resource", MCP),
    ]);
    let code = site.signed_in(&text(&server, "authorization_endpoint"), &query, BACK).code;
    let authorization = basic(&client.id, &client.secret.unwrap());
    let endpoint = text(&server, "token_endpoint");
    let pairs = [
        ("grant_type", "authorization_code"),
        ("code", &*code),
        ("code_verifier", VERIFIER),
        ("redirect_uri", BACK),
        ("resource", MCP),
    ];
    let first = tokens(&post(&site, &endpoint, &pairs, Some(&authorization)), MCP, SCOPES);
    let pairs =
        [("grant_type", "refresh_token"), ("refresh_token", &*text(&first, "refresh_token"))];
    tokens(&post(&site, &endpoint, &pairs, Some(&authorization)), MCP, SCOPES);
}

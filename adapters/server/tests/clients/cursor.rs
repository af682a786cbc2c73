//! Cursor, the TypeScript SDK in Electron: three redirect URIs in one registration, one of them of a
//! scheme of its own. It connects only if all of them are registered.

use serde_json::{Value, json};

use crate::judge::{assert_refused, document, metadata, text, tokens};
use crate::libraries::{form, node};
use crate::site::{MCP, ORIGIN, SCOPES, STATE, Site, challenge, path};
use crate::typescript_v1::{get, register, token};

const BACK: [&str; 3] = [
    "cursor://anysphere.cursor-mcp/oauth/callback",
    "https://www.cursor.com/agents/mcp/oauth/callback",
    "http://localhost:8787/callback",
];
const VERIFIER: &str = "Wp2rX9vJ_4mLzB-0yTqKfHsNcE7uGdAo5iRkZxYtQ1M";

fn client_metadata() -> Value {
    json!({
        "client_name": "Cursor",
        "redirect_uris": BACK,
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
        "application_type": "web",
    })
}

#[test]
fn cursor_connects_where_the_operator_allows_its_scheme() {
    let allowed = "[registration]\nprivate_use_schemes = [\"cursor\"]\n";
    let site = Site::of(ORIGIN, MCP, allowed);
    document(&get(&site, "/.well-known/oauth-protected-resource/mcp"));
    let server = metadata(&get(&site, "/.well-known/oauth-authorization-server"), &site);
    let client = register(&site, &server, &client_metadata());
    for back in BACK {
        let query = form(&[
            ("response_type", "code"),
            ("client_id", &client.id),
            ("code_challenge", &challenge(VERIFIER)),
            ("code_challenge_method", "S256"),
            ("redirect_uri", back),
            ("state", STATE),
            ("resource", MCP),
        ]);
        let code = site.signed_in(&text(&server, "authorization_endpoint"), &query, back).code;
        let pairs = [
            ("grant_type", "authorization_code"),
            ("code", &*code),
            ("code_verifier", VERIFIER),
            ("redirect_uri", back),
            ("resource", MCP),
            ("client_id", &*client.id),
        ];
        let first = tokens(&token(&site, &server, &pairs, None), MCP, SCOPES);
        let pairs = [
            ("grant_type", "refresh_token"),
            ("refresh_token", &*text(&first, "refresh_token")),
            ("resource", MCP),
            ("client_id", &*client.id),
        ];
        tokens(&token(&site, &server, &pairs, None), MCP, SCOPES);
    }
}

#[test]
fn cursor_is_told_what_the_operator_has_to_allow() {
    let site = Site::start();
    let server = metadata(&get(&site, "/.well-known/oauth-authorization-server"), &site);
    let line = format!("POST {}", path(&text(&server, "registration_endpoint")));
    let json = [("content-type", "application/json")];
    let answer = site.send(&node(&line, &json, Some(&client_metadata().to_string())));
    let refused = assert_refused(&answer, 400, "invalid_redirect_uri");
    let said = text(&refused, "error_description");
    assert!(said.contains("[registration] private_use_schemes"), "{said}");
}

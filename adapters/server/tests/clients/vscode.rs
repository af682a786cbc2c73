//! VS Code and Copilot, on Node.js: two addresses of vscode.dev and the person's own machine, whose path
//! is `/`. Of the grants that it knows it registers those that the metadata list.

use serde_json::json;

use crate::bytes::Answer;
use crate::judge::{document, metadata, registered, text, tokens};
use crate::libraries::{form, node};
use crate::site::{MCP, SCOPES, STATE, Site, challenge, path};

const BACK: [&str; 4] = [
    "https://insiders.vscode.dev/redirect",
    "https://vscode.dev/redirect",
    "http://127.0.0.1/",
    "http://127.0.0.1:33418/",
];
/// Where 33418 is busy.
const RANDOM: &str = "http://127.0.0.1:57113/";
const VERIFIER: &str = "Hx5cV8bN_1mQwE-7rTyUiOpAsDfGhJkL3zXcVbNm9Qw";

#[test]
fn vscode_connects_at_each_of_its_addresses() {
    let site = Site::start();
    let get = |path: &str| -> Answer {
        let own = [("accept", "application/json"), ("mcp-protocol-version", "2025-06-18")];
        site.send(&node(&format!("GET {path}"), &own, None))
    };
    document(&get("/.well-known/oauth-protected-resource/mcp"));
    let server = metadata(&get("/.well-known/oauth-authorization-server"), &site);
    let known =
        ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"];
    let listed = server["grant_types_supported"].as_array().unwrap();
    let both: Vec<_> = known.into_iter().filter(|it| listed.contains(&json!(it))).collect();
    let sent = json!({
        "client_name": "Visual Studio Code",
        "client_uri": "https://code.visualstudio.com",
        "grant_types": both,
        "response_types": ["code"],
        "redirect_uris": BACK,
        "scope": SCOPES,
        "token_endpoint_auth_method": "none",
        "application_type": "native",
    });
    let post = |name: &str, content_type: &str, body: &str| {
        let line = format!("POST {}", path(&text(&server, name)));
        let own = [("content-type", content_type), ("accept", "application/json")];
        site.send(&node(&line, &own, Some(body)))
    };
    let answer = post("registration_endpoint", "application/json", &sent.to_string());
    let client = registered(&answer, &sent);
    let endpoint = text(&server, "authorization_endpoint");
    let asked = |back: &str| {
        form(&[
            ("client_id", &client.id),
            ("response_type", "code"),
            ("state", STATE),
            ("code_challenge", &challenge(VERIFIER)),
            ("code_challenge_method", "S256"),
            ("scope", SCOPES),
            ("resource", MCP),
            ("redirect_uri", back),
        ])
    };
    let token = |pairs: &[(&str, &str)]| {
        post("token_endpoint", "application/x-www-form-urlencoded", &form(pairs))
    };
    for back in BACK.into_iter().chain([RANDOM]) {
        let code = site.signed_in(&endpoint, &asked(back), back).code;
        let first = token(&[
            ("client_id", &client.id),
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", back),
            ("code_verifier", VERIFIER),
        ]);
        let first = tokens(&first, MCP, SCOPES);
        let second = token(&[
            ("client_id", &client.id),
            ("grant_type", "refresh_token"),
            ("refresh_token", &text(&first, "refresh_token")),
            ("scope", SCOPES),
        ]);
        tokens(&second, MCP, SCOPES);
    }
    assert!(site.is_error_page(&endpoint, &asked("http://127.0.0.1:33418")), "without its path");
}

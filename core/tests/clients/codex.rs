//! Codex: sends Basic, whatever its registration was answered with.

use serde_json::json;

use crate::wire::{MCP, basic_form, code, member, registered, token, tokens, world};
use crate::world::VERIFIER;

const BACK: &str = "http://127.0.0.1:1455/callback";

/// Rule 5: the right secret, by the way that it was not registered for; refreshing too.
#[test]
pub(crate) fn codex_sends_basic_after_it_was_told_post() {
    let mut world = world();
    let metadata = json!({
        "client_name": "Codex",
        "redirect_uris": [BACK],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "client_secret_post",
    });
    let client = registered(&mut world, &metadata);
    assert_eq!(client.answer["token_endpoint_auth_method"], "client_secret_post");
    let code = code(&mut world, &client.id, BACK, &[("resource", MCP)]);
    let authorization = basic_form(&client.id, &client.secret.unwrap());
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &*code),
        ("code_verifier", VERIFIER),
        ("redirect_uri", BACK),
        ("resource", MCP),
    ];
    let first = tokens(&token(&mut world, &form, Some(&authorization)));
    let refresh_token = member(&first, "refresh_token");
    let form = [("grant_type", "refresh_token"), ("refresh_token", &*refresh_token)];
    tokens(&token(&mut world, &form, Some(&authorization)));
}

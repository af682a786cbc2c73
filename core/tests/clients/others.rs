//! Clients of which no more is known than where they come back.

use serde_json::json;

use crate::wire::{MCP, code, registered, token, tokens, world};
use crate::world::VERIFIER;

/// Registers as a public client, signs in and redeems.
fn connects(name: &str, back: &str) {
    let mut world = world();
    let metadata = json!({
        "client_name": name, "redirect_uris": [back], "token_endpoint_auth_method": "none",
    });
    let client = registered(&mut world, &metadata);
    let code = code(&mut world, &client.id, back, &[("resource", MCP)]);
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &*code),
        ("code_verifier", VERIFIER),
        ("redirect_uri", back),
        ("client_id", &client.id),
    ];
    tokens(&token(&mut world, &form, None));
}

#[test]
fn gemini_cli_comes_back_at_its_port() {
    connects("Gemini CLI", "http://localhost:7777/oauth/callback");
}

#[test]
fn n8n_comes_back_in_its_cloud() {
    connects("n8n", "https://oauth.n8n.cloud/oauth2/callback");
}

//! Cursor: three redirect URIs in one registration, one of them of a scheme of its own, as a `web`
//! application. It connects only if all of them are registered.

use serde_json::{Value, json};

use crate::wire::{
    MCP, Registered, assert_error, code, config_for, member, registered, token, tokens,
};
use crate::world::{VERIFIER, World, json_of};

const BACK: [&str; 3] = [
    "cursor://anysphere.cursor-mcp/oauth/callback",
    "https://www.cursor.com/agents/mcp/oauth/callback",
    "http://localhost:8787/callback",
];

fn metadata() -> Value {
    json!({
        "client_name": "Cursor",
        "redirect_uris": BACK,
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
        "application_type": "web",
    })
}

/// A server whose operator allows its scheme.
fn world() -> World {
    let mut config = config_for(&[MCP]);
    config.registration.private_use_schemes = vec!["cursor".to_owned()];
    World::of(config)
}

fn connected(world: &mut World) -> Registered {
    registered(world, &metadata())
}

/// Rule 4: the operator's list of schemes lets the registration in as a whole.
#[test]
pub(crate) fn cursor_registers_three_redirect_uris() {
    let client = connected(&mut world());
    assert_eq!(client.answer["redirect_uris"], json!(BACK));
}

/// Without it the whole registration is refused: a client that found one of its URIs missing would
/// come back there all the same. The answer names the setting, which the person can ask for.
#[test]
pub(crate) fn cursor_is_told_what_the_operator_has_to_allow() {
    let response = crate::wire::world().register_with(&metadata());
    assert_error(&response, 400, "invalid_redirect_uri");
    let said = member(&json_of(&response), "error_description");
    assert!(said.contains("[registration] private_use_schemes"), "{said}");
}

#[test]
fn cursor_comes_back_at_each_of_its_redirect_uris() {
    let mut world = world();
    let client = connected(&mut world);
    for back in BACK {
        let code = code(&mut world, &client.id, back, &[("resource", MCP)]);
        let form = [
            ("grant_type", "authorization_code"),
            ("code", &*code),
            ("code_verifier", VERIFIER),
            ("redirect_uri", back),
            ("client_id", &client.id),
            ("resource", MCP),
        ];
        tokens(&token(&mut world, &form, None));
    }
}

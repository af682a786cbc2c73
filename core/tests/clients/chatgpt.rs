//! ChatGPT: a registration and a callback of its own for each connector.

use serde_json::{Value, json};

use crate::wire::{
    MCP, METADATA, assert_error, assert_error_page, audience, authorize, code, config_for,
    document, registered, token, tokens, world,
};
use crate::world::{RES, VERIFIER, World};

const BACK: &str = "https://chatgpt.com/connector/oauth/aBcD1234";
const OTHER: &str = "https://chatgpt.com/connector/oauth/eFgH5678";

fn metadata(back: &str) -> Value {
    json!({
        "client_name": "ChatGPT",
        "redirect_uris": [back],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
    })
}

/// It reads from the metadata how it may authenticate and that it can register.
#[test]
fn chatgpt_finds_how_to_authenticate() {
    let server = document(&mut world(), METADATA);
    assert_eq!(
        server["token_endpoint_auth_methods_supported"],
        json!(["none", "client_secret_basic", "client_secret_post", "private_key_jwt"])
    );
    assert!(server["registration_endpoint"].is_string());
    assert_eq!(server["code_challenge_methods_supported"], json!(["S256"]));
}

#[test]
fn chatgpt_registers_each_connector_with_a_callback_of_its_own() {
    let mut world = world();
    let [one, other] = [BACK, OTHER].map(|back| registered(&mut world, &metadata(back)));
    assert_ne!(one.id, other.id);
    code(&mut world, &other.id, OTHER, &[("resource", MCP)]);
    assert_error_page(&mut world, &authorize(&one.id, OTHER, &[("resource", MCP)]));
}

/// The resource that it names comes back as the audience.
#[test]
fn chatgpt_finds_its_resource_in_the_token() {
    let mut world = World::of(config_for(&[RES, MCP]));
    let client = registered(&mut world, &metadata(BACK));
    let code = code(&mut world, &client.id, BACK, &[("resource", MCP)]);
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &*code),
        ("code_verifier", VERIFIER),
        ("redirect_uri", BACK),
        ("client_id", &client.id),
        ("resource", MCP),
    ];
    assert_eq!(audience(&tokens(&token(&mut world, &form, None))), MCP);
}

/// It has no use for grants of machines, and none is offered.
#[test]
fn chatgpt_is_offered_no_machine_grant() {
    let mut world = world();
    let server = document(&mut world, METADATA);
    assert_eq!(server["grant_types_supported"], json!(["authorization_code", "refresh_token"]));
    let client = registered(&mut world, &metadata(BACK));
    let form = [("grant_type", "client_credentials"), ("client_id", &*client.id)];
    assert_error(&token(&mut world, &form, None), 400, "unsupported_grant_type");
}

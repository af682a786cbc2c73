//! mcp-remote 0.15: the TypeScript client between a local program and a server far away. It registers
//! as a public client with much about itself, on a port that it may have to leave, and names the
//! scope when it refreshes.

use serde_json::{Value, json};

use crate::wire::{
    MCP, METADATA, Registered, assert_error, assert_error_page, audience, authorize, code,
    document, member, registered, token, tokens, tokens_without_scope, world,
};
use crate::world::{VERIFIER, World, claims_of, config};

const BACK: &str = "http://localhost:3335/oauth/callback";

fn metadata() -> Value {
    json!({
        "client_name": "MCP CLI Proxy",
        "client_uri": "https://github.com/modelcontextprotocol/mcp-cli",
        "software_id": "2e6dc280-f3c3-4e01-99a7-8181dbd1d23d",
        "software_version": "0.15.1",
        "redirect_uris": [BACK],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
        "application_type": "native",
    })
}

fn redemption<'a>(id: &'a str, code: &'a str, back: &'a str) -> [(&'a str, &'a str); 5] {
    [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("code_verifier", VERIFIER),
        ("redirect_uri", back),
        ("client_id", id),
    ]
}

fn until_tokens(world: &mut World, asked: &[(&str, &str)]) -> (Registered, Value) {
    let client = registered(world, &metadata());
    let code = code(world, &client.id, BACK, asked);
    let tokens = tokens(&token(world, &redemption(&client.id, &code, BACK), None));
    (client, tokens)
}

/// It takes `none` if the metadata list it, and a secret otherwise.
#[test]
fn mcp_remote_finds_that_it_needs_no_secret() {
    let server = document(&mut world(), METADATA);
    let methods = server["token_endpoint_auth_methods_supported"].as_array().unwrap();
    assert!(methods.contains(&json!("none")), "{methods:?}");
}

#[test]
fn mcp_remote_registers_with_much_that_means_nothing_here() {
    let client = registered(&mut world(), &metadata());
    assert!(client.secret.is_none());
    assert_eq!(client.answer["redirect_uris"], json!([BACK]));
}

/// Its port is a hash of the server's name, and another one where that is busy.
#[test]
fn mcp_remote_moves_to_another_port() {
    let mut world = world();
    let client = registered(&mut world, &metadata());
    let moved = "http://localhost:49150/oauth/callback";
    let code = code(&mut world, &client.id, moved, &[("resource", MCP)]);
    tokens(&token(&mut world, &redemption(&client.id, &code, moved), None));
}

/// The scope that was granted, on each refresh.
#[test]
pub(crate) fn mcp_remote_refreshes_with_the_scope_that_it_has() {
    let mut world = world();
    let (client, first) = until_tokens(&mut world, &[("scope", "mcp:read"), ("resource", MCP)]);
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", &*member(&first, "refresh_token")),
        ("client_id", &client.id),
        ("scope", &*member(&first, "scope")),
        ("resource", MCP),
    ];
    assert_eq!(tokens(&token(&mut world, &form, None))["scope"], "mcp:read");
}

/// What it asks for where nobody names a scope: a resource without scopes is no reason to refuse it,
/// and no answer names one, since an empty scope is none (RFC 6749 §3.3). An answer without a scope
/// grants what was asked for (§5.1), so it asks for the same when it refreshes.
#[test]
fn mcp_remote_asks_for_openid_email_profile() {
    let mut config = config();
    config.resources = vec![vestibule_core::Resource::new(MCP, vec![]).unwrap()];
    let mut world = World::of(config);
    assert!(document(&mut world, METADATA).get("scopes_supported").is_none());
    let asked = [("scope", "openid email profile"), ("resource", MCP)];
    let client = registered(&mut world, &metadata());
    let code = code(&mut world, &client.id, BACK, &asked);
    let mut form = redemption(&client.id, &code, BACK).to_vec();
    for _ in 0..2 {
        let tokens = tokens_without_scope(&token(&mut world, &form, None));
        assert!(claims_of(&member(&tokens, "access_token")).get("scope").is_none());
        form = vec![("grant_type", "refresh_token"), ("client_id", &client.id), asked[0]];
        form.push(("refresh_token", member(&tokens, "refresh_token").leak()));
    }
}

/// The same where the resource has scopes, none of which was named to it: it gets those, and asks
/// for them when it refreshes.
#[test]
fn mcp_remote_gets_the_resources_scopes_for_openid_email_profile() {
    let mut world = world();
    let asked = [("scope", "openid email profile"), ("resource", MCP)];
    let (client, first) = until_tokens(&mut world, &asked);
    assert_eq!(first["scope"], "mcp:read mcp:write");
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", &*member(&first, "refresh_token")),
        ("client_id", &client.id),
        ("scope", &*member(&first, "scope")),
    ];
    assert_eq!(tokens(&token(&mut world, &form, None))["scope"], first["scope"]);
}

/// Its user can turn `resource` off.
#[test]
fn mcp_remote_names_no_resource_if_told_so() {
    let (_, tokens) = until_tokens(&mut world(), &[("scope", "mcp:read")]);
    assert_eq!(audience(&tokens), MCP);
}

/// A stale registration is seen at the token endpoint by its error, and by a person as a page.
#[test]
pub(crate) fn mcp_remote_sees_that_its_registration_is_stale() {
    let mut world = world();
    let stale = "vc1_stale";
    let response = token(&mut world, &redemption(stale, "vac1_x", BACK), None);
    assert_error(&response, 401, "invalid_client");
    assert_error_page(&mut world, &authorize(stale, BACK, &[("resource", MCP)]));
}

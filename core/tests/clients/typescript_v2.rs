//! The TypeScript client, version 2.4: as version 1, and it compares issuers exactly, says its
//! `application_type`, asks for `offline_access` with `prompt=consent`, and takes a scope that is not
//! named for none.

use serde_json::{Value, json};

use crate::wire::{
    MCP, METADATA, RESOURCE_METADATA, audience, authorize, basic_raw, code, document,
    first_document, member, registered, signed_in, tenant, token, tokens, world,
};
use crate::world::{Browser, ISSUER, VERIFIER, World, location, query_of};

const BACK: &str = "http://localhost:8090/callback";

fn metadata() -> Value {
    json!({
        "client_name": "TypeScript",
        "redirect_uris": [BACK],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
        "application_type": "native",
        "scope": "mcp:read mcp:write",
    })
}

/// Signs in with a scope, up to tokens.
fn until_tokens(world: &mut World, id: &str, scope: &str) -> Value {
    let code = code(world, id, BACK, &[("scope", scope), ("resource", MCP)]);
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &*code),
        ("code_verifier", VERIFIER),
        ("redirect_uri", BACK),
        ("client_id", id),
        ("resource", MCP),
    ];
    tokens(&token(world, &form, None))
}

/// The name in the resource's metadata is the one in the server's, byte for byte.
#[test]
fn typescript_v2_compares_the_issuer_of_the_metadata() {
    let mut world = world();
    let resource = document(&mut world, &format!("{RESOURCE_METADATA}/mcp"));
    let server = document(&mut world, METADATA);
    assert_eq!(resource["authorization_servers"], json!([server["issuer"]]));
}

#[test]
fn typescript_v2_finds_an_issuer_with_a_path_at_the_first_address() {
    let mut world = tenant();
    let resource = document(&mut world, &format!("{RESOURCE_METADATA}/tenant1/mcp"));
    assert_eq!(resource["authorization_servers"], json!(["https://as.test/tenant1"]));
    let server = first_document(&mut world, &[&format!("{METADATA}/tenant1")]);
    assert_eq!(server["issuer"], "https://as.test/tenant1");
}

#[test]
fn typescript_v2_compares_iss_of_the_answer() {
    let mut world = world();
    let client = registered(&mut world, &metadata());
    let server = document(&mut world, METADATA);
    assert_eq!(server["authorization_response_iss_parameter_supported"], true);
    assert_eq!(signed_in(&mut world, &client.id, BACK, &[("resource", MCP)])["iss"], ISSUER);
}

/// Where the person says no.
#[test]
fn typescript_v2_compares_iss_of_an_error_too() {
    let mut world = world();
    let client = registered(&mut world, &metadata());
    let mut browser = Browser::default();
    let page = browser.get(&mut world, &authorize(&client.id, BACK, &[("resource", MCP)]));
    let response = browser.press(&mut world, &page, ("cancel", "1"));
    let said = query_of(location(&response.headers).unwrap());
    assert_eq!((&*said["error"], &*said["iss"]), ("access_denied", ISSUER));
    assert_eq!(said["state"], crate::wire::STATE);
}

#[test]
fn typescript_v2_registers_both_grants_and_an_application_type() {
    let client = registered(&mut world(), &metadata());
    assert_eq!(client.answer["grant_types"], json!(["authorization_code", "refresh_token"]));
}

#[test]
fn typescript_v2_writes_basic_as_it_is() {
    let mut world = world();
    let mut metadata = metadata();
    metadata["token_endpoint_auth_method"] = json!("client_secret_basic");
    let client = registered(&mut world, &metadata);
    let code = code(&mut world, &client.id, BACK, &[("resource", MCP)]);
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &*code),
        ("code_verifier", VERIFIER),
        ("redirect_uri", BACK),
        ("resource", MCP),
    ];
    let authorization = basic_raw(&client.id, &client.secret.unwrap());
    assert_eq!(audience(&tokens(&token(&mut world, &form, Some(&authorization)))), MCP);
}

/// It is granted without a word of it, and a refresh token comes with or without.
#[test]
fn typescript_v2_asks_for_offline_access_with_prompt_consent() {
    let mut world = world();
    let client = registered(&mut world, &metadata());
    let asked =
        [("scope", "mcp:read mcp:write offline_access"), ("prompt", "consent"), ("resource", MCP)];
    let code = code(&mut world, &client.id, BACK, &asked);
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &*code),
        ("code_verifier", VERIFIER),
        ("redirect_uri", BACK),
        ("client_id", &client.id),
        ("resource", MCP),
    ];
    assert_eq!(tokens(&token(&mut world, &form, None))["scope"], "mcp:read mcp:write");
}

/// An answer without `scope` would count as no scope at all.
#[test]
fn typescript_v2_reads_the_scope_of_every_answer() {
    let mut world = world();
    let client = registered(&mut world, &metadata());
    let first = until_tokens(&mut world, &client.id, "mcp:read");
    assert_eq!(first["scope"], "mcp:read");
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", &*member(&first, "refresh_token")),
        ("client_id", &client.id),
        ("resource", MCP),
    ];
    assert_eq!(tokens(&token(&mut world, &form, None))["scope"], "mcp:read");
}

/// Challenged for more, it asks for what it had and what it lacks.
#[test]
fn typescript_v2_steps_up_with_the_union_of_scopes() {
    let mut world = world();
    let client = registered(&mut world, &metadata());
    assert_eq!(until_tokens(&mut world, &client.id, "mcp:read")["scope"], "mcp:read");
    let both = until_tokens(&mut world, &client.id, "mcp:read mcp:write");
    assert_eq!(both["scope"], "mcp:read mcp:write");
}

/// It sends tokens to https or to its own machine.
#[test]
fn typescript_v2_accepts_the_token_endpoint() {
    let endpoint = member(&document(&mut world(), METADATA), "token_endpoint");
    assert!(endpoint.starts_with("https://"), "{endpoint}");
}

//! The Rust SDK, rmcp 3.11 over oauth2: registers as a public client, goes over to Basic as soon as it
//! is given a secret, and signs in again on `invalid_grant` only.

use serde_json::{Value, json};

use crate::wire::{
    MCP, METADATA, RESOURCE_METADATA, Registered, assert_error, assert_nothing_at, audience,
    basic_form, basic_raw, code, config_for, document, first_document, member, registered,
    signed_in, tenant, token, tokens, world,
};
use crate::world::store::Fault;
use crate::world::{ISSUER, VERIFIER, World};

const BACK: &str = "http://127.0.0.1:8080/callback";

fn metadata() -> Value {
    json!({
        "client_name": "rmcp",
        "redirect_uris": [BACK],
        "grant_types": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_method": "none",
        "response_types": ["code"],
        "scope": "mcp:read mcp:write",
        "application_type": "native",
    })
}

const ASKED: [(&str, &str); 2] = [("scope", "mcp:read mcp:write"), ("resource", MCP)];

fn redemption<'a>(code: &'a str, resource: &'a str) -> [(&'a str, &'a str); 5] {
    [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("code_verifier", VERIFIER),
        ("redirect_uri", BACK),
        ("resource", resource),
    ]
}

fn until_tokens(world: &mut World) -> (Registered, Value) {
    let client = registered(world, &metadata());
    let code = code(world, &client.id, BACK, &ASKED);
    let form = [&redemption(&code, MCP)[..], &[("client_id", &client.id)]].concat();
    let tokens = tokens(&token(world, &form, None));
    (client, tokens)
}

fn refreshing<'a>(id: &'a str, tokens: &'a Value) -> [(&'a str, &'a str); 4] {
    let refresh_token = tokens["refresh_token"].as_str().unwrap();
    let grant = [("grant_type", "refresh_token"), ("refresh_token", refresh_token)];
    [grant[0], grant[1], ("client_id", id), ("resource", MCP)]
}

/// Below the resource's path it finds nothing, and goes on to the root.
#[test]
fn rmcp_looks_for_resource_metadata_below_the_path_too() {
    let mut world = world();
    let below = format!("/mcp{RESOURCE_METADATA}");
    assert_eq!(first_document(&mut world, &[&below, RESOURCE_METADATA])["resource"], MCP);
}

/// Its fourth address is the root: what another issuer would say there stops it for good.
#[test]
pub(crate) fn rmcp_finds_no_other_issuer_at_the_root() {
    let mut world = tenant();
    assert_eq!(
        document(&mut world, &format!("{METADATA}/tenant1"))["issuer"],
        format!("{ISSUER}/tenant1")
    );
    for path in [
        "/.well-known/openid-configuration/tenant1",
        "/tenant1/.well-known/openid-configuration",
        METADATA,
    ] {
        assert_nothing_at(&mut world, path);
    }
}

/// A secret that it did not ask for would make it send Basic; without `redirect_uris` in the answer
/// it stops.
#[test]
fn rmcp_registers_as_a_public_client_and_gets_no_secret() {
    let client = registered(&mut world(), &metadata());
    assert!(client.secret.is_none());
    assert_eq!(client.answer["redirect_uris"], json!([BACK]));
}

#[test]
fn rmcp_redeems_with_the_id_in_the_body() {
    let (_, tokens) = until_tokens(&mut world());
    assert_eq!(audience(&tokens), MCP);
}

#[test]
pub(crate) fn rmcp_writes_basic_form_encoded_if_it_has_a_secret() {
    let (id, secret) = ("my+app", "s3cret with+signs");
    let mut config = config_for(&[MCP]);
    config.clients.push(crate::world::client(id, Some(secret), &[BACK]));
    let mut world = World::of(config);
    let code = code(&mut world, id, BACK, &ASKED);
    let encoded = basic_form(id, secret);
    assert_ne!(encoded, basic_raw(id, secret));
    tokens(&token(&mut world, &redemption(&code, MCP), Some(&encoded)));
}

#[test]
fn rmcp_compares_iss_of_the_answer() {
    let mut world = world();
    let client = registered(&mut world, &metadata());
    assert_eq!(signed_in(&mut world, &client.id, BACK, &ASKED)["iss"], ISSUER);
}

/// Without metadata of the resource it sends the base URL, which for a root ends in a slash.
#[test]
fn rmcp_sends_a_root_resource_with_a_slash() {
    let mut world = World::of(config_for(&["https://mcp.test"]));
    let client = registered(&mut world, &metadata());
    let code = code(&mut world, &client.id, BACK, &[("resource", "https://mcp.test/")]);
    let form = redemption(&code, "https://mcp.test/");
    let form = [&form[..], &[("client_id", &client.id)]].concat();
    assert_eq!(audience(&tokens(&token(&mut world, &form, None))), "https://mcp.test");
}

#[test]
fn rmcp_asks_for_offline_access() {
    let mut world = world();
    let client = registered(&mut world, &metadata());
    let asked = [("scope", "mcp:read offline_access"), ASKED[1]];
    let code = code(&mut world, &client.id, BACK, &asked);
    let form = [&redemption(&code, MCP)[..], &[("client_id", &client.id)]].concat();
    assert_eq!(tokens(&token(&mut world, &form, None))["scope"], "mcp:read");
}

/// 30 seconds before the access token expires: the next one lives as long as the first.
#[test]
fn rmcp_refreshes_before_expiry() {
    let mut world = world();
    let (client, first) = until_tokens(&mut world);
    world.pass(first["expires_in"].as_u64().unwrap() - 30);
    let second = tokens(&token(&mut world, &refreshing(&client.id, &first), None));
    assert_eq!(second["expires_in"], first["expires_in"]);
}

#[test]
fn rmcp_signs_in_again_on_invalid_grant() {
    let mut world = world();
    let (client, first) = until_tokens(&mut world);
    assert_eq!(
        world
            .post(
                "/oauth/revoke",
                &[("client_id", &*client.id), ("token", &*member(&first, "refresh_token")),]
            )
            .status,
        200
    );
    let response = token(&mut world, &refreshing(&client.id, &first), None);
    assert_error(&response, 400, "invalid_grant");
}

/// Trouble of the server's own is not `invalid_grant`, and the same token is good afterwards.
#[test]
fn rmcp_tries_again_where_the_server_is_in_trouble() {
    let mut world = world();
    let (client, first) = until_tokens(&mut world);
    world.store.faults = vec![Fault::Unavailable; 8];
    let response = token(&mut world, &refreshing(&client.id, &first), None);
    assert_error(&response, 503, "temporarily_unavailable");
    world.store.faults.clear();
    tokens(&token(&mut world, &refreshing(&client.id, &first), None));
}

/// It speaks to a private address only from one: a server on this machine sends nobody elsewhere.
#[test]
pub(crate) fn rmcp_stays_on_this_machine() {
    let mut config = config_for(&["http://127.0.0.1:3000/mcp"]);
    config.issuer = vestibule_core::Issuer::parse("http://127.0.0.1:3000").unwrap();
    let mut world = World::of(config);
    let resource = document(&mut world, &format!("{RESOURCE_METADATA}/mcp"));
    assert_eq!(resource["authorization_servers"], json!(["http://127.0.0.1:3000"]));
    let server = document(&mut world, METADATA);
    assert_eq!(server["issuer"], "http://127.0.0.1:3000");
    for name in ["authorization_endpoint", "token_endpoint", "registration_endpoint"] {
        assert!(member(&server, name).starts_with("http://127.0.0.1:3000/"), "{name}");
    }
}

//! The TypeScript SDK, version 1.32: `auth()` of `client/auth.ts`. Its schemas (zod) refuse `null`
//! anywhere; it sends id and secret raw; it knows neither `application_type` nor `iss`.

use serde_json::{Value, json};

use crate::wire::{
    MCP, METADATA, RESOURCE_METADATA, Registered, assert_error, assert_nothing_at, audience,
    basic_raw, code, config_for, document, first_document, member, registered, token, tokens,
    world,
};
use crate::world::{ISSUER, RES, VERIFIER, World};

const BACK: &str = "http://localhost:8090/callback";

/// The metadata of the application, with the scope that was found.
fn metadata(method: &str) -> Value {
    json!({
        "client_name": "Simple OAuth MCP Client",
        "redirect_uris": [BACK],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": method,
        "scope": "mcp:read mcp:write",
    })
}

const ASKED: [(&str, &str); 2] = [("scope", "mcp:read mcp:write"), ("resource", MCP)];

fn redemption(code: &str) -> Vec<(&str, &str)> {
    let grant = [("grant_type", "authorization_code"), ("code", code)];
    [&grant[..], &[("code_verifier", VERIFIER), ("redirect_uri", BACK), ("resource", MCP)]].concat()
}

/// Registers, signs in and redeems with the id in the body, as a public client does.
fn public(world: &mut World) -> (Registered, Value) {
    let client = registered(world, &metadata("none"));
    let code = code(world, &client.id, BACK, &ASKED);
    let form = [&redemption(&code)[..], &[("client_id", &client.id)]].concat();
    let tokens = tokens(&token(world, &form, None));
    (client, tokens)
}

/// The resource's metadata stand at its path, the server's at its origin; no address in between.
#[test]
fn typescript_v1_finds_the_server_by_the_resources_path() {
    let mut world = world();
    let resource = document(&mut world, &format!("{RESOURCE_METADATA}/mcp"));
    assert_eq!(resource["resource"], MCP);
    let server = resource["authorization_servers"][0].as_str().unwrap();
    let server = document(&mut world, &format!("{}{METADATA}", server.trim_start_matches(ISSUER)));
    assert_eq!(server["issuer"], ISSUER);
}

/// A resource that has no metadata (2025-03-26): the path, the root, then the origin is the server.
#[test]
fn typescript_v1_takes_the_origin_where_the_resource_says_nothing() {
    let mut world = World::new();
    let root = RESOURCE_METADATA;
    let server = first_document(&mut world, &[&format!("{root}/mcp"), root, METADATA]);
    assert_eq!(server["issuer"], ISSUER);
}

#[test]
fn typescript_v1_parses_the_metadata() {
    let server = document(&mut world(), METADATA);
    assert_eq!(server["response_types_supported"], json!(["code"]));
    for endpoint in ["authorization_endpoint", "token_endpoint", "registration_endpoint"] {
        assert!(member(&server, endpoint).starts_with("https://as.test/"), "{server}");
    }
}

#[test]
fn typescript_v1_registers_with_the_scope_that_it_found() {
    let client = registered(&mut world(), &metadata("client_secret_post"));
    assert_eq!(client.answer["scope"], "mcp:read mcp:write");
    assert!(client.secret.is_some());
}

/// A scope of an application that nobody has here is no reason to refuse it.
#[test]
fn typescript_v1_registers_with_a_scope_that_nobody_knows() {
    let mut metadata = metadata("none");
    metadata["scope"] = json!("mcp:tools");
    let client = registered(&mut world(), &metadata);
    assert!(client.answer.get("scope").is_none(), "{}", client.answer);
}

/// Its schema refuses an answer without `redirect_uris`, and one with `null` for what is not there.
#[test]
fn typescript_v1_parses_the_answer_to_a_registration_of_only_what_must_be() {
    let client = registered(&mut world(), &json!({ "redirect_uris": [BACK] }));
    assert_eq!(client.answer["redirect_uris"], json!([BACK]));
    for absent in ["scope", "client_name", "client_uri", "logo_uri", "jwks", "contacts"] {
        assert!(client.answer.get(absent).is_none(), "{absent}: {}", client.answer);
    }
}

#[test]
fn typescript_v1_shows_the_secret_in_the_body_if_it_registered_so() {
    let mut world = world();
    let client = registered(&mut world, &metadata("client_secret_post"));
    let code = code(&mut world, &client.id, BACK, &ASKED);
    let secret = client.secret.unwrap();
    let shown = [("client_id", &*client.id), ("client_secret", &secret)];
    tokens(&token(&mut world, &[&redemption(&code)[..], &shown].concat(), None));
}

#[test]
fn typescript_v1_writes_basic_as_it_is() {
    let mut world = world();
    let client = registered(&mut world, &metadata("client_secret_basic"));
    let code = code(&mut world, &client.id, BACK, &ASKED);
    let authorization = basic_raw(&client.id, &client.secret.unwrap());
    tokens(&token(&mut world, &redemption(&code), Some(&authorization)));
}

/// An operator can have given it a secret that reads differently when it is decoded.
#[test]
pub(crate) fn typescript_v1_writes_a_secret_that_it_was_given_as_it_is() {
    let (id, secret) = ("my-app", "s3cret/with+signs=&%20");
    let mut config = config_for(&[MCP]);
    config.clients.push(crate::world::client(id, Some(secret), &[BACK]));
    let mut world = World::of(config);
    let code = code(&mut world, id, BACK, &ASKED);
    tokens(&token(&mut world, &redemption(&code), Some(&basic_raw(id, secret))));
}

#[test]
fn typescript_v1_sends_the_id_alone_if_it_has_no_secret() {
    let (client, tokens) = public(&mut world());
    assert!(client.secret.is_none());
    assert_eq!(tokens["scope"], "mcp:read mcp:write");
}

#[test]
fn typescript_v1_sends_the_resource_as_its_metadata_say_it() {
    let mut world = World::of(config_for(&[MCP, RES]));
    let (_, tokens) = public(&mut world);
    assert_eq!(audience(&tokens), MCP);
}

#[test]
pub(crate) fn typescript_v1_names_no_resource_where_it_found_none() {
    let mut world = World::new();
    let client = registered(&mut world, &metadata("none"));
    let code = code(&mut world, &client.id, BACK, &[]);
    let mut form = redemption(&code);
    form.retain(|(name, _)| *name != "resource");
    form.push(("client_id", &client.id));
    assert_eq!(audience(&tokens(&token(&mut world, &form, None))), RES);
}

#[test]
fn typescript_v1_refreshes_with_a_resource_and_without_a_scope() {
    let mut world = world();
    let (client, first) = public(&mut world);
    let refresh_token = member(&first, "refresh_token");
    let form = refreshing(&client.id, &refresh_token);
    let second = tokens(&token(&mut world, &form, None));
    assert_ne!(second["refresh_token"], first["refresh_token"]);
    assert_eq!((&second["scope"], audience(&second)), (&first["scope"], json!(MCP)));
}

fn refreshing<'a>(id: &'a str, refresh_token: &'a str) -> [(&'a str, &'a str); 4] {
    let grant = [("grant_type", "refresh_token"), ("refresh_token", refresh_token)];
    [grant[0], grant[1], ("client_id", id), ("resource", MCP)]
}

/// It wipes all that it has and registers once more, on this code and no other.
#[test]
fn typescript_v1_registers_again_when_its_client_is_unknown() {
    let mut world = world();
    let response = token(&mut world, &refreshing("a-client-of-long-ago", "vrt1_x"), None);
    assert_error(&response, 401, "invalid_client");
    public(&mut world);
}

/// It wipes its tokens, keeps its registration and signs in again.
#[test]
fn typescript_v1_signs_in_again_when_its_grant_is_over() {
    let mut world = world();
    let (client, first) = public(&mut world);
    let refresh_token = member(&first, "refresh_token");
    world.pass(31 * 24 * 60 * 60);
    let response = token(&mut world, &refreshing(&client.id, &refresh_token), None);
    assert_error(&response, 400, "invalid_grant");
    code(&mut world, &client.id, BACK, &ASKED);
}

/// It reads the body of every failure as an OAuth error.
#[test]
fn typescript_v1_reads_an_error_from_every_answer() {
    let mut world = world();
    let unsupported = [("grant_type", "client_credentials"), ("client_id", "P")];
    assert_error(&token(&mut world, &unsupported, None), 400, "unsupported_grant_type");
    assert_nothing_at(&mut world, "/token");
    let refused = world.register_with(&json!({ "redirect_uris": ["http://app.test/"] }));
    assert_error(&refused, 400, "invalid_redirect_uri");
}

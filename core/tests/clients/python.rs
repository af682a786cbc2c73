//! The Python SDK, mcp 2.3: registers without a method and does what the answer says, percent-encodes
//! its credentials and sends the id in the body too, and never registers a second time.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::wire::{
    MCP, METADATA, RESOURCE_METADATA, Registered, audience, basic_quoted, basic_raw, code,
    config_for, document, first_document, member, registered, signed_in, tenant, token, tokens,
    world,
};
use crate::world::{ISSUER, Store, VERIFIER, World};

const BACK: &str = "http://localhost:3030/callback";

fn metadata() -> Value {
    json!({
        "redirect_uris": [BACK],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "scope": "mcp:read mcp:write",
        "client_name": "Simple Auth Client",
        "application_type": "native",
    })
}

const ASKED: [(&str, &str); 2] = [("resource", MCP), ("scope", "mcp:read mcp:write")];

/// What `exchange_token_authorization_code` sends after the secret was put into the header.
fn redemption<'a>(id: &'a str, code: &'a str) -> [(&'a str, &'a str); 6] {
    [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", BACK),
        ("client_id", id),
        ("code_verifier", VERIFIER),
        ("resource", MCP),
    ]
}

fn until_tokens(world: &mut World) -> (Registered, String, Value) {
    let client = registered(world, &metadata());
    let code = code(world, &client.id, BACK, &ASKED);
    let authorization = basic_quoted(&client.id, client.secret.as_deref().unwrap());
    let tokens = tokens(&token(world, &redemption(&client.id, &code), Some(&authorization)));
    (client, authorization, tokens)
}

fn refreshing<'a>(id: &'a str, refresh_token: &'a str) -> [(&'a str, &'a str); 4] {
    let grant = [("grant_type", "refresh_token"), ("refresh_token", refresh_token)];
    [grant[0], grant[1], ("client_id", id), ("resource", MCP)]
}

/// 429 or 5xx anywhere would end its discovery.
#[test]
fn python_looks_for_the_resource_by_path_and_root() {
    let mut two = World::of(config_for(&[MCP, "https://as.test/other"]));
    for path in ["/mcp", "/other"] {
        let resource = document(&mut two, &format!("{RESOURCE_METADATA}{path}"));
        assert_eq!(resource["resource"], format!("{ISSUER}{path}"));
    }
    // With one resource the root is an address of it; with several it is nobody's.
    assert_eq!(document(&mut world(), RESOURCE_METADATA)["resource"], MCP);
    first_document(&mut two, &[RESOURCE_METADATA, METADATA]);
}

#[test]
fn python_compares_the_issuer_as_a_string() {
    let mut world = tenant();
    let resource = document(&mut world, &format!("{RESOURCE_METADATA}/tenant1/mcp"));
    let server = document(&mut world, &format!("{METADATA}/tenant1"));
    assert_eq!(resource["authorization_servers"][0], server["issuer"]);
    let issuer = member(&server, "issuer");
    assert!(!issuer.ends_with('/') && issuer == issuer.to_ascii_lowercase(), "{issuer}");
}

#[test]
fn python_compares_iss_of_the_answer() {
    let mut world = world();
    let client = registered(&mut world, &metadata());
    assert_eq!(signed_in(&mut world, &client.id, BACK, &ASKED)["iss"], ISSUER);
}

/// Without a method in the answer it would send no secret.
#[test]
fn python_registers_without_a_method_and_is_told_one() {
    let client = registered(&mut world(), &metadata());
    assert_eq!(client.answer["token_endpoint_auth_method"], "client_secret_basic");
    assert!(client.secret.is_some());
}

#[test]
pub(crate) fn python_quotes_its_credentials_and_sends_the_id_in_the_body_too() {
    let (_, _, tokens) = until_tokens(&mut world());
    assert_eq!(audience(&tokens), MCP);
}

/// A client that the operator configured can have a secret that looks different when it is quoted.
#[test]
fn python_quotes_the_secret_of_a_client_that_was_registered_before() {
    let (id, secret) = ("my/app", "s3cret/with+signs=&%");
    let mut config = config_for(&[MCP]);
    config.clients.push(crate::world::client(id, Some(secret), &[BACK]));
    let mut world = World::of(config);
    let code = code(&mut world, id, BACK, &ASKED);
    let quoted = basic_quoted(id, secret);
    assert_ne!(quoted, basic_raw(id, secret));
    tokens(&token(&mut world, &redemption(id, &code), Some(&quoted)));
}

#[test]
pub(crate) fn python_redeems_with_a_verifier_of_128_characters() {
    let verifier: String = "-._~0aZ9".repeat(16);
    assert_eq!(verifier.len(), 128);
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier));
    let mut world = world();
    let client = registered(&mut world, &metadata());
    let asked = [&ASKED[..], &[("code_challenge", &challenge)]].concat();
    let code = code(&mut world, &client.id, BACK, &asked);
    let mut form = redemption(&client.id, &code);
    form[4].1 = &verifier;
    let authorization = basic_quoted(&client.id, &client.secret.unwrap());
    tokens(&token(&mut world, &form, Some(&authorization)));
}

/// Neither a challenge nor the resource's metadata named a scope.
#[test]
fn python_asks_for_every_scope_of_the_server() {
    let mut world = world();
    let server = document(&mut world, METADATA);
    let scopes: Vec<_> = server["scopes_supported"].as_array().unwrap().iter().collect();
    let scope = scopes.iter().map(|it| it.as_str().unwrap()).collect::<Vec<_>>().join(" ");
    let client = registered(&mut world, &metadata());
    let asked = [("resource", MCP), ("scope", &*scope)];
    let code = code(&mut world, &client.id, BACK, &asked);
    let authorization = basic_quoted(&client.id, &client.secret.unwrap());
    let form = redemption(&client.id, &code);
    assert_eq!(tokens(&token(&mut world, &form, Some(&authorization)))["scope"], scope);
}

#[test]
fn python_asks_for_offline_access_with_prompt_consent() {
    let mut world = world();
    let client = registered(&mut world, &metadata());
    let scope = ("scope", "mcp:read offline_access");
    let code = code(&mut world, &client.id, BACK, &[ASKED[0], scope, ("prompt", "consent")]);
    let authorization = basic_quoted(&client.id, &client.secret.unwrap());
    let form = redemption(&client.id, &code);
    assert_eq!(tokens(&token(&mut world, &form, Some(&authorization)))["scope"], "mcp:read");
}

#[test]
fn python_refreshes_with_the_resource() {
    let mut world = world();
    let (client, authorization, first) = until_tokens(&mut world);
    world.pass(15 * 60);
    let form = refreshing(&client.id, first["refresh_token"].as_str().unwrap());
    let second = tokens(&token(&mut world, &form, Some(&authorization)));
    assert_eq!(audience(&second), MCP);
}

/// It refreshes ahead of time, and an answer other than 200 clears its tokens: two at once both get
/// theirs.
#[test]
fn python_refreshes_twice_at_once() {
    let mut world = world();
    let (client, authorization, first) = until_tokens(&mut world);
    let form = refreshing(&client.id, first["refresh_token"].as_str().unwrap());
    let answers = [(); 2].map(|()| tokens(&token(&mut world, &form, Some(&authorization))));
    assert_eq!(answers[0], answers[1]);
}

/// Nothing that happens to the store or to the sealing secrets makes a client unknown.
#[test]
pub(crate) fn python_never_registers_again() {
    let mut world = world();
    let (client, authorization, _) = until_tokens(&mut world);
    world.pass(3 * 365 * 24 * 60 * 60);
    world.store = Store::default();
    let mut config = config_for(&[MCP]);
    config.secrets.insert(0, vestibule_core::SealingSecret::new([9; 32]).unwrap());
    let mut world = world.reconfigured(config);
    let code = code(&mut world, &client.id, BACK, &ASKED);
    tokens(&token(&mut world, &redemption(&client.id, &code), Some(&authorization)));
}

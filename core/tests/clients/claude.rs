//! Claude on the web and its desktop's connectors: a registration with a secret in the body, and
//! requests from two addresses at once.

use serde_json::{Value, json};

use crate::wire::{
    MCP, Registered, assert_error, assert_error_page, audience, authorize, code, config_for,
    member, registered, token, tokens, world,
};
use crate::world::{VERIFIER, World};

const BACK: [&str; 2] =
    ["https://claude.ai/api/mcp/auth_callback", "https://claude.com/api/mcp/auth_callback"];

fn metadata(method: &str) -> Value {
    json!({
        "client_name": "Claude",
        "redirect_uris": BACK,
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": method,
    })
}

fn until_tokens(world: &mut World, back: &str, resource: &str) -> (Registered, Value) {
    let client = registered(world, &metadata("client_secret_post"));
    let code = code(world, &client.id, back, &[("resource", resource)]);
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &*code),
        ("code_verifier", VERIFIER),
        ("redirect_uri", back),
        ("client_id", &client.id),
        ("client_secret", client.secret.as_deref().unwrap()),
        ("resource", resource),
    ];
    let tokens = tokens(&token(world, &form, None));
    (client, tokens)
}

fn refreshing<'a>(client: &'a Registered, tokens: &'a Value) -> [(&'a str, &'a str); 4] {
    [
        ("grant_type", "refresh_token"),
        ("refresh_token", tokens["refresh_token"].as_str().unwrap()),
        ("client_id", &client.id),
        ("client_secret", client.secret.as_deref().unwrap()),
    ]
}

#[test]
fn claude_registers_two_redirect_uris() {
    let client = registered(&mut world(), &metadata("client_secret_post"));
    assert_eq!(client.answer["redirect_uris"], json!(BACK));
    assert_eq!(client.answer["token_endpoint_auth_method"], "client_secret_post");
}

#[test]
fn claude_comes_back_at_either_redirect_uri() {
    for back in BACK {
        until_tokens(&mut world(), back, MCP);
    }
}

#[test]
pub(crate) fn claude_shows_its_secret_in_the_body() {
    let mut world = world();
    let (client, first) = until_tokens(&mut world, BACK[0], MCP);
    tokens(&token(&mut world, &refreshing(&client, &first), None));
    let mut without = refreshing(&client, &first).to_vec();
    without.pop();
    assert_error(&token(&mut world, &without, None), 401, "invalid_client");
}

/// The desktop's connectors fail on a secret beside `none`.
#[test]
fn claude_gets_no_secret_for_none() {
    let client = registered(&mut world(), &metadata("none"));
    assert!(client.secret.is_none(), "{}", client.answer);
}

/// Nothing but this status and code makes it register again.
#[test]
fn claude_registers_again_on_401_invalid_client() {
    let mut world = world();
    let (_, first) = until_tokens(&mut world, BACK[0], MCP);
    let stale = Registered {
        id: "vc1_stale".to_owned(),
        secret: Some("stale".to_owned()),
        answer: Value::Null,
    };
    let response = token(&mut world, &refreshing(&stale, &first), None);
    assert_error(&response, 401, "invalid_client");
    until_tokens(&mut world, BACK[0], MCP);
}

/// A grant that is over is 400: 401 would make it register again, and find the same.
#[test]
fn claude_keeps_its_registration_when_a_grant_is_over() {
    let mut world = world();
    let (client, first) = until_tokens(&mut world, BACK[0], MCP);
    world.pass(91 * 24 * 60 * 60);
    let response = token(&mut world, &refreshing(&client, &first), None);
    assert_error(&response, 400, "invalid_grant");
}

#[test]
fn claude_shows_a_person_what_is_wrong_with_a_stale_id() {
    assert_error_page(&mut world(), &authorize("vc1_stale", BACK[0], &[("resource", MCP)]));
}

/// Two of its machines refresh with one token, the second some seconds later: both get the same
/// successor, and the grant lives.
#[test]
pub(crate) fn claude_refreshes_from_two_addresses() {
    let mut world = world();
    let (client, first) = until_tokens(&mut world, BACK[0], MCP);
    let one = tokens(&token(&mut world, &refreshing(&client, &first), None));
    world.pass(45);
    let other = tokens(&token(&mut world, &refreshing(&client, &first), None));
    assert_eq!(one["refresh_token"], other["refresh_token"]);
    world.pass(600);
    tokens(&token(&mut world, &refreshing(&client, &other), None));
}

/// A resource at the root of its host is named with a slash, however it was configured.
#[test]
fn claude_sends_a_root_resource_with_a_slash() {
    let mut world = World::of(config_for(&["https://mcp.test"]));
    let (_, tokens) = until_tokens(&mut world, BACK[0], "https://mcp.test/");
    assert_eq!(audience(&tokens), "https://mcp.test");
    assert_eq!(member(&tokens, "token_type"), "Bearer");
}

/// Where no scope is told to it; it stands for none.
#[test]
fn claude_asks_for_a_scope_of_its_own() {
    let mut world = world();
    let client = registered(&mut world, &metadata("client_secret_post"));
    let changes = [
        ("client_id", &*client.id),
        ("redirect_uri", BACK[0]),
        ("scope", "claudeai"),
        ("resource", MCP),
    ];
    let page = world.get(&crate::world::authorize_with(&changes));
    assert_eq!(page.status, 200, "{}", crate::world::text(&page));
}

//! Claude Code: a program on the person's machine, with a port of the moment, many sessions of one
//! sign-in, and a client id that it keeps forever.

use serde_json::{Value, json};

use crate::wire::{
    MCP, Registered, assert_error, assert_error_page, authorize, code, config_for, registered,
    token, tokens, world,
};
use crate::world::{Store, VERIFIER, World, explore, post};

/// Without a port, as its metadata document lists them.
const BACK: [&str; 2] = ["http://localhost/callback", "http://127.0.0.1/callback"];

const NOW: &str = "http://localhost:51687/callback";

fn metadata(redirect_uris: &[&str]) -> Value {
    json!({
        "client_name": "Claude Code",
        "redirect_uris": redirect_uris,
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
    })
}

fn redemption<'a>(id: &'a str, code: &'a str, back: &'a str) -> [(&'a str, &'a str); 6] {
    [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("code_verifier", VERIFIER),
        ("redirect_uri", back),
        ("client_id", id),
        ("resource", MCP),
    ]
}

fn until_tokens(world: &mut World) -> (Registered, Value) {
    let client = registered(world, &metadata(&BACK));
    let code = code(world, &client.id, NOW, &[("resource", MCP)]);
    let tokens = tokens(&token(world, &redemption(&client.id, &code, NOW), None));
    (client, tokens)
}

fn refreshing<'a>(id: &'a str, tokens: &'a Value) -> [(&'a str, &'a str); 4] {
    let refresh_token = tokens["refresh_token"].as_str().unwrap();
    let grant = [("grant_type", "refresh_token"), ("refresh_token", refresh_token)];
    [grant[0], grant[1], ("client_id", id), ("resource", MCP)]
}

/// Rule 7: `localhost` by name as well as the address, registered without a port.
#[test]
pub(crate) fn claude_code_uses_any_loopback_port() {
    let mut world = world();
    let client = registered(&mut world, &metadata(&BACK));
    for back in [NOW, "http://127.0.0.1:60123/callback", "http://localhost:1024/callback"] {
        let code = code(&mut world, &client.id, back, &[("resource", MCP)]);
        tokens(&token(&mut world, &redemption(&client.id, &code, back), None));
    }
}

/// Registered with the port of one day, used with that of another.
#[test]
fn claude_code_leaves_the_port_that_it_registered() {
    let mut world = world();
    let client = registered(&mut world, &metadata(&["http://localhost:40001/callback"]));
    code(&mut world, &client.id, NOW, &[("resource", MCP)]);
}

/// Rule 7: no host stands for the other, and no path for another.
#[test]
pub(crate) fn claude_code_on_localhost_is_not_on_the_address() {
    let mut world = world();
    let client = registered(&mut world, &metadata(&[BACK[0]]));
    for other in ["http://127.0.0.1:51687/callback", "http://localhost:51687/callback/"] {
        assert_error_page(&mut world, &authorize(&client.id, other, &[("resource", MCP)]));
    }
}

/// Rule 7: the port of the authorization request, at the token endpoint to the digit.
#[test]
pub(crate) fn claude_code_redeems_with_the_port_that_it_used() {
    let mut world = world();
    let client = registered(&mut world, &metadata(&BACK));
    let code = code(&mut world, &client.id, NOW, &[("resource", MCP)]);
    for other in ["http://localhost:51688/callback", BACK[0]] {
        let response = token(&mut world, &redemption(&client.id, &code, other), None);
        assert_error(&response, 400, "invalid_grant");
    }
    tokens(&token(&mut world, &redemption(&client.id, &code, NOW), None));
}

/// Rule 9: three sessions refresh at the same moment, in every order of their steps: one successor for
/// all, and the grant lives.
#[test]
pub(crate) fn claude_code_sessions_share_one_refresh_token() {
    let mut world = world();
    let (client, first) = until_tokens(&mut world);
    let form = refreshing(&client.id, &first);
    let requests = || {
        vec![
            post("/oauth/token", &form, &[]),
            post("/oauth/token", &form, &[]),
            post("/oauth/token", &form, &[]),
        ]
    };
    let schedules = explore::explore(&world, requests, 0, |mut ending| {
        let answers: Vec<Value> = ending.responses.iter().map(tokens).collect();
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
        tokens(&token(&mut ending.world, &refreshing(&client.id, &answers[0]), None));
    });
    assert!(schedules > 1, "{schedules}");
}

/// Rule 6: whatever became of the store, and however long ago it registered.
#[test]
pub(crate) fn claude_code_keeps_its_client_id_forever() {
    let mut world = world();
    let (client, _) = until_tokens(&mut world);
    world.pass(10 * 365 * 24 * 60 * 60);
    world.store = Store::default();
    let mut world = world.reconfigured(config_for(&[MCP]));
    let code = code(&mut world, &client.id, NOW, &[("resource", MCP)]);
    tokens(&token(&mut world, &redemption(&client.id, &code, NOW), None));
}

//! VS Code and Copilot: two addresses of vscode.dev, and the person's own machine by address, whose
//! path is `/`.

use serde_json::{Value, json};

use crate::wire::{
    MCP, Registered, assert_error_page, authorize, code, registered, token, tokens, world,
};
use crate::world::{VERIFIER, World};

const BACK: [&str; 4] = [
    "https://vscode.dev/redirect",
    "https://insiders.vscode.dev/redirect",
    "http://127.0.0.1/",
    "http://127.0.0.1:33418/",
];

fn metadata() -> Value {
    json!({
        "client_name": "Visual Studio Code",
        "redirect_uris": BACK,
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
    })
}

fn connected(world: &mut World, back: &str) -> Registered {
    let client = registered(world, &metadata());
    let code = code(world, &client.id, back, &[("resource", MCP)]);
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &*code),
        ("code_verifier", VERIFIER),
        ("redirect_uri", back),
        ("client_id", &client.id),
    ];
    tokens(&token(world, &form, None));
    client
}

#[test]
fn vscode_registers_its_addresses_and_the_persons_machine() {
    let client = registered(&mut world(), &metadata());
    assert_eq!(client.answer["redirect_uris"], json!(BACK));
}

#[test]
fn vscode_comes_back_at_each_of_its_redirect_uris() {
    for back in BACK {
        connected(&mut world(), back);
    }
}

/// Where 33418 is busy.
#[test]
fn vscode_takes_a_random_port() {
    connected(&mut world(), "http://127.0.0.1:57113/");
}

/// Rule 7: the path is `/`, and an empty one is another.
#[test]
pub(crate) fn vscode_comes_back_with_the_slash_that_it_registered() {
    let mut world = world();
    let client = connected(&mut world, BACK[3]);
    for other in ["http://127.0.0.1:33418", "http://127.0.0.1:33418//"] {
        assert_error_page(&mut world, &authorize(&client.id, other, &[("resource", MCP)]));
    }
}

//! rmcp's own client walks the MCP server of the example, over sockets.

#![allow(clippy::unwrap_used, reason = "tests")]

mod browser;
mod client;
mod world;

use std::time::Duration;

use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE};
use rmcp::transport::auth::AuthorizationRequest;
use serde_json::json;

use browser::BACK;
use client::{Client, refused, token_for};
use world::World;

#[tokio::test]
async fn who_has_no_token_is_told_where_one_is_had_and_that_reading_is_enough() {
    let world = World::start().await;
    let metadata = format!("{}/.well-known/oauth-protected-resource/mcp", world.origin);
    let field = format!("Bearer resource_metadata=\"{metadata}\", scope=\"notes:read\"");
    assert_eq!(refused(&world).await, field);
}

#[tokio::test]
async fn a_client_that_knows_the_address_alone_gets_in_and_reads() {
    let world = World::start().await;
    let client = Client::connect(&world, "ada").await;
    assert!(client.page.contains("a foreign client") && client.page.contains("Your notes"));
    assert!(client.page.contains("notes:read") && !client.page.contains("notes:write"));
    assert_eq!(client.tools().await, ["notes_read", "notes_write"]);
    assert_eq!(client.read().await.unwrap(), "");
}

#[tokio::test]
async fn a_tool_that_needs_more_is_refused_until_the_person_has_agreed() {
    let world = World::start().await;
    let mut client = Client::connect(&world, "ada").await;
    let refusal = client.write("buy milk").await.unwrap_err();
    let challenge = refusal.auth_challenge().unwrap();
    assert!(challenge.starts_with("Bearer error=\"insufficient_scope\""), "{challenge}");
    assert!(challenge.ends_with("scope=\"notes:read notes:write\""), "{challenge}");
    assert_eq!(client.read().await.unwrap(), "");

    client.step_up("notes:read notes:write").await;
    assert!(client.page.contains("Write notes for you"));
    assert_eq!(client.write("buy milk").await.unwrap(), "written");
    assert_eq!(client.read().await.unwrap(), "buy milk");
}

#[tokio::test]
async fn the_same_holds_in_the_newest_protocol() {
    let world = World::start().await;
    let mut client = Client::connect(&world, "ada").await;
    client.speak_the_newest(&world).await;
    assert_eq!(client.read().await.unwrap(), "");
    let refusal = client.write("buy milk").await.unwrap_err();
    assert!(refusal.auth_challenge().unwrap().contains("insufficient_scope"));
    client.step_up("notes:write").await;
    assert_eq!(client.write("buy milk").await.unwrap(), "written");
}

#[tokio::test]
async fn whoever_may_write_may_read() {
    let world = World::start().await;
    let request = AuthorizationRequest::new(BACK).with_scopes(["notes:write"]);
    let client = Client::authorized(&world, "ada", request).await;
    assert!(!client.page.contains("notes:read"));
    client.write("buy milk").await.unwrap();
    assert_eq!(client.read().await.unwrap(), "buy milk");
}

#[tokio::test]
async fn notes_belong_to_whom_wrote_them() {
    let world = World::start().await;
    let mut ada = Client::connect(&world, "ada").await;
    ada.step_up("notes:write").await;
    ada.write("buy milk").await.unwrap();
    assert_eq!(Client::connect(&world, "grace").await.read().await.unwrap(), "");
    assert_eq!(Client::connect(&world, "ada").await.read().await.unwrap(), "buy milk");
}

#[tokio::test]
async fn an_expired_token_is_refreshed_on_the_way() {
    let world = World::start().await;
    let client = Client::connect(&world, "ada").await;
    let (first, _) = client.credentials().await;
    world.pass(Duration::from_secs(15 * 60));
    assert_eq!(get(&world.mcp(), &first).await.status(), 401);
    assert_eq!(client.read().await.unwrap(), "");
    let (second, _) = client.credentials().await;
    assert_ne!(second, first);

    client.refresh().await;
    assert_eq!(client.read().await.unwrap(), "");
    assert_ne!(client.credentials().await.0, second);
}

#[tokio::test]
async fn a_token_for_one_resource_is_refused_at_another() {
    let world = World::start().await;
    let other = format!("{}/other", world.origin);
    let (for_mcp, for_other) = (token_for(&world.mcp()).await, token_for(&other).await);
    assert_eq!(get(&other, &for_other).await.status(), 200);
    // It is let through; rmcp has nothing to GET.
    assert_eq!(get(&world.mcp(), &for_mcp).await.status(), 405);
    for (url, token) in [(&other, &for_mcp), (&world.mcp(), &for_other)] {
        let answer = get(url, token).await;
        assert_eq!(answer.status(), 401);
        let challenge = answer.headers()[WWW_AUTHENTICATE].to_str().unwrap();
        assert!(challenge.starts_with("Bearer error=\"invalid_token\""), "{challenge}");
    }
}

#[tokio::test]
async fn a_revoked_grant_is_refused_at_once() {
    let world = World::start().await;
    let client = Client::connect(&world, "ada").await;
    assert_eq!(client.read().await.unwrap(), "");
    let (token, client_id) = client.credentials().await;
    revoke(&world, &token, &client_id).await;
    let refusal = client.read().await.unwrap_err();
    assert!(refusal.is_authorization_required(), "{refusal}");
}

/// RFC 7009; rmcp does not.
async fn revoke(world: &World, token: &str, client_id: &str) {
    let form = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("token", token), ("client_id", client_id)])
        .finish();
    let revocation = reqwest::Client::new()
        .post(format!("{}/oauth/revoke", world.origin))
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(form);
    assert_eq!(revocation.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn what_cannot_be_read_and_a_tool_of_no_scopes_go_no_further() {
    let world = World::start().await;
    let mut client = Client::connect(&world, "ada").await;
    let (token, _) = client.credentials().await;
    let call = |name: &str| {
        let params = json!({ "name": name, "arguments": { "text": "by a back door" } });
        json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params }).to_string()
    };
    for (message, status) in [
        (call("notes_write"), 403),
        (call("a tool that is not there"), 403),
        (format!("[{}]", call("notes_write")), 400),
        ("{".to_owned(), 400),
        (call(&"x".repeat(64 * 1024)), 413),
    ] {
        assert_eq!(post(&world.mcp(), &token, &message).await.status(), status, "{message:.200}");
    }
    // With two names it is no call, for who judges it as for rmcp.
    let twice = call("notes_write").replacen("\"name\":", "\"name\":\"notes_read\",\"name\":", 1);
    let answer = post(&world.mcp(), &token, &twice).await.text().await.unwrap();
    assert!(answer.contains("-32601"), "{answer}");
    client.step_up("notes:write").await;
    assert_eq!(client.read().await.unwrap(), "");
}

async fn get(url: &str, token: &str) -> reqwest::Response {
    let request = reqwest::Client::new().get(url).header(AUTHORIZATION, format!("Bearer {token}"));
    request.send().await.unwrap()
}

async fn post(url: &str, token: &str, message: &str) -> reqwest::Response {
    let request = reqwest::Client::new()
        .post(url)
        .header(AUTHORIZATION, format!("Bearer {token}"))
        .header(ACCEPT, "application/json, text/event-stream")
        .header(CONTENT_TYPE, "application/json");
    request.body(message.to_owned()).send().await.unwrap()
}

//! What the clients have in common: how they discover, register, sign in and ask for tokens, and
//! what the strictest of them makes of an answer.

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{Method, header};
use serde_json::{Value, json};
use vestibule_core::{Config, Issuer, Resource, Response};

use crate::world::{
    Browser, CHALLENGE, World, claims_of, config, json_of, post, query_of, request, text,
};

/// A resource on the server's own origin, so that every document of a discovery is here.
pub(crate) const MCP: &str = "https://as.test/mcp";
pub(crate) const METADATA: &str = "/.well-known/oauth-authorization-server";
pub(crate) const RESOURCE_METADATA: &str = "/.well-known/oauth-protected-resource";
pub(crate) const STATE: &str = "Qk5xZ2h0";

/// What the TypeScript SDKs say with each request of a discovery.
pub(crate) const VERSION: (&str, &str) = ("mcp-protocol-version", "2025-11-25");

/// The fixtures with other resources, each with the scopes `mcp:read` and `mcp:write`.
pub(crate) fn config_for(resources: &[&str]) -> Config {
    let mut config = config();
    let scopes = ["mcp:read", "mcp:write"].map(str::to_owned);
    config.resources =
        resources.iter().map(|uri| Resource::new(uri, scopes.clone().into()).unwrap()).collect();
    config
}

pub(crate) fn world() -> World {
    World::of(config_for(&[MCP]))
}

/// A server whose issuer has a path, with a resource beside it.
pub(crate) fn tenant() -> World {
    let mut config = config_for(&["https://as.test/tenant1/mcp"]);
    config.issuer = Issuer::parse("https://as.test/tenant1").unwrap();
    World::of(config)
}

// Discovery.

pub(crate) fn get(world: &mut World, path: &str, headers: &[(&str, &str)]) -> Response {
    world.send(request(Method::GET, path, headers, ""))
}

/// A document that every client can read: 200 without a redirect, JSON, no member that is `null`.
pub(crate) fn document(world: &mut World, path: &str) -> Value {
    let response = get(world, path, &[VERSION, ("accept", "application/json")]);
    assert_eq!(response.status, 200, "{path}: {}", text(&response));
    read_json(&response)
}

/// What sends a client on to the next address: 404, JSON, and nowhere to go.
pub(crate) fn assert_nothing_at(world: &mut World, path: &str) {
    let response = get(world, path, &[VERSION, ("accept", "application/json")]);
    assert_eq!(response.status, 404, "{path}: {}", text(&response));
    assert!(!response.headers.contains_key(header::LOCATION), "{path}");
    assert!(read_json(&response)["error"].is_string(), "{path}");
}

/// Asks the addresses in turn, as a client does: all but the last are not there; the last's document.
pub(crate) fn first_document(world: &mut World, addresses: &[&str]) -> Value {
    let (last, before) = addresses.split_last().unwrap();
    for path in before {
        assert_nothing_at(world, path);
    }
    document(world, last)
}

pub(crate) fn read_json(response: &Response) -> Value {
    assert_eq!(response.headers[header::CONTENT_TYPE], "application/json");
    let json = json_of(response);
    assert_no_null(&json);
    json
}

/// A member without a value is left out: both TypeScript SDKs refuse `null` anywhere.
fn assert_no_null(json: &Value) {
    match json {
        Value::Null => panic!("null"),
        Value::Array(items) => items.iter().for_each(assert_no_null),
        Value::Object(members) => {
            assert!(!members.values().any(Value::is_null), "{json}");
            members.values().for_each(assert_no_null);
        }
        _ => {}
    }
}

// Registration.

pub(crate) struct Registered {
    pub(crate) id: String,
    pub(crate) secret: Option<String>,
    pub(crate) answer: Value,
}

/// A registration that succeeds, with what all clients need of its answer: 201, no `null`, what was
/// sent comes back, a method is always named, a secret only for a method that has one, and neither
/// id nor secret with a character that one client encodes and another does not.
pub(crate) fn registered(world: &mut World, metadata: &Value) -> Registered {
    let response = world.register_with(metadata);
    assert_eq!(response.status, 201, "{}", text(&response));
    let answer = read_json(&response);
    let echoed = ["redirect_uris", "grant_types", "response_types", "client_name"];
    for name in echoed.into_iter().chain(["token_endpoint_auth_method"]) {
        if let Some(sent) = metadata.get(name) {
            assert_eq!(answer[name], *sent, "{name}");
        }
    }
    let method = member(&answer, "token_endpoint_auth_method");
    let secret = answer.get("client_secret").map(|_| member(&answer, "client_secret"));
    assert_eq!(secret.is_some(), method != "none", "{answer}");
    let never = json!(0);
    assert_eq!(answer.get("client_secret_expires_at"), secret.is_some().then_some(&never));
    let id = member(&answer, "client_id");
    assert!(is_plain(&id) && secret.as_deref().is_none_or(is_plain), "{answer}");
    Registered { id, secret, answer }
}

/// Made of `[A-Za-z0-9_-]`.
fn is_plain(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
}

pub(crate) fn member(json: &Value, name: &str) -> String {
    json[name].as_str().unwrap_or_else(|| panic!("no {name} in {json}")).to_owned()
}

// Signing in.

/// An authorization request: what all clients send, and what one of them sends beside it.
pub(crate) fn authorize(client_id: &str, redirect_uri: &str, more: &[(&str, &str)]) -> String {
    let challenge = more.iter().any(|(name, _)| *name == "code_challenge");
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("response_type", "code")
        .append_pair("client_id", client_id)
        .extend_pairs((!challenge).then_some(("code_challenge", CHALLENGE)))
        .append_pair("code_challenge_method", "S256")
        .append_pair("redirect_uri", redirect_uri)
        .append_pair("state", STATE)
        .extend_pairs(more)
        .finish();
    format!("/oauth/authorize?{query}")
}

/// A sign-in: what the client finds in the query of its redirect URI.
pub(crate) fn signed_in(
    world: &mut World,
    client_id: &str,
    redirect_uri: &str,
    more: &[(&str, &str)],
) -> HashMap<String, String> {
    let authorize = authorize(client_id, redirect_uri, more);
    let to = Browser::default().until_redirect(world, &authorize);
    assert!(to.starts_with(&format!("{redirect_uri}?")), "{to}");
    let said = query_of(&to);
    assert_eq!(said["state"], STATE);
    said
}

pub(crate) fn code(
    world: &mut World,
    client_id: &str,
    redirect_uri: &str,
    more: &[(&str, &str)],
) -> String {
    signed_in(world, client_id, redirect_uri, more)["code"].clone()
}

/// A person's page that leads nowhere: what a browser shows for a request that must not go on.
pub(crate) fn assert_error_page(world: &mut World, authorize: &str) {
    let response = world.get(authorize);
    assert_eq!(response.status, 400, "{}", text(&response));
    assert_eq!(response.headers[header::CONTENT_TYPE], "text/html; charset=utf-8");
    assert!(!response.headers.contains_key(header::LOCATION));
    assert!(text(&response).contains("<h1>"), "{}", text(&response));
}

// Tokens.

/// A request to the token endpoint as `fetch`, `httpx` and `reqwest` send it.
pub(crate) fn token(
    world: &mut World,
    form: &[(&str, &str)],
    authorization: Option<&str>,
) -> Response {
    let headers: Vec<_> = [("accept", "application/json")]
        .into_iter()
        .chain(authorization.map(|value| ("authorization", value)))
        .collect();
    world.send(post("/oauth/token", form, &headers))
}

/// Tokens as the strictest client reads them: JSON that is not cached, `token_type` Bearer, a whole
/// number of seconds, a scope, a refresh token, no `null`.
pub(crate) fn tokens(response: &Response) -> Value {
    let tokens = tokens_of(response);
    assert!(tokens["scope"].as_str().is_some_and(|scope| !scope.is_empty()), "{tokens}");
    tokens
}

/// The same for a resource that has no scopes: no answer names one.
pub(crate) fn tokens_without_scope(response: &Response) -> Value {
    let tokens = tokens_of(response);
    assert!(tokens.get("scope").is_none(), "{tokens}");
    tokens
}

fn tokens_of(response: &Response) -> Value {
    assert_eq!(response.status, 200, "{}", text(response));
    assert_eq!(response.headers[header::CACHE_CONTROL], "no-store");
    let tokens = read_json(response);
    assert_eq!(tokens["token_type"], "Bearer");
    assert!(tokens["expires_in"].is_u64(), "{tokens}");
    for name in ["access_token", "refresh_token"] {
        assert!(tokens[name].is_string(), "{name}: {tokens}");
    }
    tokens
}

/// The audience of the access token.
pub(crate) fn audience(tokens: &Value) -> Value {
    claims_of(&member(tokens, "access_token"))["aud"].clone()
}

/// An error as clients key on it: exactly this status and code, in JSON.
pub(crate) fn assert_error(response: &Response, status: u16, error: &str) {
    assert_eq!(response.status, status, "{}", text(response));
    assert_eq!(response.headers[header::CACHE_CONTROL], "no-store");
    assert_eq!(read_json(response)["error"], error);
}

/// `Basic` with id and secret as they are: `btoa(id + ":" + secret)`.
pub(crate) fn basic_raw(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

/// `Basic` with both percent-encoded: Python's `quote(text, safe="")`.
pub(crate) fn basic_quoted(id: &str, secret: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let quote = |text: &str| -> String {
        let quoted = |b: u8| if plain(b) { (b as char).into() } else { format!("%{b:02X}") };
        text.bytes().map(quoted).collect()
    };
    basic_raw(&quote(id), &quote(secret))
}

/// `Basic` with both form-encoded (RFC 6749 §2.3.1): Rust's oauth2.
pub(crate) fn basic_form(id: &str, secret: &str) -> String {
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    basic_raw(&encode(id), &encode(secret))
}

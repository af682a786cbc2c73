//! What a protected resource tells whoever may not pass (MCP authorization: Error Handling, Scope
//! Selection Strategy, Scope Challenge Handling), in HTTP and in a tool's result.

use http::header::{AUTHORIZATION, CACHE_CONTROL, WWW_AUTHENTICATE};
use serde_json::{Value, json};
use vestibule_core::{Challenge, Denied, Principal, Resource, Response, Timestamp, mcp};

use crate::expect::member;
use crate::world::{Judge, RES, World, config, json_of, resource_request};

const METADATA: &str = "https://mcp.test/.well-known/oauth-protected-resource/mcp";

/// A world whose resource knows more than the fixtures' does.
fn world() -> World {
    let mut config = config();
    let scopes = ["mcp:read", "mcp:write", "mcp:admin"].map(str::to_owned);
    let mut resource = Resource::new(RES, scopes.into()).unwrap();
    for (scope, implied) in [("mcp:admin", "mcp:write"), ("mcp:write", "mcp:read")] {
        resource.implies.insert(scope.to_owned(), vec![implied.to_owned()]);
    }
    config.resources = vec![resource];
    World::of(config)
}

fn token_for(world: &mut World, scope: &str) -> String {
    let code = world.until_code_with(&[("scope", scope)])["code"].clone();
    member(&json_of(&world.redeem(&code)), "access_token")
}

fn without_token() -> http::request::Parts {
    let mut parts = resource_request("x");
    parts.headers.remove(AUTHORIZATION);
    parts
}

fn denied(world: &World, parts: &http::request::Parts) -> Challenge {
    Judge::Server(Box::new(world.server.clone())).authenticate(parts, world.now).unwrap_err()
}

/// The one field, and nothing that a naive reader could stumble over: `Bearer` first, then
/// parameters, each once and each quoted.
fn parameters(response: &Response) -> Vec<(String, String)> {
    let fields: Vec<_> = response.headers.get_all(WWW_AUTHENTICATE).iter().collect();
    let [field] = fields.as_slice() else { panic!("{fields:?}") };
    let list = field.to_str().unwrap().strip_prefix("Bearer ").unwrap();
    // No value here has a quote inside, so a quote and a comma end one.
    let all: Vec<(String, String)> = list
        .strip_suffix('"')
        .unwrap()
        .split("\", ")
        .map(|parameter| {
            let (name, value) = parameter.split_once("=\"").unwrap();
            assert!(!value.contains('"'), "{list}");
            (name.to_owned(), value.to_owned())
        })
        .collect();
    assert_eq!(response.headers[CACHE_CONTROL], "no-store");
    assert!(!list.contains("offline_access"), "{list}");
    all
}

fn value_of(response: &Response, name: &str) -> Option<String> {
    let mut found = parameters(response).into_iter().filter(|(own, _)| own == name);
    let value = found.next().map(|(_, value)| value);
    assert!(found.next().is_none(), "{name} stands there twice");
    value
}

#[test]
fn a_401_says_where_the_metadata_is_and_which_scopes_to_ask_for() {
    let world = world();
    let challenge = denied(&world, &without_token());
    let response = challenge.response();
    assert_eq!(response.status, 401);
    let all = "mcp:read mcp:write mcp:admin";
    let expected = [("resource_metadata", METADATA), ("scope", all)];
    assert_eq!(parameters(&response), expected.map(|(name, it)| (name.to_owned(), it.to_owned())));
    // An operation that needs less says less.
    let response = challenge.for_scopes(&["mcp:read"]).response();
    assert_eq!(value_of(&response, "scope").unwrap(), "mcp:read");
}

#[test]
fn offline_access_is_never_named() {
    let mut config = config();
    config.resources[0].scopes = vec!["offline_access".to_owned(), "mcp:read".to_owned()];
    let world = World::of(config);
    let challenge = denied(&world, &without_token());
    assert_eq!(value_of(&challenge.response(), "scope").unwrap(), "mcp:read");
    let named = challenge.for_scopes(&["offline_access", "mcp:read"]);
    assert_eq!(named.scopes().collect::<Vec<_>>(), ["mcp:read"]);
    assert_eq!(value_of(&named.response(), "scope").unwrap(), "mcp:read");
    let metadata = world.server.protected(&without_token()).unwrap();
    let get = http::Request::get(metadata.metadata_path()).body(()).unwrap().into_parts().0;
    let document = json_of(&metadata.answer(&get).unwrap());
    assert_eq!(document["scopes_supported"], json!(["mcp:read"]));
}

#[test]
fn a_token_that_is_no_good_is_a_401_with_its_error() {
    let mut world = world();
    let token = token_for(&mut world, "mcp:read");
    let expired = {
        let mut later = world.clone();
        later.pass(900);
        denied(&later, &resource_request(&token))
    };
    for challenge in [expired, denied(&world, &resource_request("x"))] {
        let response = challenge.response();
        assert_eq!((response.status.as_u16(), challenge.reason()), (401, Denied::InvalidToken));
        assert_eq!(value_of(&response, "error").unwrap(), "invalid_token");
        assert_eq!(value_of(&response, "resource_metadata").unwrap(), METADATA);
        assert_eq!(json_of(&response)["error"], "invalid_token");
    }
}

#[test]
fn a_malformed_request_is_a_400() {
    let world = world();
    for headers in [&["Bearer a", "Bearer b"][..], &["Bearer"], &["x"], &["Bearer a", "Basic b"]] {
        let mut parts = without_token();
        for header in headers {
            parts.headers.append(AUTHORIZATION, header.parse().unwrap());
        }
        let response = denied(&world, &parts).response();
        assert_eq!(response.status, 400, "{headers:?}");
        assert_eq!(value_of(&response, "error").unwrap(), "invalid_request");
    }
}

#[test]
fn a_403_names_every_scope_of_the_operation_in_one_field() {
    let mut world = world();
    let token = token_for(&mut world, "mcp:read");
    let principal = Judge::agree(&world, &resource_request(&token)).unwrap();
    let challenge = principal.require(&["mcp:read", "mcp:write"]).unwrap_err();
    // What was said of the operation before does not shrink.
    let response = challenge.for_scopes(&["mcp:read"]).response();
    assert_eq!(response.status, 403);
    assert_eq!(value_of(&response, "error").unwrap(), "insufficient_scope");
    assert_eq!(value_of(&response, "scope").unwrap(), "mcp:read mcp:write");
    assert_eq!(value_of(&response, "resource_metadata").unwrap(), METADATA);
}

/// A layer before many handlers needs one scope, a handler another: a client that asks for what is
/// named gets through both.
#[test]
fn a_403_names_what_is_needed_throughout_too() {
    let mut world = world();
    let token = token_for(&mut world, "mcp:read");
    let principal = Judge::agree(&world, &resource_request(&token)).unwrap();
    let principal = principal.require_throughout(&["mcp:read"]).unwrap();
    let challenge = principal.require(&["mcp:write", "mcp:read"]).unwrap_err();
    assert_eq!(challenge.scopes().collect::<Vec<_>>(), ["mcp:read", "mcp:write"]);
    let challenge = principal.require_throughout(&["mcp:admin"]).unwrap_err();
    assert_eq!(challenge.scopes().collect::<Vec<_>>(), ["mcp:read", "mcp:admin"]);
}

/// MCP authorization, Access Token Usage: a URL ends up in logs.
#[test]
fn a_token_in_a_query_is_none() {
    let mut world = world();
    let token = token_for(&mut world, "mcp:read");
    let mut parts = without_token();
    parts.uri = format!("/mcp?access_token={token}").parse().unwrap();
    for judge in Judge::both(&world, RES) {
        let refused = judge.authenticate(&parts, world.now).unwrap_err();
        assert_eq!(refused.reason(), Denied::NoToken);
    }
}

/// A guard that asks the introspection endpoint has a token's claims from there.
#[test]
fn who_has_a_tokens_claims_judges_by_them() {
    let mut world = world();
    let token = token_for(&mut world, "mcp:write");
    let judged = Judge::agree(&world, &resource_request(&token)).unwrap();
    let protected = world.server.protected_at(RES).unwrap();
    let of = |claims: &serde_json::Map<String, Value>, now| {
        let now = Timestamp::from_seconds(now);
        Principal::of_claims(protected, world.server.issuer(), claims.clone(), now)
    };
    let principal = of(&judged.claims, world.now).unwrap();
    assert_eq!(principal.subject, judged.subject);
    assert!(principal.require(&["mcp:read"]).is_ok());
    assert!(of(&judged.claims, judged.expires_at.seconds()).is_none());
    for member in ["aud", "iss"] {
        let mut of_others = judged.claims.clone();
        of_others[member] = json!("https://other.test/mcp");
        assert!(of(&of_others, world.now).is_none(), "{member}");
    }
}

#[test]
fn a_scope_that_contains_another_is_enough_for_it() {
    let mut world = world();
    for (granted, has, lacks) in [
        ("mcp:admin", &["mcp:read", "mcp:write", "mcp:admin"][..], &[][..]),
        ("mcp:write", &["mcp:read", "mcp:write"], &["mcp:admin"]),
        ("mcp:read", &["mcp:read"], &["mcp:write", "mcp:admin"]),
    ] {
        let token = token_for(&mut world, granted);
        for judge in Judge::both(&world, RES) {
            let principal = judge.authenticate(&resource_request(&token), world.now).unwrap();
            assert_eq!(principal.scope, granted, "the token says what was granted");
            assert!(principal.require(has).is_ok(), "{granted}");
            assert!(lacks.iter().all(|scope| !principal.has_scope(scope)), "{granted}");
        }
    }
}

#[test]
fn what_could_not_be_found_out_is_a_503() {
    let verifier = crate::world::Remote::of(world(), RES);
    let mut world = world();
    let token = token_for(&mut world, "mcp:read");
    let response = verifier.look(&token).0.unwrap_err().response();
    assert_eq!(response.status, 503);
    assert_eq!(response.headers["retry-after"], "1");
    assert_eq!(json_of(&response)["error"], "temporarily_unavailable");
}

/// What `createAuthError` of others answers, member for member.
#[test]
fn a_tools_result_asks_for_a_token() {
    let mut error = mcp::AuthError::new(METADATA);
    error.error_description = Some("No access token provided");
    let result = mcp::create_auth_error("Authentication required", &error);
    let field = format!(
        "Bearer resource_metadata=\"{METADATA}\", error=\"invalid_token\", \
         error_description=\"No access token provided\""
    );
    let expected = json!({
        "content": [{ "type": "text", "text": "Authentication required" }],
        "_meta": { "mcp/www_authenticate": [field] },
        "isError": true,
    });
    assert_eq!(result, expected);
    assert_eq!(mcp::www_authenticate(&error), field.as_str());
    assert!(mcp::is_auth_error(&result));

    // Without a description, that is the message; quotes are nobody's way out of a value.
    let hostile = "a\", error=\"none\r\n\\ \u{e9}";
    let scopes = ["mcp:read", "offline_access", "a\"b"];
    let mut error = mcp::AuthError::new(METADATA);
    (error.error, error.required_scopes) = ("insufficient_scope", &scopes);
    let result = mcp::create_auth_error(hostile, &error);
    assert_eq!(result["content"][0]["text"], hostile);
    assert_eq!(
        result["_meta"]["mcp/www_authenticate"][0],
        format!(
            "Bearer resource_metadata=\"{METADATA}\", error=\"insufficient_scope\", \
             error_description=\"a', error='none     \", scope=\"mcp:read\""
        )
    );
}

#[test]
fn a_tools_result_says_what_the_answer_would() {
    let world = world();
    let challenge = denied(&world, &resource_request("x")).for_scopes(&["mcp:read"]);
    let result = mcp::challenge_result(&challenge);
    let field = challenge.response().headers[WWW_AUTHENTICATE].clone();
    assert_eq!(result["_meta"]["mcp/www_authenticate"], json!([field.to_str().unwrap()]));
    assert_eq!(result["content"][0]["text"], challenge.description());
    assert!(mcp::is_auth_error(&result));
}

/// OpenAI's Apps SDK offers to link an account where there is an error and its description.
#[test]
fn a_tools_result_has_an_error_where_no_token_came() {
    let result = mcp::challenge_result(&denied(&world(), &without_token()));
    let field = result["_meta"]["mcp/www_authenticate"][0].as_str().unwrap();
    let start =
        "Bearer error=\"invalid_token\", error_description=\"An access token is needed.\", ";
    assert!(field.starts_with(start), "{field}");
}

/// Nobody is to sign in again because a server stumbled.
#[test]
fn a_tools_result_asks_for_nothing_where_it_could_not_be_found_out() {
    let challenge = Challenge::new(Denied::Unavailable, None);
    let result = mcp::challenge_result(&challenge);
    assert_eq!(result["isError"], true);
    assert!(!mcp::is_auth_error(&result));
}

#[test]
fn only_a_result_that_has_a_challenge_asks_for_a_token() {
    let of = |meta: Value| json!({ "isError": true, "content": [], "_meta": meta });
    assert!(mcp::is_auth_error(&of(json!({ "mcp/www_authenticate": ["Bearer"] }))));
    for none in [
        json!({}),
        json!(null),
        json!("Bearer"),
        json!({ "isError": true }),
        json!({ "_meta": { "mcp/www_authenticate": ["Bearer"] } }),
        json!({ "isError": "true", "_meta": { "mcp/www_authenticate": ["Bearer"] } }),
        of(json!({})),
        of(json!({ "mcp/www_authenticate": [] })),
        of(json!({ "mcp/www_authenticate": "Bearer" })),
        of(json!({ "mcp/www_authenticate": [1] })),
        of(json!({ "mcp/www_authenticate": [""] })),
    ] {
        assert!(!mcp::is_auth_error(&none), "{none}");
    }
}

#[test]
fn a_bearer_token_is_read_from_its_header_only() {
    let read = |values: &[&str]| {
        let mut parts = without_token();
        for value in values {
            parts.headers.append(AUTHORIZATION, value.parse().unwrap());
        }
        mcp::bearer_token(&parts.headers).map(str::to_owned)
    };
    for value in ["Bearer x.y", "bearer x.y", "BEARER x.y"] {
        assert_eq!(read(&[value]).as_deref(), Ok("x.y"));
    }
    assert_eq!(read(&[]), Err(Denied::NoToken));
    assert_eq!(read(&["Basic eDp5"]), Err(Denied::NoToken));
    assert_eq!(read(&["Bearer"]), Err(Denied::Malformed));
    assert_eq!(read(&["Bearer x", "Bearer x"]), Err(Denied::Malformed));
}

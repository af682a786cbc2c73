//! Audience, resources and scopes.

use serde_json::{Map, Value};
use vestibule_core::{
    AccessToken, Config, MapFailure, MapUser, Mapped, MappedToken, Refusal, Resource, Server,
};

use crate::expect::{
    RES2, assert_redirect, assert_rs401, assert_tok, get, last_refusal, member, redir, rs401, tok,
    tokens_with, until_callback,
};
use crate::world::{
    APP, Browser, ISSUER, Judge, RES, World, authorize_with, claims_of, config, json_of, post,
    query_of, redemption, refresh, resource_request, text,
};

fn config_for(resources: &[&str]) -> Config {
    let mut config = config();
    let scopes = ["mcp:read", "mcp:write"].map(str::to_owned);
    config.resources =
        resources.iter().map(|uri| Resource::new(uri, scopes.clone().into()).unwrap()).collect();
    config
}

fn aud(tokens: &Value) -> Value {
    claims_of(&member(tokens, "access_token"))["aud"].clone()
}

#[test]
fn aud_01_aud_05_a_token_is_for_the_resource_that_was_asked_for() {
    let mut world = World::new();
    let tokens = tokens_with(&mut world, &[], &[("resource", RES)]);
    assert_eq!(aud(&tokens), RES);
    let refreshed = world.refresh_with(&member(&tokens, "refresh_token"), &[("resource", RES)]);
    assert_eq!(aud(&json_of(&refreshed)), RES);
    let parts = resource_request(&member(&tokens, "access_token"));
    assert_eq!(Judge::agree(&world, &parts).unwrap().resource, RES);

    // Of several, and never the server's own name in its place.
    let mut world = World::of(config_for(&[ISSUER, RES, RES2]));
    for asked in [RES, RES2, ISSUER] {
        let tokens = tokens_with(&mut world, &[("resource", asked)], &[]);
        assert_eq!(aud(&tokens), asked);
    }
}

#[test]
fn aud_02_an_unknown_resource_is_refused() {
    let mut world = World::new();
    let code = world.until_code()["code"].clone();
    let token = member(&world.until_tokens(), "refresh_token");
    for unknown in [RES2, "https://evil.test/", ISSUER, "https://mcp.test"] {
        redir(&mut world, &authorize_with(&[("resource", unknown)]), "invalid_target");
        tok(&mut world, redemption(&code, &[("resource", unknown)]), "invalid_target");
        tok(&mut world, refresh(&token, &[("resource", unknown)]), "invalid_target");
    }
}

#[test]
fn aud_03_what_is_no_resource_is_refused() {
    let long = format!("{RES}/{}", "a".repeat(8 * 1024));
    let mut world = World::new();
    let code = world.until_code()["code"].clone();
    for none in [
        "https://mcp.test/mcp#f",
        "https://mcp.test/mcp#",
        "/mcp",
        "mcp.test/mcp",
        "urn:x",
        "https:mcp.test/mcp",
        "https:\\\\mcp.test\\mcp",
        "https://u@mcp.test/mcp",
        " https://mcp.test/mcp",
        "https://mcp.test/mcp\0",
        "*",
        &long,
    ] {
        redir(&mut world, &authorize_with(&[("resource", none)]), "invalid_target");
        tok(&mut world, redemption(&code, &[("resource", none)]), "invalid_target");
    }
    // A parameter without a value was not sent (RFC 6749 §3.1): the default, never no audience.
    let empty = authorize_with(&[("resource", "")]) + "&resource=";
    let location = Browser::default().until_redirect(&mut world, &empty);
    assert_eq!(aud(&json_of(&world.redeem(&query_of(&location)["code"]))), RES);
}

/// What a lenient reader of URLs would repair or resolve into the resource is another text.
#[test]
fn aud_03_aud_07_a_resource_is_not_repaired() {
    let mut world = World::new();
    let repaired = [
        "https:///mcp.test/mcp",
        "https:////mcp.test/mcp",
        "https://mcp.test/x/../mcp",
        "https://mcp.test/./mcp",
        "https://mcp.test/%2e/mcp",
        "https://mcp.test/x/%2E%2e/mcp",
        "https://mcp.test:0443/mcp",
        "https://mcp.test:/mcp",
        "https://mcp%2Etest/mcp",
        "https://@mcp.test/mcp",
    ];
    let asking = |uri: &&str| authorize_with(&[("resource", uri)]);
    let mut taken = repaired.to_vec();
    taken.retain(|uri| world.get(&asking(uri)).status != 303);
    assert!(taken.is_empty(), "taken for the resource: {taken:?}");
    for uri in repaired {
        redir(&mut world, &asking(&uri), "invalid_target");
    }
}

#[test]
fn aud_04_no_token_is_without_an_audience() {
    let none = [("resource", "")];
    let tokens = tokens_with(&mut World::new(), &none, &[]);
    assert_eq!(aud(&tokens), RES, "the only one");
    let tokens = tokens_with(&mut World::of(config_for(&[])), &none, &[]);
    assert_eq!(aud(&tokens), ISSUER, "none is configured");
    let mut several = World::of(config_for(&[RES, RES2]));
    redir(&mut several, &authorize_with(&none), "invalid_target");
}

#[test]
fn aud_06_a_token_for_one_resource_is_refused_at_another() {
    let mut world = World::of(config_for(&[RES, RES2]));
    for (own, other) in [(RES, RES2), (RES2, RES)] {
        let tokens = tokens_with(&mut world, &[("resource", own)], &[]);
        let mut parts = resource_request(&member(&tokens, "access_token"));
        parts.uri = own.parse().unwrap();
        let [here, there] = Judge::both(&world, own);
        for judge in [&here, &there] {
            assert_eq!(judge.authenticate(&parts, world.now).unwrap().resource, own);
        }
        // A resource in a process of its own is one, wherever a request says that it goes.
        let [_, there] = Judge::both(&world, other);
        assert_rs401(&there, &parts, world.now, other);
        for elsewhere in [other, "https://evil.test/mcp", "/mcp", "/", "https://mcp.test/mcpx"] {
            parts.uri = elsewhere.parse().unwrap();
            assert_rs401(&here, &parts, world.now, elsewhere);
        }
        // As a server sees it: the host in a field of its own.
        parts.uri = "/mcp".parse().unwrap();
        let host = other.split('/').nth(2).unwrap();
        parts.headers.insert("host", host.parse().unwrap());
        assert_rs401(&here, &parts, world.now, host);
    }
}

#[test]
fn aud_07_an_audience_is_compared_exactly() {
    for like in [
        "https://mcp.test/mcp-evil",
        "https://mcp.test/mcp/",
        "https://mcp.test/mc",
        "https://mcp.test/",
        "https://mcp.test/MCP",
        "https://mcp.test:8443/mcp",
        "http://mcp.test/mcp",
        "HTTPS://MCP.TEST:443/mcp",
        "https://mcp.test/mcp?x",
    ] {
        // Another server of the same issuer, with the same keys, for a resource that looks like it.
        let mut other = World::of(config_for(&[like]));
        let tokens = tokens_with(&mut other, &[("resource", like)], &[]);
        assert_eq!(aud(&tokens), like);
        rs401(&World::new(), &member(&tokens, "access_token"));
    }
}

#[test]
fn aud_08_a_resource_beyond_the_grant_is_refused_and_spends_nothing() {
    let mut world = World::of(config_for(&[RES, RES2]));
    let code = world.until_code()["code"].clone();
    tok(&mut world, redemption(&code, &[("resource", RES2)]), "invalid_target");
    let tokens = json_of(&world.redeem_with(&code, &[("resource", RES)]));
    assert_eq!(aud(&tokens), RES);
    let token = member(&tokens, "refresh_token");
    tok(&mut world, refresh(&token, &[("resource", RES2)]), "invalid_target");
    assert_eq!(aud(&json_of(&world.refresh(&token))), RES);
}

#[test]
fn aud_09_two_resources_at_once_are_refused() {
    let mut world = World::of(config_for(&[RES, RES2]));
    let two = format!("{}&resource=https%3A%2F%2Fother.test%2Fmcp", authorize_with(&[]));
    redir(&mut world, &two, "invalid_target");
    let code = world.until_code()["code"].clone();
    let mut form = vec![("grant_type", "authorization_code"), ("client_id", "P")];
    form.extend([("code", &*code), ("code_verifier", crate::world::VERIFIER)]);
    form.extend([("resource", RES), ("resource", RES2)]);
    tok(&mut world, post("/oauth/token", &form, &[]), "invalid_target");
    assert_eq!(aud(&json_of(&world.redeem(&code))), RES);
}

#[test]
fn aud_10_a_token_of_the_provider_opens_nothing_here() {
    let mut world = World::new();
    world.until_tokens();
    let jwt = "eyJhbGciOiJub25lIn0.eyJpc3MiOiJodHRwczovL2lkcC50ZXN0In0.";
    for token in ["upstream-access", "upstream-refresh", jwt, ""] {
        rs401(&world, token);
    }
}

#[test]
fn aud_11_no_answer_has_a_token_of_the_provider_in_it() {
    let mut world = World::new();
    let (mut browser, callback) = until_callback(&mut world, &authorize_with(&[]));
    let back = browser.get(&mut world, &callback);
    let code = query_of(back.headers["location"].to_str().unwrap())["code"].clone();
    let redeemed = world.redeem(&code);
    let tokens = json_of(&redeemed);
    let refreshed = world.refresh(&member(&tokens, "refresh_token"));
    let again = browser.get(&mut world, &callback);
    let claims = claims_of(&member(&tokens, "access_token")).to_string();
    let mut said = claims + &format!("{:?}", world.events);
    for response in [&back, &redeemed, &refreshed, &again] {
        said += &text(response);
        said += &format!("{:?}", response.headers);
    }
    assert!(!said.contains("upstream-"), "{said}");
    // Nor does the store hold it readable, or under whatever name.
    let (key, record) = world.store.only_record();
    assert!(!format!("{key:?}{record:?}").contains("upstream-"));
    assert!(!record.bytes.windows(9).any(|window| window == b"upstream-"));
}

type Mapper = fn(&MapUser) -> Result<Mapped, MapFailure>;

/// Signs in with an application that answers so; the redirect must be an error, and nothing kept.
fn refused_mapping(mapper: Mapper) {
    let mut config = config();
    config.map_users = true;
    let mut world = World::of(config);
    world.mapper = mapper;
    let (browser, callback) = until_callback(&mut world, &authorize_with(&[]));
    let response = world.send(get(&callback, &browser.header()));
    assert_redirect(&response, APP, "server_error", Some("S"));
    assert!(matches!(last_refusal(&world), Refusal::MapperMisbehaved(_)));
    assert_eq!(world.store.len(), 0);
}

fn claim(value: Value) -> Result<Mapped, MapFailure> {
    Ok(Mapped::Claims(Map::from_iter([("x".to_owned(), value)])))
}

fn own_token(access_token: &str, extra: Map<String, Value>) -> Result<Mapped, MapFailure> {
    let access_token = AccessToken::new(access_token);
    let expires_in = std::time::Duration::from_secs(60);
    Ok(Mapped::Token(MappedToken { access_token, expires_in, extra }))
}

#[test]
fn aud_11_an_application_cannot_hand_a_token_of_the_provider_on() {
    refused_mapping(|_| own_token("upstream-access", Map::new()));
    refused_mapping(|_| own_token("upstream-refresh", Map::new()));
    refused_mapping(|_| {
        own_token("x", Map::from_iter([("idp_token".to_owned(), Value::from("upstream-access"))]))
    });
    refused_mapping(|_| claim(Value::from("upstream-access")));
    refused_mapping(|_| claim(serde_json::json!([{ "a": ["upstream-refresh"] }])));
}

#[test]
fn aud_11_nor_as_a_part_of_something_else() {
    refused_mapping(|_| claim(Value::from("Bearer upstream-access")));
    refused_mapping(|_| own_token("prefix.upstream-access", Map::new()));
}

/// Where none is left that means a resource, it is as if none were asked for: the resource's own, which
/// the person sees on the page (RFC 6749 §3.3). Nothing stands in for a scope that is not there.
#[test]
fn aud_13_unknown_and_repeated_scopes_are_dropped() {
    let mut world = World::new();
    for (asked, granted) in [
        ("mcp:read admin", "mcp:read"),
        ("mcp:read mcp:read mcp:read", "mcp:read"),
        ("mcp:write mcp:read", "mcp:read mcp:write"),
        ("mcp:read  mcp:write ", "mcp:read mcp:write"),
        ("mcp:write offline_access openid", "mcp:write"),
        ("offline_access openid", "mcp:read mcp:write"),
    ] {
        let tokens = tokens_with(&mut world, &[("scope", asked)], &[]);
        assert_eq!(tokens["scope"], granted, "{asked}");
        assert_eq!(claims_of(&member(&tokens, "access_token"))["scope"], granted);
    }
    for unknown in
        ["admin", "MCP:READ mcp:read\tmcp:write", "admin \" \\ \u{e9}", "mcp:reed openid"]
    {
        let asked = authorize_with(&[("scope", unknown)]);
        redir(&mut world, &asked, "invalid_scope");
    }
    let many = "a ".repeat(30_000) + "mcp:read";
    let page = world.get(&authorize_with(&[("scope", &many)]));
    assert_eq!(page.status, 200);
    assert!(page.body.len() < 10_000);
    // 500 000 at the token endpoint are a body that nobody reads.
    let token = member(&world.until_tokens(), "refresh_token");
    let huge = world.refresh_with(&token, &[("scope", &"a ".repeat(500_000))]);
    assert_tok(&huge, 413, "invalid_request");
    tok(&mut world, refresh(&token, &[("scope", &"a ".repeat(30_000))]), "invalid_scope");
    assert_eq!(world.refresh(&token).status, 200);
}

#[test]
fn aud_06_a_resource_that_was_taken_from_the_configuration_is_over() {
    let mut world = World::of(config_for(&[RES, RES2]));
    let tokens = tokens_with(&mut world, &[("resource", RES2)], &[]);
    world.server = Server::new(config_for(&[RES])).unwrap();
    rs401(&world, &member(&tokens, "access_token"));
}

#[test]
fn aud_02_no_token_is_made_for_a_resource_that_is_no_longer_known() {
    let mut world = World::of(config_for(&[RES, RES2]));
    let two = [("resource", RES2)];
    let code = world.until_code_with(&two)["code"].clone();
    let token = member(&tokens_with(&mut world, &two, &[]), "refresh_token");
    world.server = Server::new(config_for(&[RES])).unwrap();
    redir(&mut world, &authorize_with(&two), "invalid_target");
    tok(&mut world, redemption(&code, &two), "invalid_target");
    tok(&mut world, refresh(&token, &two), "invalid_target");
}

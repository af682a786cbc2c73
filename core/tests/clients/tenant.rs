//! An issuer with a path: every address of a discovery, and a whole sign-in below the path.

use http::{Method, header};
use serde_json::{Value, json};
use vestibule_core::{Issuer, Response};

use crate::wire::{
    METADATA, RESOURCE_METADATA, assert_nothing_at, config_for, document, first_document, member,
    tokens,
};
use crate::world::browser::callback_of;
use crate::world::{
    Browser, CHALLENGE, VERIFIER, World, claims_of, form_of, json_of, location, post, query_of,
    request, text,
};

const TENANT: &str = "https://as.test/tenant1";
const MCP: &str = "https://as.test/tenant1/mcp";
const BACK: &str = "http://localhost:8090/callback";

fn tenant() -> World {
    let mut config = config_for(&[MCP]);
    config.issuer = Issuer::parse(TENANT).unwrap();
    World::of(config)
}

/// Rule 2: RFC 8414's form with the path behind it, which clients ask for first; all others are clean
/// 404s, the root's among them, where another issuer's document would stop rmcp.
#[test]
pub(crate) fn tenant_is_found_at_the_path_inserted_form_alone() {
    let mut world = tenant();
    let server = first_document(&mut world, &[&format!("{METADATA}/tenant1")]);
    assert_eq!(server["issuer"], TENANT);
    for path in [
        "/.well-known/openid-configuration/tenant1",
        "/tenant1/.well-known/openid-configuration",
        "/tenant1/.well-known/oauth-authorization-server",
        "/.well-known/oauth-authorization-server",
        "/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server/tenant1/",
        "/.well-known/oauth-authorization-server/tenant2",
        "/.well-known/jwks.json",
    ] {
        assert_nothing_at(&mut world, path);
    }
}

#[test]
fn tenant_has_metadata_of_its_resource_by_path_and_root() {
    let mut world = tenant();
    for path in [&format!("{RESOURCE_METADATA}/tenant1/mcp"), RESOURCE_METADATA] {
        let resource = document(&mut world, path);
        assert_eq!(resource["resource"], MCP);
        assert_eq!(resource["authorization_servers"], json!([TENANT]));
    }
    assert_nothing_at(&mut world, &format!("{RESOURCE_METADATA}/mcp"));
    assert_nothing_at(&mut world, "/tenant1/mcp/.well-known/oauth-protected-resource");
}

#[test]
fn tenant_has_every_endpoint_below_its_path() {
    let mut world = tenant();
    let server = document(&mut world, &format!("{METADATA}/tenant1"));
    let named = server.as_object().unwrap().iter();
    let urls = named.filter(|(name, _)| name.ends_with("_endpoint") || *name == "jwks_uri");
    let urls: Vec<_> = urls.map(|(_, url)| url.as_str().unwrap().to_owned()).collect();
    assert_eq!(urls.len(), 5, "{server}");
    for url in urls {
        let path = url.strip_prefix("https://as.test").unwrap();
        assert!(path.starts_with("/tenant1/"), "{url}");
        assert_ne!(world.get(path).status, 404, "{url}");
        let at_the_root = path.strip_prefix("/tenant1").unwrap();
        assert_eq!(world.get(at_the_root).status, 404, "{at_the_root}");
    }
    let keys = document(&mut world, "/tenant1/.well-known/jwks.json");
    assert!(!keys["keys"].as_array().unwrap().is_empty());
}

/// A registration, a sign-in, a redemption and a refresh.
struct Walk {
    world: World,
    pages: Vec<Response>,
    said: std::collections::HashMap<String, String>,
    first: Value,
    second: Value,
}

fn walk() -> Walk {
    let mut world = tenant();
    let json = [("content-type", "application/json")];
    let metadata = json!({ "redirect_uris": [BACK], "token_endpoint_auth_method": "none" });
    let register = "/tenant1/oauth/register";
    let registered = world.send(request(Method::POST, register, &json, &metadata.to_string()));
    assert_eq!(registered.status, 201, "{}", text(&registered));
    let id = member(&json_of(&registered), "client_id");
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("response_type", "code"), ("client_id", &*id), ("state", "x")])
        .extend_pairs([("code_challenge", CHALLENGE), ("code_challenge_method", "S256")])
        .extend_pairs([("redirect_uri", BACK), ("resource", MCP)])
        .finish();
    let mut browser = Browser::default();
    let page = browser.get(&mut world, &format!("/tenant1/oauth/authorize?{query}"));
    assert!(text(&page).contains("/tenant1/oauth/consent\""), "{}", text(&page));
    let form = [("form", &*form_of(&page)), ("provider", "idp")];
    let cookies = browser.header();
    let agreed = world.send(post("/tenant1/oauth/consent", &form, &[("cookie", &cookies)]));
    assert_eq!(agreed.status, 303, "{}", text(&agreed));
    browser.keep(&agreed);
    let upstream = location(&agreed.headers).unwrap().to_owned();
    assert_eq!(query_of(&upstream)["redirect_uri"], format!("{TENANT}/oauth/callback/idp"));
    let back = browser.get(&mut world, &callback_of(&upstream, &[("code", "upstream-code")]));
    let to = location(&back.headers).unwrap();
    assert!(to.starts_with(&format!("{BACK}?")), "{to}");
    let said = query_of(to);
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &*said["code"]),
        ("code_verifier", VERIFIER),
        ("redirect_uri", BACK),
        ("client_id", &id),
        ("resource", MCP),
    ];
    let first = tokens(&world.post("/tenant1/oauth/token", &form));
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", &*member(&first, "refresh_token")),
        ("client_id", &id),
        ("resource", MCP),
    ];
    let second = tokens(&world.post("/tenant1/oauth/token", &form));
    Walk { world, pages: vec![page, agreed, back], said, first, second }
}

/// Rule 1: the same bytes in the metadata, the redirect and the tokens.
#[test]
pub(crate) fn tenant_is_one_string_from_metadata_to_token() {
    let Walk { mut world, said, first, second, .. } = walk();
    let server = document(&mut world, &format!("{METADATA}/tenant1"));
    assert_eq!(server["issuer"], TENANT);
    assert_eq!(said["iss"], TENANT);
    for tokens in [&first, &second] {
        let claims = claims_of(&member(tokens, "access_token"));
        assert_eq!((&claims["iss"], &claims["aud"]), (&json!(TENANT), &json!(MCP)));
    }
}

/// `__Host-` cookies have the path `/` (RFC 6265bis §4.1.3.2), whatever the issuer's is.
#[test]
fn tenant_has_cookies_of_the_whole_host() {
    let Walk { pages, .. } = walk();
    let cookies = pages.iter().flat_map(|page| page.headers.get_all(header::SET_COOKIE));
    let cookies: Vec<_> = cookies.map(|cookie| cookie.to_str().unwrap()).collect();
    assert!(cookies.len() >= 3, "{cookies:?}");
    for cookie in cookies {
        assert!(cookie.starts_with("__Host-") && cookie.contains("; Path=/;"), "{cookie}");
    }
}

//! Several resources: which of them a request is for.

use vestibule_core::{Denied, Resource};

use crate::expect::member;
use crate::world::{World, config, json_of};

#[test]
fn aud_06_a_token_for_one_host_is_refused_at_another_whose_path_is_shorter() {
    let mut config = config();
    config.resources = ["https://a.test/mcp", "https://b.test/"]
        .map(|uri| Resource::new(uri, vec!["mcp:read".to_owned()]).unwrap())
        .into();
    let mut world = World::of(config);
    let sign_in = |world: &mut World, resource| {
        let code = world.until_code_with(&[("resource", resource)])["code"].clone();
        json_of(&world.redeem(&code))["access_token"].as_str().unwrap().to_owned()
    };
    let (a, b) =
        (sign_in(&mut world, "https://a.test/mcp"), sign_in(&mut world, "https://b.test/"));
    let now = world.tick().now;
    let accepts = |host: &str, token: &str| {
        let request = http::Request::builder().uri("/mcp/tools").header("host", host);
        let request = request.header("authorization", format!("Bearer {token}"));
        let (parts, ()) = request.body(()).unwrap().into_parts();
        world.server.authenticate(&parts, now).is_ok()
    };
    assert!(accepts("a.test", &a) && accepts("b.test", &b));
    assert!(!accepts("a.test", &b) && !accepts("b.test", &a));
}

/// The host of a request is its sender's to choose, and so is its spelling of a path: who knows whose
/// handler this is says so.
#[test]
fn aud_06_at_one_resource_a_request_cannot_say_that_it_is_for_another() {
    let mut config = config();
    config.resources = ["https://a.test/mcp", "https://a.test/mcp/admin", "https://b.test/"]
        .map(|uri| Resource::new(uri, vec!["mcp:read".to_owned()]).unwrap())
        .into();
    let mut world = World::of(config);
    let code = world.until_code_with(&[("resource", "https://b.test/")])["code"].clone();
    let of_b = member(&json_of(&world.redeem(&code)), "access_token");
    let code = world.until_code_with(&[("resource", "https://a.test/mcp")])["code"].clone();
    let of_a = member(&json_of(&world.redeem(&code)), "access_token");
    let now = world.tick().now;
    let parts = |path: &str, host: &str, token: &str| {
        let request = http::Request::builder().uri(path).header("host", host);
        let request = request.header("authorization", format!("Bearer {token}"));
        request.body(()).unwrap().into_parts().0
    };
    let guessed = |parts| world.server.authenticate(&parts, now).is_ok();
    assert!(guessed(parts("/mcp", "b.test", &of_b)), "the request says b.test");
    assert!(guessed(parts("/mcp/%20", "a.test", &of_a)), "a path that everybody reads alike");
    for path in ["/mcp/%61dmin", "/mcp//admin", "/mcp/./admin", "/mcp/admin"] {
        assert!(!guessed(parts(path, "a.test", &of_a)), "{path}");
    }
    let a = world.server.protected_at("https://a.test/mcp").unwrap();
    let at_a = |parts| world.server.authenticate_at(a, &parts, now).is_ok();
    let refused = world.server.authenticate(&parts("/mcp/%61dmin", "a.test", &of_a), now);
    assert_eq!(refused.unwrap_err().reason(), Denied::Malformed, "the token is a good one");
    assert!(guessed(parts("/mcp", "a.test:443", &of_a)), "the port goes without saying");
    assert!(!guessed(parts("/mcp", "a.test:443", &of_b)));
    assert!(at_a(parts("/anything", "b.test", &of_a)) && !at_a(parts("/mcp", "b.test", &of_b)));
}

#[test]
fn aud_15_of_several_resources_each_has_its_metadata() {
    let mut config = config();
    let uris = ["https://a.test/mcp", "https://a.test/", "https://b.test/mcp"];
    config.resources = uris.map(|uri| Resource::new(uri, Vec::new()).unwrap()).into();
    let world = World::of(config);
    for (host, path, uri) in [
        ("a.test", "/.well-known/oauth-protected-resource/mcp", uris[0]),
        ("a.test", "/.well-known/oauth-protected-resource", uris[1]),
        ("b.test", "/.well-known/oauth-protected-resource/mcp", uris[2]),
    ] {
        let request = http::Request::get(path).header("host", host).body(()).unwrap();
        let (parts, ()) = request.into_parts();
        let answer = world.server.protected(&parts).unwrap().answer(&parts).unwrap();
        assert_eq!(json_of(&answer)["resource"], uri);
    }
}

/// A proxy may write the port that goes without saying (RFC 9110 §4.2.3).
#[test]
fn aud_07_a_host_with_its_default_port_is_that_host() {
    let mut config = config();
    config.resources = ["https://a.test/mcp", "https://b.test/mcp"]
        .map(|uri| Resource::new(uri, vec!["mcp:read".to_owned()]).unwrap())
        .into();
    let world = World::of(config);
    let meant = |host: &str| {
        let request = http::Request::get("/mcp").header("host", host).body(()).unwrap();
        let protected = world.server.protected(&request.into_parts().0);
        protected.map(|it| it.resource().uri().to_owned())
    };
    assert_eq!(meant("a.test:443").as_deref(), Some("https://a.test/mcp"));
    assert_eq!(meant("b.test:443").as_deref(), Some("https://b.test/mcp"));
    assert_eq!(meant("a.test:80"), None);
}

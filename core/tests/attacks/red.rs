//! Matching of redirect URIs.

use serde_json::json;
use vestibule_core::{Config, Server};

use crate::expect::{
    EVIL, assert_local400, assert_page, assert_tok, complete, local400, redir, refused,
    register_evil, registration, tok, until_callback,
};
use crate::world::browser::form_of;
use crate::world::{
    APP, Browser, World, authorize_with, client, config, json_of, post, query_of, redemption, text,
};

/// URIs that are not `https://app.test/cb`, although some reader might think so.
const NOT_THE_APPS: [&str; 36] = [
    EVIL,                                // RED-02
    "https://app.test/CB",               // RED-04
    "HTTPS://APP.TEST/cb",               // RED-05
    "https://APP.test/cb",               // RED-05
    "https://app.test:443/cb",           // RED-06
    "https://app.test/cb?x=1",           // RED-07
    "https://app.test/cb?",              // RED-07
    "https://app.test/cb#x",             // RED-10
    "https://app.test%2F@evil.test/cb",  // RED-13
    "https://app.test@evil.test/cb",     // RED-13
    "https://app.test\\@evil.test/cb",   // RED-14
    "https://evil.test\\.app.test/cb",   // RED-14
    "https://app.test/cb/../evil",       // RED-15
    "https://app.test/cb/%2e%2e/evil",   // RED-15
    "https://app.test/cb/%252e%252e/e",  // RED-15
    "https://app.test/cb/..;/evil",      // RED-16
    "https://app.test.evil.test/cb",     // RED-17
    "https://evilapp.test/cb",           // RED-17
    "https://app.test/cb/",              // RED-17
    "https://app.test/c",                // RED-17
    "https://\u{430}pp.test/cb",         // RED-19, Cyrillic
    "https://ａｐｐ.test/cb",            // RED-19, full width
    "https://app\u{3002}test/cb",        // RED-19, ideographic full stop
    "https://a\u{AD}pp.test/cb",         // RED-19, soft hyphen
    "https://app.test/cb\t",             // RED-20
    "\nhttps://app.test/cb",             // RED-20
    "https://app.test/cb\r\nX-Evil: 1",  // RED-20
    "https://app.test/cb\0",             // RED-20
    "https://app.test/c b",              // RED-20
    "https://app.test/cb%09",            // RED-20
    "https://app.test/cb%0a",            // RED-20
    "https://app.test/cb%0d%0aX-Evil:1", // RED-20
    "https://app.test/cb%00",            // RED-20
    "https://app.test:8443/cb",          // RED-30
    "https://app.test:99999/cb",         // RED-39
    "https://app.test:/cb",              // RED-39
];

/// URIs that nobody may register.
const UNACCEPTABLE: [&str; 57] = [
    "https://app.test/cb#x",                    // RED-10
    "https://app.test/cb#",                     // RED-10
    "http://localhost:8090%25@example.com",     // RED-13
    "https://app.test%2F@evil.test/cb",         // RED-13
    "https://app.test@evil.test/cb",            // RED-13
    "https://app.test\\@evil.test/cb",          // RED-14
    "https://evil.test\\.app.test/cb",          // RED-14
    "https://app.test/cb/../evil",              // RED-15
    "https://app.test/cb/%2e%2e/evil",          // RED-15
    "https://app.test/cb/%252e%252e/evil",      // RED-15
    "https://app.test/cb/.%2E/evil",            // RED-15
    "https://app.test/cb/..;/evil",             // RED-16
    "https://app.test/cb/..%3b/evil",           // RED-16
    "https://\u{430}pp.test/cb",                // RED-19
    "https://ａｐｐ.test/cb",                   // RED-19
    "https://app\u{3002}test/cb",               // RED-19
    "https://a\u{AD}pp.test/cb",                // RED-19
    "https://app.test/c\tb",                    // RED-20
    "https://app.test/cb\r\nX-Evil: 1",         // RED-20
    "https://app.test/cb\0",                    // RED-20
    " https://app.test/cb",                     // RED-20
    "https://app.test/cb%0d%0aX-Evil:1",        // RED-20
    "https://app.test/cb%00",                   // RED-20
    "https://app.test/cb%09",                   // RED-20
    "javascript:alert(1)//",                    // RED-21
    "JaVaScRiPt:alert(1)//",                    // RED-21
    " javascript:alert(1)",                     // RED-21
    "java\tscript:alert(1)",                    // RED-21
    "javascript://app.test/%0aalert(1)",        // RED-21
    "data:text/html,x",                         // RED-22
    "vbscript:x",                               // RED-22
    "blob:https://app.test/x",                  // RED-22
    "file:///etc/passwd",                       // RED-22
    "about:blank",                              // RED-22
    "mailto:a@app.test",                        // RED-22
    "filesystem:https://app.test/x",            // RED-22
    "view-source:https://app.test/cb",          // RED-22
    "http://app.test/cb",                       // RED-32
    "http://localhost.evil.test/cb",            // RED-32
    "http://127.0.0.1.evil.test/cb",            // RED-32
    "http://localhost@evil.test/cb",            // RED-32
    "http://[::ffff:127.0.0.1]/cb",             // RED-31
    "http://127.1/cb",                          // RED-31
    "http://2130706433/cb",                     // RED-31
    "http://0x7f.1/cb",                         // RED-31
    "http://127.0.0.1./cb",                     // RED-31
    "http://0.0.0.0/cb",                        // RED-31
    "https://*.app.test/cb",                    // RED-33
    "https://app.test/*",                       // RED-33
    "https://app.test/cb?code=x",               // RED-37
    "https://app.test/cb?a=1&state=y",          // RED-37
    "https://app.test/cb?code=x&state=y&iss=z", // RED-37
    "https://app.test/cb?%63ode=x",             // RED-37
    "https://app.test/cb?error=x",              // RED-37
    "https://app.test:99999/cb",                // RED-39
    "https://app.test:/cb",                     // RED-39
    "",
];

fn with_redirect(redirect_uri: &str) -> String {
    authorize_with(&[("redirect_uri", redirect_uri)])
}

fn of_native(redirect_uri: &str) -> String {
    authorize_with(&[("client_id", "N"), ("redirect_uri", redirect_uri)])
}

/// The fixtures, with other redirect URIs for client P.
fn config_with(redirect_uris: &[&str]) -> Config {
    let mut config = config();
    config.clients[0] = client("P", None, redirect_uris);
    config
}

#[test]
fn red_01_the_base_request_leads_to_the_page_and_to_a_code() {
    let mut world = World::new();
    let location = Browser::default().until_redirect(&mut world, &authorize_with(&[]));
    assert!(location.starts_with("https://app.test/cb?code="), "{location}");
}

#[test]
fn red_02_04_05_06_07_10_13_14_15_16_17_19_20_30_39_another_uri_is_refused_here() {
    let mut world = World::new();
    for uri in NOT_THE_APPS {
        let page = local400(&mut world, &with_redirect(uri));
        assert!(!text(&page).contains("evil"), "{uri} is echoed");
    }
}

#[test]
fn red_08_a_registered_query_is_part_of_the_uri() {
    let mut world = World::of(config_with(&["https://app.test/cb?a=1"]));
    for uri in [APP, "https://app.test/cb?a=2", "https://app.test/cb?a=1&b=2"] {
        local400(&mut world, &with_redirect(uri));
    }
}

#[test]
fn red_09_a_registered_query_stays_byte_for_byte() {
    for uri in ["https://app.test/cb?a=1", "https://app.test/cb?flag", "https://app.test/cb?x=%7e"]
    {
        let mut world = World::of(config_with(&[uri]));
        let location = Browser::default().until_redirect(&mut world, &with_redirect(uri));
        assert!(location.starts_with(&format!("{uri}&code=")), "{location}");
        assert_eq!(location.matches('?').count(), 1, "{location}");
        let names: Vec<_> = location.split(['?', '&']).skip(2).collect();
        let names: Vec<_> = names.iter().map(|pair| pair.split('=').next().unwrap()).collect();
        assert_eq!(names, ["code", "state", "iss"], "{location}");
    }
}

#[test]
fn red_10_13_14_15_16_19_20_21_22_31_32_33_37_39_such_a_uri_is_not_registered() {
    let mut world = World::new();
    for uri in UNACCEPTABLE {
        let response = world.register_with(&registration(uri));
        assert_tok(&response, 400, "invalid_redirect_uri");
        // Nor as one of several.
        let several = json!({
            "redirect_uris": [APP, uri], "token_endpoint_auth_method": "none",
        });
        assert_tok(&world.register_with(&several), 400, "invalid_redirect_uri");
    }
}

#[test]
fn red_23_a_uri_that_the_policy_no_longer_accepts_is_refused_at_use() {
    let mut before = config();
    before.registration.private_use_schemes = vec!["cursor".to_owned()];
    let mut world = World::of(before);
    let id = world.register("cursor://x/cb");
    let authorize = authorize_with(&[("client_id", &id), ("redirect_uri", "cursor://x/cb")]);
    let mut browser = Browser::default();
    let page = browser.get(&mut world, &authorize);
    assert_eq!(page.status, 200);
    let (returning, callback) = until_callback(&mut world, &authorize);

    world.server = Server::new(config()).unwrap();
    local400(&mut world, &authorize);
    // Nor does a page that was open, or a sign-in that was on its way.
    let form = [("form", &*form_of(&page)), ("provider", "idp")];
    let cookies = browser.header();
    let refusal = refused(&mut world, post("/oauth/consent", &form, &[("cookie", &cookies)]));
    assert_local400(&refusal);
    let refusal = refused(&mut world, crate::expect::get(&callback, &returning.header()));
    assert_local400(&refusal);
    assert!(world.upstream.calls.is_empty());
}

#[test]
fn red_24_a_private_use_scheme_has_a_dot_or_the_operators_leave() {
    let mut world = World::new();
    assert_eq!(world.register_with(&registration("com.example.app:/cb")).status, 201);
    let cursor = registration("cursor://x/cb");
    assert_tok(&world.register_with(&cursor), 400, "invalid_redirect_uri");
    let mut config = config();
    config.registration.private_use_schemes = vec!["cursor".to_owned()];
    let mut world = World::of(config);
    assert_eq!(world.register_with(&cursor).status, 201);
    // `application_type` is ignored: Cursor registers its scheme together with `web`, and an
    // authorization server that is no OpenID provider need not judge it.
    let mut web = cursor;
    web["application_type"] = json!("web");
    assert_eq!(world.register_with(&web).status, 201);
}

#[test]
fn red_25_27_the_port_of_a_loopback_uri_is_free() {
    let mut world = World::new();
    for uri in ["http://127.0.0.1:54321/cb", "http://localhost:51687/cb", "http://localhost/cb"] {
        let location = Browser::default().until_redirect(&mut world, &of_native(uri));
        assert!(location.starts_with(&format!("{uri}?code=")), "{location}");
    }
}

#[test]
fn red_26_so_is_that_of_the_ipv6_loopback() {
    let mut world = World::new();
    let id = world.register("http://[::1]/cb");
    let uri = "http://[::1]:49152/cb";
    let authorize = authorize_with(&[("client_id", &id), ("redirect_uri", uri)]);
    let location = Browser::default().until_redirect(&mut world, &authorize);
    assert!(location.starts_with("http://[::1]:49152/cb?code="), "{location}");
}

#[test]
fn red_28_the_host_of_a_loopback_uri_is_not_free() {
    let mut config = config();
    config.clients.push(client("N4", None, &["http://127.0.0.1/cb"]));
    let mut world = World::of(config);
    for uri in [
        "http://localhost:1/cb",
        "http://[::1]:1/cb",
        "http://127.0.0.2:1/cb",
        "http://127.0.0.1:1/other",
        "https://127.0.0.1:1/cb",
    ] {
        local400(&mut world, &authorize_with(&[("client_id", "N4"), ("redirect_uri", uri)]));
    }
}

#[test]
fn red_13_31_other_spellings_of_a_loopback_host_are_refused_here() {
    let mut world = World::new();
    for uri in [
        "http://localhost:8090%25@example.com",
        "http://localhost:80@evil.test/cb",
        "http://localhost.evil.test/cb",
        "http://LOCALHOST:1/cb",
        "http://127.1:1/cb",
        "http://2130706433:1/cb",
        "http://0x7f.1/cb",
        "http://127.0.0.1.:1/cb",
        "http://0.0.0.0:1/cb",
        "http://[::ffff:127.0.0.1]:1/cb",
        "http://127.0.0.1:0/cb",
        "http://127.0.0.1:080/cb",
        "http://127.0.0.1:65536/cb",
        "http://127.0.0.1:/cb",
        "http://127.0.0.1:1:2/cb",
    ] {
        local400(&mut world, &of_native(uri));
    }
}

#[test]
fn red_34_a_uri_of_another_client_is_refused_here() {
    let mut world = World::new();
    let evil = register_evil(&mut world);
    local400(&mut world, &with_redirect(EVIL));
    local400(&mut world, &authorize_with(&[("client_id", &evil), ("redirect_uri", APP)]));
}

#[test]
fn red_36_of_two_uris_one_must_be_named() {
    let mut world = World::new();
    local400(&mut world, &authorize_with(&[("client_id", "N"), ("redirect_uri", "")]));
    // The only one need not be.
    redir(&mut world, &authorize_with(&[("redirect_uri", ""), ("response_type", "x")]), {
        "unsupported_response_type"
    });
}

#[test]
fn red_38_a_code_is_redeemed_with_the_uri_that_it_was_issued_for() {
    let other = "https://app.test/other";
    let mut world = World::of(config_with(&[APP, other]));
    let code = world.until_code()["code"].clone();
    for uri in [other, EVIL, "https://app.test/cb?", "HTTPS://app.test/cb"] {
        tok(&mut world, redemption(&code, &[("redirect_uri", uri)]), "invalid_grant");
    }
    assert_eq!(world.redeem(&code).status, 200);
}

#[test]
fn red_39_a_uri_of_any_length_is_refused_here() {
    let mut world = World::new();
    for length in [1025, 8 * 1024, 60 * 1024] {
        let uri = format!("{APP}{}", "a".repeat(length));
        local400(&mut world, &with_redirect(&uri));
    }
    let long = format!("https://app.test/{}", "a".repeat(8 * 1024));
    assert_tok(&world.register_with(&registration(&long)), 400, "invalid_redirect_uri");
}

#[test]
fn red_02_a_page_that_refuses_escapes_what_it_was_given() {
    let mut world = World::new();
    let script = "\"><script>alert(1)</script>";
    for name in ["client_id", "redirect_uri", "state", "provider"] {
        let changes = [("redirect_uri", EVIL), (name, script)];
        assert_page(&local400(&mut world, &authorize_with(&changes)));
    }
}

#[test]
fn red_37_an_answer_has_each_of_its_names_once() {
    // A name that only looks like one of ours may be registered.
    let uri = "https://app.test/cb?xcode=1&State=2";
    let mut world = World::new();
    let response = world.register_with(&registration(uri));
    assert_eq!(response.status, 201, "{}", text(&response));
    let id = json_of(&response)["client_id"].as_str().unwrap().to_owned();
    let authorize = authorize_with(&[("client_id", &id), ("redirect_uri", uri)]);
    let (mut browser, callback) = until_callback(&mut world, &authorize);
    let said = query_of(&complete(&mut world, &mut browser, &callback));
    assert_eq!((&*said["state"], &*said["xcode"]), ("S", "1"));
}

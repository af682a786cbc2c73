//! The issuer, mix-up, and where errors go.

use http::Method;
use vestibule_core::{Config, Issuer, Refusal, Request, Response, Server};

use crate::expect::{
    EVIL, assert_clean, assert_local400, assert_page, assert_redirect, get, interstitial,
    last_refusal, local400, member, redir, refused, register_evil, rs401, send_to, tok,
    until_callback,
};
use crate::world::browser::form_of;
use crate::world::{
    APP, Browser, ISSUER, VERIFIER, World, authorize_with, config, json_of, location, post,
    query_of, request, text,
};

const METADATA: &str = "/.well-known/oauth-authorization-server";

fn config_of(issuer: &str) -> Config {
    let mut config = config();
    config.issuer = Issuer::parse(issuer).unwrap();
    config
}

#[test]
fn iss_01_an_answer_says_who_gave_it_once() {
    let mut world = World::new();
    let metadata = json_of(&world.get(METADATA));
    let location = Browser::default().until_redirect(&mut world, &authorize_with(&[]));
    assert_eq!(location.matches("iss=").count(), 1, "{location}");
    assert_eq!(query_of(&location)["iss"], member(&metadata, "issuer"));
}

#[test]
fn iss_03_the_metadata_announces_it() {
    let metadata = json_of(&World::new().get(METADATA));
    assert_eq!(metadata["authorization_response_iss_parameter_supported"], true);
    assert_eq!(metadata["issuer"], ISSUER);
    for issuer in ["https://as.test?x=1", "https://as.test#x", "https://u@as.test"] {
        assert!(Issuer::parse(issuer).is_err(), "{issuer}");
    }
}

#[test]
fn iss_04_the_document_of_an_issuer_with_a_path_stands_before_the_path() {
    let issuer = "https://as.test/tenant";
    let mut world = World::of(config_of(issuer));
    let metadata = json_of(&world.get("/.well-known/oauth-authorization-server/tenant"));
    assert_eq!(metadata["issuer"], issuer);
    for endpoint in ["authorization_endpoint", "token_endpoint", "jwks_uri"] {
        let url = member(&metadata, endpoint);
        let path = url.strip_prefix("https://as.test").unwrap();
        assert!(path.starts_with("/tenant/"), "{url}");
        assert!(world.server.serves(path), "{path}");
    }
    for elsewhere in [METADATA, "/tenant/.well-known/oauth-authorization-server"] {
        assert_eq!(world.get(elsewhere).status, 404, "{elsewhere}");
    }
    // A whole sign-in below the path.
    let authorize = format!("/tenant{}", authorize_with(&[]));
    let mut browser = Browser::default();
    let page = browser.get(&mut world, &authorize);
    let (form, cookies) = (form_of(&page), browser.header());
    let form = [("form", &*form), ("provider", "idp")];
    let consent = world.send(post("/tenant/oauth/consent", &form, &[("cookie", &cookies)]));
    let upstream = query_of(location(&consent.headers).unwrap());
    assert_eq!(upstream["redirect_uri"], "https://as.test/tenant/oauth/callback/idp");
}

/// What a request means does not depend on what it says about our own name.
#[test]
fn iss_05_the_issuer_is_configured_and_not_read_from_a_request() {
    const SPOOFED: [&[(&str, &str)]; 5] = [
        &[("host", "evil.test")],
        &[("x-forwarded-host", "evil.test"), ("x-forwarded-proto", "http")],
        &[("forwarded", "host=evil.test;proto=http;for=10.0.0.1")],
        &[("x-original-url", "/evil"), ("x-rewrite-url", "/evil"), ("x-forwarded-uri", "/evil")],
        &[("x-forwarded-prefix", "/evil"), ("x-forwarded-port", "1")],
    ];
    fn same_answer(world: &World, request: impl Fn(&[(&str, &str)]) -> Request) -> Response {
        let plain = world.clone().send(request(&[]));
        for headers in SPOOFED {
            let spoofed = world.clone().send(request(headers));
            assert_eq!(spoofed.status, plain.status, "{headers:?}");
            assert_eq!(spoofed.headers, plain.headers, "{headers:?}");
            assert_eq!(spoofed.body, plain.body, "{headers:?}");
        }
        plain
    }
    fn with<'a>(cookies: &'a str, headers: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        [&[("cookie", cookies)], headers].concat()
    }

    let mut world = World::new();
    for path in [METADATA, "/.well-known/jwks.json", "/oauth/providers", "/nowhere"] {
        same_answer(&world, |headers| request(Method::GET, path, headers, ""));
    }
    let authorize = authorize_with(&[]);
    let mut browser = Browser::default();
    same_answer(&world, |headers| request(Method::GET, &authorize, headers, ""));
    let form = form_of(&browser.get(&mut world, &authorize));
    let cookies = browser.header();
    let form = [("form", &*form), ("provider", "idp")];
    let consent =
        |headers: &[(&str, &str)]| post("/oauth/consent", &form, &with(&cookies, headers));
    let upstream = same_answer(&world, consent);
    browser.keep(&upstream);
    let callback = crate::world::browser::callback_of(
        location(&upstream.headers).unwrap(),
        &[("code", "upstream-code")],
    );
    let cookies = browser.header();
    let back = same_answer(&world, |headers| {
        request(Method::GET, &callback, &with(&cookies, headers), "")
    });
    assert!(location(&back.headers).unwrap().starts_with(APP));
    let elsewhere = authorize_with(&[("response_type", "token")]);
    same_answer(&world, |headers| request(Method::GET, &elsewhere, headers, ""));
}

#[test]
fn iss_06_nothing_of_one_issuer_is_good_at_another() {
    // The same secrets, the same signing key, the same store, the same clients.
    let mut world = World::new();
    let other = Server::new(config_of("https://other-as.test")).unwrap();
    let tenant = Server::new(config_of("https://as.test/tenant")).unwrap();
    let code = world.until_code()["code"].clone();
    let tokens = world.until_tokens();
    let token = member(&tokens, "refresh_token");
    let evil = register_evil(&mut world);
    for (server, mount) in [(other, ""), (tenant, "/tenant")] {
        let mut there = world.clone();
        there.server = server.clone();
        let redemption = [
            ("grant_type", "authorization_code"),
            ("client_id", "P"),
            ("code", &*code),
            ("code_verifier", VERIFIER),
        ];
        let refresh =
            [("grant_type", "refresh_token"), ("client_id", "P"), ("refresh_token", &*token)];
        for stolen in [&redemption[..], &refresh] {
            let stolen = post(&format!("{mount}/oauth/token"), stolen, &[]);
            tok(&mut there, stolen, "invalid_grant");
        }
        rs401(&there, &member(&tokens, "access_token"));
        let unknown = authorize_with(&[("client_id", &evil), ("redirect_uri", EVIL)]);
        local400(&mut there, &format!("{mount}{unknown}"));
        // Revoking there ends nothing here.
        let form = [("client_id", "P"), ("token", &*token)];
        let revocation = post(&format!("{mount}/oauth/revoke"), &form, &[]);
        assert_eq!(send_to(&mut world, &server, revocation).status, 200);
    }
    assert!(world.is_live(&member(&tokens, "access_token")));
    assert_eq!(world.redeem(&code).status, 200);
}

#[test]
fn iss_08_only_a_code_can_be_asked_for() {
    let mut world = World::new();
    for (response_type, error) in [
        ("token", "unsupported_response_type"),
        ("id_token", "unsupported_response_type"),
        ("code token", "unsupported_response_type"),
        ("code id_token", "unsupported_response_type"),
        ("Code", "unsupported_response_type"),
        ("none", "unsupported_response_type"),
        ("", "invalid_request"),
    ] {
        redir(&mut world, &authorize_with(&[("response_type", response_type)]), error);
    }
}

#[test]
fn iss_09_answers_go_into_the_query_and_nowhere_else() {
    let mut world = World::new();
    for mode in ["fragment", "form_post", "form_post.jwt", "web_message", "query.jwt", "jwt", "x"] {
        let authorize = authorize_with(&[("response_mode", mode)]);
        let response = redir(&mut world, &authorize, "invalid_request");
        assert!(!location(&response.headers).unwrap().contains('#'));
    }
    assert_eq!(world.get(&authorize_with(&[("response_mode", "query")])).status, 200);
}

#[test]
fn web_02_until_client_and_redirect_uri_are_sure_nobody_is_redirected() {
    let mut world = World::new();
    let unsure = [("redirect_uri", EVIL), ("client_id", "unknown")];
    let wrong = [
        ("response_type", "token"),
        ("scope", "\"<script>"),
        ("code_challenge", ""),
        ("code_challenge_method", "plain"),
        ("resource", "https://evil.test/"),
        ("response_mode", "fragment"),
        ("provider", "evil"),
        ("request", "x"),
        ("state", ""),
    ];
    for unsure in unsure {
        for wrong in wrong {
            local400(&mut world, &authorize_with(&[unsure, wrong]));
        }
        local400(&mut world, &(authorize_with(&[unsure]) + "&scope=a&scope=b&state=T"));
    }
}

#[test]
fn web_03_a_client_that_nobody_vetted_is_no_open_redirector() {
    let mut world = World::new();
    let evil = register_evil(&mut world);
    let of_evil =
        |more: (&str, &str)| authorize_with(&[("client_id", &evil), ("redirect_uri", EVIL), more]);
    for (wrong, error) in [
        (("response_type", "token"), "unsupported_response_type"),
        (("response_mode", "fragment"), "invalid_request"),
        (("code_challenge", ""), "invalid_request"),
        (("resource", "https://evil.test/"), "invalid_target"),
        (("provider", "evil"), "invalid_request"),
        (("request", "x"), "invalid_request"),
        (("scope", "nothing-known"), "invalid_scope"),
    ] {
        interstitial(&mut world, &of_evil(wrong), error, "evil.test");
    }
    // What is ignored does not redirect either.
    for ignored in [("scope", "openid"), ("prompt", "none"), ("max_age", "0")] {
        let page = world.get(&of_evil(ignored));
        assert_eq!(page.status, 200);
        assert!(location(&page.headers).is_none());
    }
    // An app of its own scheme is no better than a site, a program on the person's machine is.
    let app = world.register("com.evil.app:/cb");
    let changes =
        [("client_id", &*app), ("redirect_uri", "com.evil.app:/cb"), ("response_type", "token")];
    let host = "com.evil.app:";
    interstitial(&mut world, &authorize_with(&changes), "unsupported_response_type", host);
    let local = world.register("http://127.0.0.1/cb");
    let changes = [
        ("client_id", &*local),
        ("redirect_uri", "http://127.0.0.1:8/cb"),
        ("response_type", "token"),
    ];
    redir(&mut world, &authorize_with(&changes), "unsupported_response_type");
}

#[test]
fn web_06_the_callback_repeats_nothing_that_it_was_told() {
    let mut world = World::new();
    let hostile = "<script>alert(1)</script>\"><img src=x onerror=alert(1)>";
    let (browser, callback) = until_callback(&mut world, &authorize_with(&[]));
    let state = query_of(&callback)["state"].clone();
    let with = |pairs: &[(&str, &str)]| {
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        format!("/oauth/callback/idp?{query}")
    };

    let strange = [("error", hostile), ("error_description", hostile), ("state", hostile)];
    let page = refused(&mut world, get(&with(&strange), &browser.header()));
    assert_local400(&page);
    assert_eq!(*last_refusal(&world), Refusal::StateForged);
    assert!(!text(&page).contains("alert"));

    let known = [("error", hostile), ("error_description", hostile), ("state", &*state)];
    let response = refused(&mut world.clone(), get(&with(&known), &browser.header()));
    assert_redirect(&response, APP, "server_error", Some("S"));
    assert!(!location(&response.headers).unwrap().contains("alert"));

    let unknown = world.get(&format!("/nowhere?{hostile}").replace(['<', '>', '"', ' '], "%3C"));
    assert_clean(&unknown);
    assert!(!text(&unknown).contains("alert"));
    let other = refused(&mut world, get("/oauth/callback/other?error=x&state=y", ""));
    assert_page(&other);
}

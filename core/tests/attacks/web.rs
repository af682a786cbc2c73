//! Header fields of answers: caching, framing, other sites.

use http::{Method, header};
use vestibule_core::Response;

use crate::expect::{
    DOCUMENTS, PAGES, SHARED, assert_clean, assert_describes, assert_page, member,
    with_own_resource,
};
use crate::world::{
    APP, Browser, World, authorize_with, json_of, location, post, query_of, redemption, request,
    text,
};

/// One answer of every kind that has to do with credentials or with a sign-in.
fn answers(world: &mut World) -> Vec<(&'static str, Response)> {
    let mut browser = Browser::default();
    let page = browser.get(world, &authorize_with(&[]));
    let consent = browser.press(world, &page, ("provider", "idp"));
    let cancelled = browser.press(world, &page, ("cancel", "1"));
    let forged = browser.press_with(world, &[("form", "x"), ("provider", "idp")], &[]);
    let upstream = location(&consent.headers).unwrap();
    let callback = crate::world::browser::callback_of(upstream, &[("code", "upstream-code")]);
    let back = browser.get(world, &callback);
    let again = browser.get(world, &callback);
    let code = query_of(location(&back.headers).unwrap())["code"].clone();
    let redeemed = world.redeem(&code);
    let token = member(&json_of(&redeemed), "refresh_token");
    let refreshed = world.refresh(&token);
    let revoked = world.revoke(&token);
    let registered = world.register_with(&crate::expect::registration(APP));
    let bad = world.register_with(&crate::expect::registration("x"));
    vec![
        ("page", page),
        ("303", consent),
        ("303", cancelled),
        ("page", forged),
        ("303", back),
        ("page", again),
        ("json", redeemed),
        ("json", refreshed),
        ("empty", revoked),
        ("json", registered),
        ("json", bad),
        ("json", world.redeem(&code)),
        ("json", world.get("/nowhere")),
        ("json", world.get("/oauth/token")),
        ("json", world.send(redemption(&"a".repeat(1 << 17), &[]))),
        ("page", world.get(&authorize_with(&[("client_id", "nobody")]))),
        ("303", world.get(&authorize_with(&[("request", "x")]))),
        ("page", world.get("/oauth/callback/idp?state=x")),
        ("page", world.get("/oauth/callback/idp?state=x&state=y")),
        ("303", world.send(post("/oauth/authorize", &[("client_id", "P")], &[]))),
        ("empty", world.send(request(Method::OPTIONS, "/oauth/token", &[], ""))),
    ]
}

#[test]
fn web_07_descriptions_are_made_of_what_the_rfc_allows() {
    for (kind, response) in answers(&mut World::new()) {
        match (kind, location(&response.headers)) {
            ("json", _) => {
                if let Some(description) = json_of(&response)["error_description"].as_str() {
                    assert_describes(description);
                }
            }
            ("303", Some(to)) => {
                if let Some(description) = query_of(to).get("error_description") {
                    assert_describes(description);
                }
            }
            _ => {}
        }
    }
}

#[test]
fn web_08_web_11_web_12_answers_are_neither_framed_nor_cached_nor_named_to_others() {
    for (kind, response) in answers(&mut World::new()) {
        assert_clean_headers(&response);
        if kind == "page" {
            let policy = response.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
            for part in ["frame-ancestors 'none'", "default-src 'none'", "base-uri 'none'"] {
                assert!(policy.contains(part), "{policy}");
            }
            assert!(!policy.contains("unsafe") && !policy.contains("script-src"), "{policy}");
            assert_eq!(response.headers[header::X_FRAME_OPTIONS], "DENY");
            if response.status != 200 {
                assert_page(&response);
            }
        }
        if kind == "page" || kind == "303" {
            assert_eq!(response.headers[header::REFERRER_POLICY], "no-referrer");
        }
    }
}

#[test]
fn web_12_browsers_are_told_to_come_by_https_only() {
    for (kind, response) in answers(&mut World::new()) {
        assert!(response.headers.contains_key(header::STRICT_TRANSPORT_SECURITY), "{kind}");
    }
}

fn assert_clean_headers(response: &Response) {
    assert_eq!(response.headers[header::CACHE_CONTROL], "no-store", "{}", text(response));
    assert_eq!(response.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    if !response.status.is_success() && response.status != 303 {
        assert_clean(response);
    }
}

#[test]
fn web_13_other_sites_may_read_what_depends_on_nobody() {
    let mut world = with_own_resource();
    let origin = [("origin", "https://inspector.test")];
    for path in DOCUMENTS.into_iter().chain(SHARED) {
        let method = if SHARED.contains(&path) { Method::POST } else { Method::GET };
        let answer = world.send(request(method, path, &origin, ""));
        let wrong = world.send(request(Method::PUT, path, &origin, ""));
        let asked = [origin[0], ("access-control-request-method", "POST")];
        let preflight = world.send(request(Method::OPTIONS, path, &asked, ""));
        assert_eq!(preflight.status, 204);
        for response in [&answer, &wrong, &preflight] {
            assert_eq!(response.headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*", "{path}");
            assert!(!response.headers.contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS));
        }
        let allowed = &preflight.headers[header::ACCESS_CONTROL_ALLOW_HEADERS];
        for name in ["authorization", "content-type", "mcp-protocol-version"] {
            assert!(allowed.to_str().unwrap().contains(name), "{path}: {allowed:?}");
        }
    }
    for path in PAGES {
        for method in [Method::GET, Method::POST, Method::OPTIONS, Method::PUT] {
            let response = world.send(request(method, path, &origin, ""));
            let shared = |name: &&header::HeaderName| name.as_str().starts_with("access-control");
            assert_eq!(response.headers.keys().find(shared), None, "{path}");
        }
    }
}

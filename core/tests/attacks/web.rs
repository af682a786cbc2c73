//! Header fields of answers: caching, framing, other sites.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{Method, header};
use sha2::{Digest, Sha256};
use vestibule_core::Response;

use crate::expect::{
    C_SECRET, DOCUMENTS, PAGES, SHARED, assert_clean, assert_describes, assert_page, assert_tok,
    basic, member, refused, registration, with_own_resource,
};
use crate::world::{
    APP, Browser, World, authorize_with, config, json_of, location, post, query_of, redemption,
    request, text,
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
        assert_eq!(preflight.headers[header::ACCESS_CONTROL_ALLOW_METHODS], "GET, POST, OPTIONS");
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

/// Where nothing is, a script reads the 404 and goes on to the next address.
#[test]
fn web_13_other_sites_may_read_that_nothing_is_there() {
    let mut world = World::new();
    let origin = ("origin", "https://inspector.test");
    for path in [
        "/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server/mcp",
        "/.well-known/oauth-protected-resource",
        "/mcp/.well-known/openid-configuration",
    ] {
        let asked = [
            origin,
            ("access-control-request-method", "GET"),
            ("access-control-request-headers", "mcp-protocol-version"),
        ];
        let preflight = world.send(request(Method::OPTIONS, path, &asked, ""));
        assert_eq!((preflight.status.as_u16(), preflight.body.len()), (204, 0), "{path}");
        let allowed = &preflight.headers[header::ACCESS_CONTROL_ALLOW_HEADERS];
        assert_eq!(allowed, "authorization, content-type, mcp-protocol-version");
        let nothing = world.send(request(Method::GET, path, &[origin], ""));
        assert_tok(&nothing, 404, "invalid_request");
        for response in [&preflight, &nothing] {
            assert_eq!(response.headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*", "{path}");
            assert!(!response.headers.contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS));
        }
    }
    // Elsewhere nobody probes, and what is not there permits nothing.
    let preflight = world.send(request(Method::OPTIONS, "/nowhere", &[origin], ""));
    assert_eq!(preflight.status, 404);
}

/// Nothing here shows or fetches them. What could do harm wherever they are shown is refused, in
/// every language (RFC 7591 §2.2).
#[test]
fn web_05_pages_of_a_client_are_pages_of_the_web() {
    let mut world = World::new();
    for name in
        ["client_uri", "logo_uri", "tos_uri", "policy_uri", "tos_uri#fr", "logo_uri#ja-Jpan"]
    {
        for uri in [
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)",
            "data:text/html,<script>alert(1)</script>",
            "data:image/svg+xml,<svg onload=alert(1)>",
            "file:///etc/passwd",
            "http://169.254.169.254/",
            "http://169.254.169.254/latest/meta-data/",
            "http://2852039166/",
            "http://[fe80::1]/",
            "http://[::ffff:169.254.169.254]/",
            "//app.test/logo",
            "logo.png",
            "https://app.test/\"onerror=alert(1)",
            "https://",
        ] {
            let mut metadata = registration(APP);
            metadata[name] = uri.into();
            let response = world.register_with(&metadata);
            assert_tok(&response, 400, "invalid_client_metadata");
            assert!(!text(&response).contains("alert"), "{}", text(&response));
        }
        let mut wrong = registration(APP);
        wrong[name] = 1.into();
        assert_tok(&world.register_with(&wrong), 400, "invalid_client_metadata");
    }
}

#[test]
fn web_05_a_clients_pages_stand_on_no_page_of_ours() {
    let mut world = World::new();
    let mut metadata = registration(APP);
    for name in ["client_uri", "logo_uri", "tos_uri", "policy_uri", "tos_uri#fr"] {
        metadata[name] = "https://elsewhere.test/<b>".replace("<b>", name).into();
    }
    let response = world.register_with(&metadata);
    assert_eq!(response.status, 201, "{}", text(&response));
    let id = member(&json_of(&response), "client_id");
    let page = text(&world.get(&authorize_with(&[("client_id", &id)])));
    assert!(page.contains("app.test") && !page.contains("elsewhere.test"), "{page}");
}

/// Every page allows exactly what it has, by hash or nonce: nothing that was put into it runs.
#[test]
fn web_09_a_page_allows_its_own_style_and_no_script() {
    for (kind, response) in answers(&mut World::new()) {
        if kind != "page" {
            continue;
        }
        let policy = response.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        let directives: Vec<_> = policy.split("; ").collect();
        assert!(directives.contains(&"default-src 'none'"), "{policy}");
        for word in ["unsafe-", "script-src", "*", "data:", "http:"] {
            assert!(!policy.contains(word), "{word}: {policy}");
        }
        let style = directives.iter().find_map(|it| it.strip_prefix("style-src "));
        let style = style.unwrap_or_else(|| panic!("no style-src: {policy}"));
        let page = text(&response);
        assert_eq!(page.matches("<style").count(), 1, "{page}");
        let (tag, rest) = page.split_once("<style").unwrap().1.split_once('>').unwrap();
        let hash = STANDARD.encode(Sha256::digest(rest.split("</style>").next().unwrap()));
        let by_hash = style == format!("'sha256-{hash}'");
        let nonce = tag.split_once("nonce=\"").map(|(_, nonce)| nonce.trim_end_matches('"'));
        let by_nonce = nonce.is_some_and(|nonce| style == format!("'nonce-{nonce}'"));
        assert!(by_hash || by_nonce, "{style} does not allow the page's style");
        let lower = page.to_ascii_lowercase();
        for inline in ["<script", " style=", " onclick=", " onload=", " onsubmit=", "javascript:"] {
            assert!(!lower.contains(inline), "{inline}: {page}");
        }
    }
}

/// `Scheme name="value", …`, each value a quoted-string (RFC 9110 §11.6.1); what it says.
fn assert_challenge(response: &Response) {
    let mut values = response.headers.get_all(header::WWW_AUTHENTICATE).iter();
    let value = values.next().unwrap().to_str().unwrap();
    assert!(values.next().is_none(), "one challenge");
    assert!(value.bytes().all(|byte| matches!(byte, b' '..=b'~')), "{value:?}");
    let (scheme, mut rest) = value.split_once(' ').unwrap_or((value, ""));
    assert!(["Basic", "Bearer"].contains(&scheme), "{value}");
    while !rest.is_empty() {
        let (name, quoted) = rest.split_once("=\"").unwrap_or_else(|| panic!("{value}"));
        assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{value}");
        let (text, after) = quoted.split_once('"').unwrap_or_else(|| panic!("{value}"));
        assert!(!text.contains('\\'), "{value}");
        rest = after.strip_prefix(", ").unwrap_or(after);
        assert!(rest.is_empty() || after.starts_with(", "), "{value}");
    }
    for hostile in ["evil", "realm=\"x", "\\"] {
        assert!(!value.contains(hostile), "{value}");
    }
}

/// Nothing that came with a request gets into a challenge.
#[test]
fn web_14_a_challenge_says_nothing_that_was_sent() {
    let mut world = World::new();
    for hostile in ["evil\", realm=\"x", "evil\\\"", "evil\r\nSet-Cookie: x=1", "evil\u{e9}"] {
        for credentials in [format!("{hostile}:{C_SECRET}"), format!("C:{hostile}")] {
            let form = [("grant_type", "authorization_code"), ("scope", hostile)];
            let basic = basic(&credentials);
            let request = post("/oauth/token", &form, &[("authorization", &basic)]);
            assert_challenge(&refused(&mut world, request));
        }
        let resource = http::Request::get("/mcp").header(header::HOST, "mcp.test");
        let token = form_urlencoded::byte_serialize(hostile.as_bytes()).collect::<String>();
        for authorization in
            ["Bearer".to_owned(), format!("Bearer {token}"), "Bearer evil\", realm=\"x".to_owned()]
        {
            let request = http::Request::get("/mcp").header(header::AUTHORIZATION, authorization);
            let (parts, ()) = request.body(()).unwrap().into_parts();
            let now = world.tick().now;
            assert_challenge(&world.server.authenticate(&parts, now).unwrap_err().response());
        }
        let (parts, ()) = resource.body(()).unwrap().into_parts();
        let now = world.tick().now;
        assert_challenge(&world.server.authenticate(&parts, now).unwrap_err().response());
    }
}

/// Nor can an operator's scope break out of one.
#[test]
fn web_14_a_scope_has_no_quotes() {
    for scope in ["a\"b", "a\\b", "a b", "a\r\nb", ""] {
        let mut config = config();
        config.resources[0].scopes.push(scope.to_owned());
        assert!(vestibule_core::Server::new(config).is_err(), "{scope:?}");
    }
}

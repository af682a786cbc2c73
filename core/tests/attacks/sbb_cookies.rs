//! The sign-in page, its form and its cookies.

use http::{Method, header};
use serde_json::json;
use vestibule_core::{Consent, Refusal, Response};

use crate::expect::{
    assert_local400, assert_page, complete, get, last_refusal, refused, until_callback,
};
use crate::world::browser::{callback_of, form_of};
use crate::world::{
    Browser, World, authorize_with, client, config, json_of, location, post, query_of, request,
    text,
};

/// A browser with the sign-in page open, and the page's form.
fn page_open(world: &mut World) -> (Browser, String) {
    let mut browser = Browser::default();
    let page = browser.get(world, &authorize_with(&[]));
    (browser, form_of(&page))
}

/// A consent that must be refused; nobody is sent upstream and no cookie is set.
fn refused_consent(
    world: &mut World,
    browser: &Browser,
    form: &[(&str, &str)],
    headers: &[(&str, &str)],
) -> Response {
    let cookies = browser.header();
    let headers = [headers, &[("cookie", &*cookies)]].concat();
    let response = refused(world, post("/oauth/consent", form, &headers));
    assert_page(&response);
    assert!(!response.headers.contains_key(header::SET_COOKIE));
    response
}

fn goes_on(world: &mut World, browser: &mut Browser, form: &str) {
    let response = browser.press_with(world, &[("form", form), ("provider", "idp")], &[]);
    let upstream = location(&response.headers).unwrap();
    let callback = callback_of(upstream, &[("code", "upstream-code")]);
    assert!(complete(world, browser, &callback).contains("code="));
}

#[test]
fn sbb_13_a_consent_needs_the_form_of_this_browser() {
    let mut world = World::new();
    let (mut browser, form) = page_open(&mut world);
    let (other, foreign) = page_open(&mut world);
    let idp = ("provider", "idp");

    let without = refused_consent(&mut world, &browser, &[idp], &[]);
    assert_local400(&without);
    let foreign_form = refused_consent(&mut world, &browser, &[("form", &foreign), idp], &[]);
    assert_eq!(foreign_form.status, 403);
    assert_eq!(*last_refusal(&world), Refusal::FormForged);
    let in_other = refused_consent(&mut world, &other, &[("form", &form), idp], &[]);
    assert_eq!(in_other.status, 403);
    let nobody = refused_consent(&mut world, &Browser::default(), &[("form", &form), idp], &[]);
    assert_eq!(nobody.status, 403);
    // Cancelling for somebody else is refused like agreeing for them.
    let cancelled = [("form", &*foreign), ("cancel", "1")];
    assert_eq!(refused_consent(&mut world, &browser, &cancelled, &[]).status, 403);
    // A mark that an attacker planted is no mark.
    let mut planted = browser.clone();
    planted.cookies.values_mut().for_each(|mark| *mark = "x".to_owned());
    assert_eq!(refused_consent(&mut world, &planted, &[("form", &form), idp], &[]).status, 403);

    let by_get = format!("/oauth/consent?form={form}&provider=idp");
    let response = refused(&mut world, get(&by_get, &browser.header()));
    assert_eq!(response.status, 405);
    assert_eq!(response.headers[header::ALLOW], "POST");

    goes_on(&mut world, &mut browser, &form);
}

#[test]
fn sbb_14_a_consent_from_another_site_is_refused() {
    let mut world = World::new();
    let (mut browser, form) = page_open(&mut world);
    let fields = [("form", &*form), ("provider", "idp")];
    for headers in [
        &[("origin", "https://evil.test")][..],
        &[("origin", "http://as.test")],
        &[("origin", "https://as.test.evil.test")],
        &[("origin", "https://as.test:8443")],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "anything")],
        &[("sec-fetch-site", "cross-site"), ("origin", "https://as.test")],
        &[("origin", "as.test")],
    ] {
        let response = refused_consent(&mut world, &browser, &fields, headers);
        assert_eq!(response.status, 403, "{headers:?}");
        assert_eq!(*last_refusal(&world), Refusal::CrossSite, "{headers:?}");
    }
    // Our page sends no referrer, and so its form's origin is opaque.
    for own in [
        &[("origin", "https://as.test"), ("sec-fetch-site", "same-origin")][..],
        &[("origin", "null"), ("sec-fetch-site", "same-origin")],
        &[("origin", "null")],
    ] {
        let response = browser.press_with(&mut world, &fields, own);
        assert_eq!(response.status, 303, "{own:?}");
    }
}

/// What has an opaque origin may also be another site's sandbox: then the browser's mark decides.
#[test]
fn sbb_14_an_opaque_origin_alone_proves_nothing() {
    let mut world = World::new();
    let (_, form) = page_open(&mut world);
    let (other, _) = page_open(&mut world);
    let fields = [("form", &*form), ("provider", "idp")];
    let response = refused_consent(&mut world, &other, &fields, &[("origin", "null")]);
    assert_eq!(response.status, 403);
}

#[test]
fn sbb_15_a_double_click_is_one_sign_in() {
    let mut world = World::new();
    let (mut browser, form) = page_open(&mut world);
    let fields = [("form", &*form), ("provider", "idp")];
    let clicks = [(); 2].map(|()| browser.press_with(&mut world, &fields, &[]));
    let upstream = clicks.map(|click| query_of(location(&click.headers).unwrap()));
    assert_eq!(upstream[0], upstream[1], "the same way twice");
    let flows = browser.cookies.keys().filter(|name| name.contains("flow")).count();
    assert_eq!(flows, 1);

    let callback = format!(
        "/oauth/callback/idp?{}",
        form_urlencoded::Serializer::new(String::new())
            .append_pair("state", &upstream[0]["state"])
            .append_pair("code", "upstream-code")
            .finish()
    );
    assert!(complete(&mut world, &mut browser, &callback).contains("code="));
    // Pressed once more after all is done: the same flow, which is over.
    let again = browser.press_with(&mut world, &fields, &[]);
    let callback = callback_of(location(&again.headers).unwrap(), &[("code", "upstream-code")]);
    let calls = world.upstream.calls.len();
    let response = refused(&mut world, get(&callback, &browser.header()));
    assert_local400(&response);
    assert_eq!(*last_refusal(&world), Refusal::AlreadyCompleted);
    assert_eq!((world.upstream.calls.len(), world.store.len()), (calls, 1));
}

#[test]
fn sbb_16_two_tabs_and_two_renderings_do_not_disturb_each_other() {
    let mut world = World::new();
    let mut browser = Browser::default();
    let states = ["one", "two", "three"];
    let pages = states.map(|state| browser.get(&mut world, &authorize_with(&[("state", state)])));
    // Rendered again before the first is sent.
    let twice = browser.get(&mut world, &authorize_with(&[("state", "one")]));
    let upstream = [&pages[0], &pages[1], &pages[2], &twice].map(|page| {
        let response = browser.press(&mut world, page, ("provider", "idp"));
        location(&response.headers).unwrap().to_owned()
    });
    for (n, state) in [(2, "three"), (0, "one"), (3, "one"), (1, "two")] {
        let callback = callback_of(&upstream[n], &[("code", "upstream-code")]);
        let said = query_of(&complete(&mut world, &mut browser, &callback));
        assert_eq!(said["state"], state);
        assert_eq!(world.redeem(&said["code"]).status, 200);
    }
    assert!(browser.cookies.keys().all(|name| !name.contains("flow")), "all are over");
}

#[test]
fn sbb_17_cookies_are_for_this_host_and_this_flow_only() {
    let mut world = World::new();
    let mut browser = Browser::default();
    let page = browser.get(&mut world, &authorize_with(&[]));
    let consent = browser.press(&mut world, &page, ("provider", "idp"));
    let upstream = location(&consent.headers).unwrap().to_owned();
    let back = browser.get(&mut world, &callback_of(&upstream, &[("code", "upstream-code")]));
    let mut seen = Vec::new();
    for response in [&page, &consent, &back] {
        for cookie in response.headers.get_all(header::SET_COOKIE) {
            let mut parts = cookie.to_str().unwrap().split("; ");
            let (name, _) = parts.next().unwrap().split_once('=').unwrap();
            let attributes: Vec<_> = parts.collect();
            assert!(name.starts_with("__Host-"), "{name}");
            for attribute in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
                assert!(attributes.contains(&attribute), "{name}: {attributes:?}");
            }
            assert!(!attributes.iter().any(|attribute| attribute.starts_with("Domain")));
            let age = attributes.iter().find_map(|attribute| attribute.strip_prefix("Max-Age="));
            let age: u32 = age.unwrap().parse().unwrap();
            assert!(!name.contains("flow") || age <= 600, "{name} lives for {age} s");
            seen.push((name.contains("flow"), age));
        }
    }
    assert_eq!(seen, [(false, 86_400), (true, 600), (true, 0)], "mark, flow, flow deleted");
}

#[test]
fn sbb_18_five_hundred_sign_ins_in_one_browser_fit_into_a_header() {
    for state in ["S".to_owned(), "s".repeat(2048)] {
        let mut config = config();
        config.consent = Consent::Remember(Consent::LONGEST);
        let ids: Vec<String> = (0..20).map(|n| format!("client-{n}")).collect();
        config.clients.extend(ids.iter().map(|id| client(id, None, &["https://app.test/cb"])));
        let mut world = World::of(config);
        let mut browser = Browser::default();
        // All that a browser can remember is there too.
        for id in &ids {
            let page = browser.get(&mut world, &authorize_with(&[("client_id", id)]));
            let form = form_of(&page);
            let form = [("form", &*form), ("provider", "idp"), ("remember", "1")];
            browser.press_with(&mut world, &form, &[]);
        }
        let mut upstream = String::new();
        for _ in 0..500 {
            upstream = browser.until_upstream(&mut world, &authorize_with(&[("state", &state)]));
            assert!(browser.header().len() < 8000, "{} bytes", browser.header().len());
            world.pass(1);
        }
        let callback = callback_of(&upstream, &[("code", "upstream-code")]);
        let said = complete(&mut world, &mut browser, &callback);
        assert_eq!(query_of(&said)["state"], state, "the newest is still there");
        // What was never finished left nothing behind.
        assert_eq!(world.store.len(), 1);
    }
}

#[test]
fn sbb_22_the_page_says_who_asks_for_what_and_where_the_answer_goes() {
    let mut world = World::new();
    let response = world.register_with(&json!({
        "redirect_uris": ["https://evil.test:8443/cb?\'x=1"],
        "client_name": "<b>Acme</b> \"&\" \u{202E}Co",
        "token_endpoint_auth_method": "none",
    }));
    let id = json_of(&response)["client_id"].as_str().unwrap().to_owned();
    let changes = [("client_id", &*id), ("redirect_uri", "https://evil.test:8443/cb?\'x=1")];
    let page = world.get(&authorize_with(&changes));
    assert_eq!(page.status, 200);
    assert_page_is_safe(&page);
    let page = text(&page);
    for shown in ["Acme", "evil.test", "mcp:read", "mcp:write", "https://mcp.test/mcp"] {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    for button in ["The idp", "The other", "your name and picture", "Cancel"] {
        assert!(page.contains(button), "{button}: {page}");
    }
    assert!(page.contains("gave itself this name"), "{page}");
    assert!(!page.contains("<b>") && !page.contains('\u{202E}'), "{page}");
    // A program on the person's own machine is called one.
    let changes = [("client_id", "N"), ("redirect_uri", "http://127.0.0.1:5/cb")];
    let page = text(&world.get(&authorize_with(&changes)));
    assert!(page.contains("127.0.0.1") && page.contains("your own computer"), "{page}");
    assert!(!page.contains("gave itself this name"), "the operator knows N");
}

fn assert_page_is_safe(page: &Response) {
    let text = text(page).to_ascii_lowercase();
    assert!(!text.contains("<script") && !text.contains("javascript:"), "{text}");
    assert!(!text.contains("src=") && !text.contains("http-equiv"), "{text}");
}

#[test]
fn sbb_12_sbb_13_an_expired_page_and_an_unknown_provider_lead_nowhere() {
    let mut world = World::new();
    let (browser, form) = page_open(&mut world);
    for provider in ["", "evil", "IDP", "idp "] {
        let fields = [("form", &*form), ("provider", provider)];
        assert_local400(&refused_consent(&mut world, &browser, &fields, &[]));
    }
    world.pass(30 * 60);
    let fields = [("form", &*form), ("provider", "idp")];
    assert_local400(&refused_consent(&mut world, &browser, &fields, &[]));
    assert_eq!(*last_refusal(&world), Refusal::FormExpired);
}

#[test]
fn sbb_02_a_cookie_that_is_set_twice_or_planted_beside_does_not_help() {
    let mut world = World::of(config());
    let (browser, callback) = until_callback(&mut world, &authorize_with(&[]));
    let cookies = browser.header();
    let (name, value) = browser.cookies.iter().find(|(name, _)| name.contains("flow")).unwrap();
    // Over HTTP/2 cookies come in several fields.
    let fields: Vec<_> = cookies.split("; ").map(|cookie| ("cookie", cookie)).collect();
    let mut copy = world.clone();
    assert_eq!(copy.send(request(Method::GET, &callback, &fields, "")).status, 303);
    for planted in [format!("{name}x={value}"), format!("x{name}={value}"), name.clone()] {
        let response = refused(&mut world, get(&callback, &planted));
        assert_local400(&response);
    }
}

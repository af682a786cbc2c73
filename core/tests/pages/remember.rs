//! Remembered consent: what it covers, and what it never does.

use std::time::Duration;

use http::Method;
use vestibule_core::{Config, Consent, Cutoff, Response, SealingSecret};

use crate::world::browser::callback_of;
use crate::world::{
    APP, Browser, RES, World, authorize_with, client, config, error_of, form_of, location, request,
    text,
};

const BY_THEMSELVES: (&str, &str) = ("sec-fetch-site", "none");
const DAY: u64 = 24 * 60 * 60;

/// A server that remembers for 30 days, with a client that has two redirect URIs and two resources.
fn configured() -> Config {
    let mut config = config();
    config.consent = Consent::Remember(Consent::LONGEST);
    config.clients.push(client("Q", None, &[APP, "https://app.test/other"]));
    let other = vestibule_core::Resource::new("https://other.test/mcp", vec!["x".to_owned()]);
    config.resources.push(other.unwrap());
    config
}

fn world() -> World {
    World::of(configured())
}

fn asking(changes: &[(&str, &str)]) -> String {
    let mut all = vec![("client_id", "Q"), ("scope", "mcp:read"), ("resource", RES)];
    all.retain(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
    all.extend(changes);
    authorize_with(&all)
}

/// A browser whose person agreed, with the box ticked.
fn remembered(world: &mut World) -> Browser {
    let mut browser = Browser::default();
    agree(world, &mut browser, &[]);
    browser
}

fn agree(world: &mut World, browser: &mut Browser, changes: &[(&str, &str)]) {
    let page = browser.get(world, &asking(changes));
    assert!(has_box(&page), "{}", text(&page));
    let form = form_of(&page);
    let form = [("form", &*form), ("provider", "idp"), ("remember", "1")];
    assert_eq!(browser.press_with(world, &form, &[]).status, 303);
}

fn comes(world: &mut World, browser: &mut Browser, changes: &[(&str, &str)]) -> Response {
    browser.get_with(world, &asking(changes), &[BY_THEMSELVES])
}

fn is_asked(response: &Response) -> bool {
    response.status == 200 && text(response).contains("name=\"form\"")
}

fn has_box(page: &Response) -> bool {
    text(page).contains("name=\"remember\"")
}

/// Sent on to the provider, and able to come back.
fn goes_on(world: &mut World, browser: &mut Browser, response: &Response) -> bool {
    let Some(upstream) = location(&response.headers) else { return false };
    let callback = callback_of(upstream, &[("code", "upstream-code")]);
    let back = browser.get(world, &callback);
    location(&back.headers).is_some_and(|to| to.starts_with(APP) && to.contains("code="))
}

#[test]
fn who_had_it_remembered_is_not_asked_again() {
    let mut world = world();
    let mut browser = remembered(&mut world);
    for site in ["none", "same-origin"] {
        let headers = [("sec-fetch-site", site)];
        let response = browser.get_with(&mut world, &asking(&[]), &headers);
        assert!(goes_on(&mut world, &mut browser, &response), "{site}: {}", text(&response));
    }
}

#[test]
fn without_the_box_nothing_is_remembered() {
    let mut world = world();
    let mut browser = Browser::default();
    browser.until_redirect(&mut world, &asking(&[]));
    assert!(is_asked(&comes(&mut world, &mut browser, &[])));
}

#[test]
fn without_the_setting_there_is_no_box_and_ticking_it_does_nothing() {
    let mut world = World::new();
    let mut browser = Browser::default();
    let page = browser.get(&mut world, &authorize_with(&[]));
    assert!(!has_box(&page), "{}", text(&page));
    let form = form_of(&page);
    let form = [("form", &*form), ("provider", "idp"), ("remember", "1")];
    let response = browser.press_with(&mut world, &form, &[]);
    let mut cookies = response.headers.get_all("set-cookie").iter();
    assert!(cookies.all(|cookie| !cookie.to_str().unwrap().contains("remember")));
}

#[test]
fn sbb_19_an_edited_or_foreign_cookie_is_as_good_as_none() {
    let mut world = world();
    let browser = remembered(&mut world);
    let (name, value) =
        browser.cookies.iter().find(|(name, _)| name.contains("remembered")).unwrap();
    let (name, value) = (name.clone(), value.clone());
    for at in 0..value.len() {
        let mut edited = value.clone();
        let other = if value.as_bytes()[at] == b'A' { "B" } else { "A" };
        edited.replace_range(at..=at, other);
        let mut browser = browser.clone();
        browser.cookies.insert(name.clone(), edited);
        assert!(is_asked(&comes(&mut world, &mut browser, &[])), "byte {at}");
    }
    // A flow's cookie is sealed too, for another purpose.
    let mut browser = browser.clone();
    let flow = browser.cookies.iter().find(|(name, _)| name.contains("flow")).unwrap().1.clone();
    browser.cookies.insert(name, flow);
    assert!(is_asked(&comes(&mut world, &mut browser, &[])));
}

#[test]
fn sbb_20_it_covers_what_was_on_the_page_and_nothing_else() {
    let mut world = world();
    let browser = remembered(&mut world);
    for change in [
        ("client_id", "P"),
        ("redirect_uri", "https://app.test/other"),
        ("scope", "mcp:write"),
        ("scope", "mcp:read mcp:write"),
        ("provider", "other"),
    ] {
        let mut browser = browser.clone();
        assert!(is_asked(&comes(&mut world, &mut browser, &[change])), "{change:?}");
    }
    let elsewhere = [("resource", "https://other.test/mcp"), ("scope", "x")];
    assert!(is_asked(&comes(&mut world, &mut browser.clone(), &elsewhere)));
    let mut config = configured();
    config.providers[0].scopes.push("admin".to_owned());
    let mut changed = world.reconfigured(config);
    assert!(is_asked(&comes(&mut changed, &mut browser.clone(), &[])), "another provider scope");
    assert!(!is_asked(&comes(&mut world, &mut browser.clone(), &[])));
}

#[test]
fn sbb_21_whom_another_site_may_have_sent_is_asked() {
    let mut world = world();
    let mut browser = remembered(&mut world);
    for headers in [
        &[][..],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "")],
        &[("sec-fetch-site", "None")],
        &[("sec-fetch-site", "none"), ("sec-fetch-site", "cross-site")],
    ] {
        let response = browser.get_with(&mut world, &asking(&[]), headers);
        assert!(is_asked(&response), "{headers:?}");
    }
}

/// A stranger could have a browser come back here as from a page of ours: Cancel, and the link of an
/// error page, lead to the redirect URI.
#[test]
fn sbb_21_no_stranger_lives_where_this_server_does() {
    let mut world = world();
    let redirect_uri = format!("https://as.test{}", asking(&[]));
    let redirect_uri = redirect_uri.replace("&state=S", "");
    let response = world.register_with(&serde_json::json!({ "redirect_uris": [redirect_uri] }));
    assert_eq!(error_of(&response), (400, "invalid_redirect_uri".to_owned()));
}

#[test]
fn sbb_21_what_nobody_looks_at_is_asked() {
    let mut world = world();
    let browser = remembered(&mut world);
    for unseen in [
        ("sec-purpose", "prefetch"),
        ("sec-purpose", "prefetch;prerender"),
        ("purpose", "prefetch"),
        ("sec-fetch-dest", "iframe"),
        ("sec-fetch-dest", "empty"),
    ] {
        let headers = [BY_THEMSELVES, unseen];
        let response = browser.clone().get_with(&mut world, &asking(&[]), &headers);
        assert!(is_asked(&response), "{unseen:?}");
    }
    let cookies = browser.header();
    let headers = [BY_THEMSELVES, ("cookie", &*cookies)];
    let head = world.send(request(Method::HEAD, &asking(&[]), &headers, ""));
    assert_eq!(head.status, 200);
    let seen = [BY_THEMSELVES, ("sec-fetch-dest", "document")];
    assert!(!is_asked(&browser.clone().get_with(&mut world, &asking(&[]), &seen)));
}

/// What was ended under a key that is gone must not live on under the next.
#[test]
fn sbb_19_what_an_older_key_sealed_is_not_sealed_anew() {
    let keys = |keys: &[u8]| {
        let mut config = configured();
        config.secrets = keys.iter().map(|key| SealingSecret::new([*key; 32]).unwrap()).collect();
        config.clients.push(client("R", None, &[APP]));
        config
    };
    let mut world = World::of(keys(&[1]));
    let mut browser = remembered(&mut world);
    let mut world = world.reconfigured(keys(&[2, 1]));
    assert!(!is_asked(&comes(&mut world, &mut browser.clone(), &[])), "the older key still opens");
    agree(&mut world, &mut browser, &[("client_id", "R")]);
    let mut world = world.reconfigured(keys(&[2]));
    assert!(is_asked(&comes(&mut world, &mut browser, &[])));
    assert!(!is_asked(&comes(&mut world, &mut browser, &[("client_id", "R")])));
}

#[test]
fn what_was_allowed_by_a_clock_that_ran_ahead_is_asked_again() {
    let mut world = world();
    let mut browser = remembered(&mut world);
    world.now -= 61;
    assert!(is_asked(&comes(&mut world, &mut browser, &[])));
}

#[test]
fn sbb_21_loopback_app_and_registered_clients_are_never_remembered() {
    let mut config = configured();
    config.clients.push(client("S", None, &["com.example.app:/cb"]));
    let mut world = World::of(config);
    let registered = world.register(APP);
    for changes in [
        [("client_id", "N"), ("redirect_uri", "http://127.0.0.1:5/cb")],
        [("client_id", "S"), ("redirect_uri", "com.example.app:/cb")],
        [("client_id", &*registered), ("redirect_uri", APP)],
    ] {
        let mut browser = Browser::default();
        let page = browser.get(&mut world, &asking(&changes));
        assert!(is_asked(&page) && !has_box(&page), "{}", text(&page));
        let form = form_of(&page);
        let form = [("form", &*form), ("provider", "idp"), ("remember", "1")];
        assert_eq!(browser.press_with(&mut world, &form, &[]).status, 303);
        assert!(is_asked(&comes(&mut world, &mut browser, &changes)), "{changes:?}");
    }
}

#[test]
fn it_lasts_thirty_days_or_as_long_as_the_operator_says() {
    let mut world = world();
    let browser = remembered(&mut world);
    world.pass(30 * DAY - 1);
    assert!(!is_asked(&comes(&mut world, &mut browser.clone(), &[])));
    let mut config = configured();
    config.consent = Consent::Remember(Duration::from_secs(DAY));
    let mut shorter = world.reconfigured(config);
    assert!(is_asked(&comes(&mut shorter, &mut browser.clone(), &[])));
    world.pass(1);
    assert!(is_asked(&comes(&mut world, &mut browser.clone(), &[])));
}

#[test]
fn who_asks_to_be_asked_is_asked() {
    let mut world = world();
    let mut browser = remembered(&mut world);
    assert!(is_asked(&comes(&mut world, &mut browser, &[("prompt", "login consent")])));
}

#[test]
fn cancelling_or_leaving_the_box_empty_forgets_it() {
    for answer in [("cancel", "1"), ("provider", "idp")] {
        let mut world = world();
        let mut browser = remembered(&mut world);
        let page = comes(&mut world, &mut browser, &[("prompt", "consent")]);
        assert_eq!(browser.press(&mut world, &page, answer).status, 303);
        assert!(is_asked(&comes(&mut world, &mut browser, &[])), "{answer:?}");
    }
}

#[test]
fn a_cutoff_ends_it() {
    for cutoff in [Cutoff::Issuer, Cutoff::Client(vestibule_core::ClientId::new("Q"))] {
        let mut world = world();
        let mut browser = remembered(&mut world);
        world.pass(1);
        let tick = world.tick();
        let step = world.server.end(cutoff.clone(), tick);
        world.finish(step).unwrap();
        world.pass(10);
        assert!(is_asked(&comes(&mut world, &mut browser, &[])), "{cutoff:?}");
    }
}

/// Who signs in is known only when they are back; then what was remembered is gone, and they are
/// asked the next time.
#[test]
fn the_end_of_a_person_ends_what_they_had_remembered() {
    let mut world = world();
    let mut browser = remembered(&mut world);
    world.pass(1);
    let tick = world.tick();
    let step = world.server.end(Cutoff::Subject("idp:alice".to_owned()), tick);
    world.finish(step).unwrap();
    world.pass(10);
    let response = comes(&mut world, &mut browser, &[]);
    assert!(!goes_on(&mut world, &mut browser, &response));
    assert!(is_asked(&comes(&mut world, &mut browser, &[])));
}

#[test]
fn a_browser_remembers_sixteen_answers_and_forgets_the_oldest() {
    let mut config = config();
    config.consent = Consent::Remember(Consent::LONGEST);
    let ids: Vec<String> = (0..17).map(|n| format!("client-{n}")).collect();
    config.clients.extend(ids.iter().map(|id| client(id, None, &[APP])));
    let mut world = World::of(config);
    let mut browser = Browser::default();
    for id in &ids {
        agree(&mut world, &mut browser, &[("client_id", id)]);
        world.pass(1);
    }
    let mut asked = |id: &String| is_asked(&comes(&mut world, &mut browser, &[("client_id", id)]));
    assert!(asked(&ids[0]));
    assert!(ids[1..].iter().all(|id| !asked(id)));
    let cookie = browser.cookies.iter().find(|(name, _)| name.contains("remembered")).unwrap();
    assert!(cookie.0.len() + cookie.1.len() < 800, "{}", cookie.1.len());
}

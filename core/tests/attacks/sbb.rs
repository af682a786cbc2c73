//! State, cross-site requests and the browser: what binds the way back to the way there.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use vestibule_core::{Issuer, Refusal, Response, SealingSecret};

use crate::expect::{
    assert_local400, assert_redirect, complete, damaged, get, last_refusal, local400, member,
    redir, refused, register_evil, rewritten, together, until_callback,
};
use crate::world::browser::callback_of;
use crate::world::{
    APP, Browser, World, authorize_with, config, location, query_of, request, text,
};

/// A callback that must be refused on a page, with nothing asked upstream.
fn refused_callback(world: &mut World, browser: &Browser, callback: &str) -> Response {
    let calls = world.upstream.calls.len();
    let response = refused(world, get(callback, &browser.header()));
    assert_eq!(world.upstream.calls.len(), calls, "the provider was asked");
    assert_local400(&response);
    response
}

fn with_state(state: &str) -> String {
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("state", state)
        .append_pair("code", "upstream-code")
        .finish();
    format!("/oauth/callback/idp?{query}")
}

/// A world and a sign-in on its way: the browser, the callback and its state.
fn on_the_way(world: &mut World) -> (Browser, String, String) {
    let (browser, callback) = until_callback(world, &authorize_with(&[]));
    let state = query_of(&callback)["state"].clone();
    (browser, callback, state)
}

#[test]
fn sbb_02_the_way_back_needs_the_cookie_of_this_very_flow() {
    let mut world = World::new();
    let (first, callback, _) = on_the_way(&mut world);
    let (second, ..) = on_the_way(&mut world);
    let flow = |browser: &Browser| {
        browser.cookies.iter().find(|(name, _)| name.contains("flow")).unwrap().1.clone()
    };
    refused_callback(&mut world, &Browser::default(), &callback);
    refused_callback(&mut world, &second, &callback);
    assert_eq!(*last_refusal(&world), Refusal::OtherBrowser);
    // The other flow's cookie under this flow's name.
    let mut swapped = first.clone();
    for (name, value) in &mut swapped.cookies {
        if name.contains("flow") {
            *value = flow(&second);
        }
    }
    refused_callback(&mut world, &swapped, &callback);
    assert_eq!(*last_refusal(&world), Refusal::OtherBrowser);
    for forged in damaged(&flow(&first)).into_iter().step_by(31) {
        let mut edited = first.clone();
        for (name, value) in &mut edited.cookies {
            if name.contains("flow") {
                value.clone_from(&forged);
            }
        }
        refused_callback(&mut world, &edited, &callback);
    }
    let mut first = first;
    complete(&mut world, &mut first, &callback);
}

#[test]
fn sbb_04_a_damaged_state_is_refused_every_time() {
    let mut world = World::new();
    let (mut browser, callback, state) = on_the_way(&mut world);
    assert!(state.len() <= 128, "{} characters", state.len());
    for forged in damaged(&state) {
        refused_callback(&mut world, &browser, &with_state(&forged));
        assert_eq!(*last_refusal(&world), Refusal::StateForged, "{forged}");
    }
    refused_callback(&mut world, &browser, &with_state(""));
    complete(&mut world, &mut browser, &callback);
}

#[test]
fn sbb_05_a_state_lives_for_ten_minutes() {
    let mut world = World::new();
    let (mut browser, callback, _) = on_the_way(&mut world);
    for age in [600, 601, 86_400] {
        let mut later = world.clone();
        later.pass(age);
        let page = refused_callback(&mut later, &browser, &callback);
        assert_eq!(*last_refusal(&later), Refusal::StateExpired);
        assert!(text(&page).contains("took too long"), "{}", text(&page));
    }
    world.pass(599);
    complete(&mut world, &mut browser, &callback);
}

#[test]
fn sbb_07_of_callbacks_side_by_side_one_proceeds() {
    for many in [2, 20] {
        let mut world = World::new();
        let (browser, callback, _) = on_the_way(&mut world);
        let servers = [world.server.clone()];
        let requests = (0..many).map(|_| get(&callback, &browser.header())).collect();
        let responses = together(&mut world, &servers, requests);
        let (led_on, others): (Vec<_>, Vec<_>) =
            responses.iter().partition(|response| response.status == 303);
        assert_eq!(led_on.len(), 1);
        others.into_iter().for_each(assert_local400);
        assert_eq!(world.store.len(), 1);
        let code = query_of(location(&led_on[0].headers).unwrap())["code"].clone();
        assert_eq!(world.redeem(&code).status, 200);
        // And none later.
        refused_callback(&mut world, &browser, &callback);
    }
}

fn config_with_secrets(secrets: &[u8]) -> vestibule_core::Config {
    let mut config = config();
    config.secrets = secrets.iter().map(|byte| SealingSecret::new([*byte; 32]).unwrap()).collect();
    config
}

#[test]
fn sbb_08_a_state_of_an_unknown_key_is_refused() {
    let mut world = World::new();
    let (browser, callback, state) = on_the_way(&mut world);
    // Another deployment, and this one after its secret was retired.
    let mut elsewhere = world.reconfigured(config_with_secrets(&[9]));
    refused_callback(&mut elsewhere, &browser, &callback);
    assert_eq!(*last_refusal(&elsewhere), Refusal::StateForged);

    // The name of another key that is known in place of its own.
    let mut rotated = world.reconfigured(config_with_secrets(&[9, 1]));
    let (_, _, state_of_9) = on_the_way(&mut rotated);
    let key_id = URL_SAFE_NO_PAD.decode(state_of_9).unwrap()[..4].to_vec();
    let swapped = rewritten(&state, |bytes| bytes[..4].copy_from_slice(&key_id));
    assert_ne!(swapped, state);
    refused_callback(&mut rotated, &browser, &with_state(&swapped));
    assert_eq!(*last_refusal(&rotated), Refusal::StateForged);
    // A sign-in that began under a key that is second now goes on.
    let mut browser = browser;
    complete(&mut rotated, &mut browser, &callback);
}

#[test]
fn sbb_09_a_state_of_another_issuer_is_refused() {
    let mut world = World::new();
    let (browser, callback, _) = on_the_way(&mut world);
    let mut config = config();
    config.issuer = Issuer::parse("https://other-as.test").unwrap();
    let mut other = world.reconfigured(config);
    refused_callback(&mut other, &browser, &callback);
    assert_eq!(*last_refusal(&other), Refusal::StateForged);
}

#[test]
fn sbb_10_a_state_of_another_provider_is_refused() {
    let mut world = World::new();
    let (mut browser, callback, _) = on_the_way(&mut world);
    let elsewhere = callback.replace("/callback/idp", "/callback/other");
    refused_callback(&mut world, &browser, &elsewhere);
    assert_eq!(*last_refusal(&world), Refusal::StateOfOtherProvider);
    complete(&mut world, &mut browser, &callback);
}

#[test]
fn sbb_11_no_other_text_of_ours_is_a_state() {
    let mut world = World::new();
    let code = world.until_code()["code"].clone();
    let tokens = world.until_tokens();
    let client_id = register_evil(&mut world);
    let (browser, ..) = on_the_way(&mut world);
    let page = Browser::default().get(&mut world, &authorize_with(&[]));
    let mut texts = vec![code, client_id, crate::world::browser::form_of(&page)];
    texts.extend(["access_token", "refresh_token"].map(|name| member(&tokens, name)));
    texts.extend(browser.cookies.values().cloned());
    // With and without what they begin with.
    let bare = texts.iter().filter_map(|text| {
        // Not somewhere inside, where it stands by chance.
        let (prefix, bare) = text.split_once("1_")?;
        (prefix.len() <= 3).then(|| bare.to_owned())
    });
    let bare: Vec<_> = bare.collect();
    assert_eq!(bare.len(), 3);
    for text in texts.into_iter().chain(bare) {
        refused_callback(&mut world, &browser, &with_state(&text));
        assert_eq!(*last_refusal(&world), Refusal::StateForged);
    }
}

#[test]
fn sbb_12_before_consent_there_is_no_cookie_to_come_back_with() {
    let mut world = World::new();
    let mut victim = Browser::default();
    let page = victim.get(&mut world, &authorize_with(&[]));
    assert_eq!(page.status, 200);
    assert!(victim.cookies.keys().all(|name| !name.contains("flow")), "{:?}", victim.cookies);
    // An attacker's own sign-in, finished in the victim's browser.
    let (_, callback, _) = on_the_way(&mut world);
    refused_callback(&mut world, &victim, &callback);
    assert_eq!(*last_refusal(&world), Refusal::OtherBrowser);
}

#[test]
fn sbb_23_nobody_is_sent_upstream_without_a_page_before_it() {
    let mut world = World::new();
    let evil = register_evil(&mut world);
    // A victim who signed in here before, for another client, and is signed in upstream.
    let mut victim = Browser::default();
    victim.until_redirect(&mut world, &authorize_with(&[]));
    for provider in ["", "idp", "other"] {
        let authorize = authorize_with(&[
            ("client_id", &evil),
            ("redirect_uri", crate::expect::EVIL),
            ("provider", provider),
            ("prompt", "none"),
        ]);
        let page = victim.get(&mut world, &authorize);
        assert_eq!(page.status, 200);
        assert!(location(&page.headers).is_none());
        assert!(text(&page).contains("evil.test"));
    }
    // Every client's, the operator's own too.
    assert_eq!(victim.get(&mut world, &authorize_with(&[])).status, 200);
}

#[test]
fn sbb_25_a_callback_has_a_code_or_an_error() {
    let mut world = World::new();
    let (browser, callback, state) = on_the_way(&mut world);
    let both = format!("{callback}&error=access_denied");
    let neither = format!("/oauth/callback/idp?state={state}");
    let empty = format!("/oauth/callback/idp?state={state}&code=");
    for malformed in [both, neither, empty] {
        let mut world = world.clone();
        let response = refused(&mut world, get(&malformed, &browser.header()));
        assert_redirect(&response, APP, "server_error", Some("S"));
        assert!(world.upstream.calls.is_empty());
    }
    for name in ["code", "state", "error", "iss"] {
        let value = if name == "state" { &*state } else { "x" };
        let twice = format!("{callback}&{name}={value}&{name}={value}");
        refused_callback(&mut world, &browser, &twice);
    }
    let denied = format!("/oauth/callback/idp?state={state}&error=access_denied");
    let response = refused(&mut world, get(&denied, &browser.header()));
    assert_redirect(&response, APP, "access_denied", Some("S"));
}

#[test]
fn sbb_26_the_providers_issuer_is_checked_before_anything_is_exchanged() {
    let mut config = config();
    config.providers[0].metadata_mut().unwrap().issuer = Some("https://idp.test".to_owned());
    let mut lenient = World::of(config.clone());
    config.providers[0].metadata_mut().unwrap().iss_parameter = true;
    let mut strict = World::of(config);

    let check = |world: &mut World, iss: Option<&str>| {
        let mut browser = Browser::default();
        let upstream = browser.until_upstream(world, &authorize_with(&[]));
        let mut said = vec![("code", "upstream-code")];
        said.extend(iss.map(|iss| ("iss", iss)));
        let callback = callback_of(&upstream, &said);
        let calls = world.upstream.calls.len();
        let cookies = browser.header();
        let response =
            world.send(request(http::Method::GET, &callback, &[("cookie", &cookies)], ""));
        if world.upstream.calls.len() == calls {
            assert_redirect(&response, APP, "server_error", Some("S"));
            assert_eq!(*last_refusal(world), Refusal::UpstreamIssuer);
            false
        } else {
            assert!(location(&response.headers).unwrap().contains("code="));
            true
        }
    };
    for wrong in ["https://evil.test", "https://idp.test/", "https://IDP.test", "idp.test"] {
        assert!(!check(&mut strict, Some(wrong)), "{wrong}");
        assert!(!check(&mut lenient, Some(wrong)), "{wrong}");
    }
    assert!(!check(&mut strict, None), "it is announced, and missing");
    assert!(check(&mut lenient, None), "it was never announced");
    assert!(check(&mut strict, Some("https://idp.test")));
}

#[test]
fn sbb_27_a_state_comes_back_as_it_was_sent() {
    let long = "s".repeat(2048);
    let states = [
        "x",
        &long,
        "\0",
        "a\0b",
        "🦀 é ü",
        "\"><script>alert(1)</script>",
        "a=b&c",
        "a+b c%20d",
        "%00%0d%0a",
        "&state=evil&code=evil&iss=evil",
        "#fragment",
        "line\r\nbreak",
    ];
    for state in states {
        let mut world = World::new();
        let page = world.get(&authorize_with(&[("state", state)]));
        assert!(!text(&page).contains("<script"));
        assert_eq!(world.until_code_with(&[("state", state)])["state"], state);
        let refusal = authorize_with(&[("state", state), ("response_type", "token")]);
        redir(&mut world, &refusal, "unsupported_response_type");
    }
    let none = World::new().until_code_with(&[("state", "")]);
    assert!(!none.contains_key("state"));
}

#[test]
fn sbb_28_a_state_that_is_too_long_is_refused_and_not_cut() {
    let mut world = World::new();
    for length in [2049, 16 * 1024] {
        local400(&mut world, &authorize_with(&[("state", &"s".repeat(length))]));
    }
}

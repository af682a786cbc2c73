//! The seed's failures, by their numbers: what went wrong there does not here. `count` holds the
//! list, with those that are shown elsewhere.

use http::{Method, header};
use serde_json::{Value, json};
use vestibule_core::{JwtFault, Refusal, SealingSecret};

use crate::scene::{NO_BEARER, NO_ID_TOKEN, NO_JSON, NOBODY, Scene};
use crate::world::browser::callback_of;
use crate::world::{
    APP, Browser, ISSUER, World, authorize_with, claims_of, config, error_of, json_of, location,
    query_of, request, text,
};
use crate::{discord, github, gitlab, google, slack};

const GITHUB_TOKEN: &str = "https://github.com/login/oauth/access_token";

#[test]
fn seed_01_a_junk_code_signs_nobody_in() {
    for (answer, why) in [
        (json!({ "error": "bad_verification_code" }), Refusal::UpstreamError),
        (
            json!({ "error": "x", "access_token": "planted", "token_type": "bearer" }),
            Refusal::UpstreamError,
        ),
        (json!({}), NO_BEARER),
        (json!("<html>planted</html>"), NO_JSON),
    ] {
        github::scene().saying(GITHUB_TOKEN, answer).assert_refused(why);
    }
    github::scene().saying("https://api.github.com/user", json!({})).assert_refused(NOBODY);
}

#[test]
fn seed_02_scope_and_audience_are_not_the_clients_choice() {
    for (name, value, error) in [
        ("scope", "admin everything", "invalid_scope"),
        ("resource", "https://someone-else.test", "invalid_target"),
    ] {
        let response = World::new().get(&authorize_with(&[(name, value)]));
        let told = query_of(location(&response.headers).unwrap());
        assert_eq!(told["error"], error);
    }
}

#[test]
fn seed_03_nobody_is_sent_to_where_nobody_registered() {
    for body in
        [json!({}), json!({ "redirect_uris": [] }), json!({ "redirect_uris": ["javascript:x"] })]
    {
        assert_eq!(World::new().register_with(&body).status, 400, "{body}");
    }
    for uri in ["https://evil.test/cb", "javascript:x", "https://app.test/cb/x"] {
        let response = World::new().get(&authorize_with(&[("redirect_uri", uri)]));
        assert_eq!((response.status.as_u16(), location(&response.headers)), (400, None), "{uri}");
    }
}

#[test]
fn seed_04_a_code_is_nothing_without_its_client_redirect_uri_and_verifier() {
    for (name, value) in
        [("client_id", "N"), ("redirect_uri", "https://app.test/"), ("code_verifier", "")]
    {
        let mut world = World::new();
        let code = world.until_code()["code"].clone();
        let (status, error) = error_of(&world.redeem_with(&code, &[(name, value)]));
        assert!(status == 400 || status == 401, "{name}: {status} {error}");
    }
    // What the client asks of us is not asked upstream.
    let mut browser = Browser::default();
    let upstream =
        browser.until_upstream(&mut World::new(), &authorize_with(&[("scope", "mcp:read")]));
    assert_eq!(query_of(&upstream)["scope"], "profile");
}

#[test]
fn seed_05_our_refresh_token_is_ours_and_works() {
    let mut scene = google::scene();
    let tokens = scene.tokens();
    assert!(!tokens.to_string().contains("1//0gRefresh"));
    assert!(!claims_of(tokens["access_token"].as_str().unwrap()).to_string().contains("1//0g"));
    let again = scene.world.refresh(tokens["refresh_token"].as_str().unwrap());
    assert_eq!(again.status, 200, "{}", text(&again));
}

#[test]
fn seed_06_an_access_token_is_no_client_id() {
    let mut world = World::new();
    let token = world.until_tokens()["access_token"].as_str().unwrap().to_owned();
    for id in [token.clone(), format!("mcp_{token}"), format!("vc1_{token}")] {
        let response = world.get(&authorize_with(&[("client_id", &id)]));
        assert_eq!((response.status.as_u16(), location(&response.headers)), (400, None));
        let response = world.redeem_with("any", &[("client_id", &id)]);
        assert_eq!(error_of(&response), (401, "invalid_client".to_owned()));
    }
}

#[test]
fn seed_07_secrets_are_bytes_and_errors_are_answers() {
    let mut config = config();
    config.secrets = vec![SealingSecret::new("ein Geheimnis mit vielen Ümläuten").unwrap()];
    let tokens = World::of(config).until_tokens();
    assert!(tokens["access_token"].is_string());
    // The error callback without state.
    let response = World::new().get("/oauth/callback/idp?error=access_denied");
    assert_eq!((response.status.as_u16(), location(&response.headers)), (400, None));
    // `no-store`.
    let mut world = World::new();
    let code = world.until_code()["code"].clone();
    assert_eq!(world.redeem(&code).headers[header::CACHE_CONTROL], "no-store");
}

#[test]
fn seed_08_a_providers_own_ways_are_heeded() {
    let asked = google::scene().sent_upstream();
    assert_eq!((&*asked["access_type"], &*asked["code_challenge_method"]), ("offline", "S256"));
    let mut scene = google::scene();
    scene.person();
    let exchange = scene.asked("https://oauth2.googleapis.com/token");
    assert!(exchange.contains_key("code_verifier") && exchange.contains_key("client_secret"));
}

#[test]
fn seed_09_a_callback_is_of_the_browser_that_agreed() {
    let mut world = World::new();
    let page = world.get(&authorize_with(&[]));
    assert_eq!(
        (page.status.as_u16(), location(&page.headers)),
        (200, None),
        "no consent was asked"
    );
    let callback = Browser::default().until_callback(&mut world, &authorize_with(&[]));
    let response = Browser::default().get(&mut world, &callback);
    assert_eq!((response.status.as_u16(), location(&response.headers)), (400, None));
    assert!(world.upstream.calls.is_empty());
}

#[test]
fn seed_10_a_state_is_whole_or_nothing() {
    let mut world = World::new();
    let mut browser = Browser::default();
    let upstream = browser.until_upstream(&mut world, &authorize_with(&[]));
    let state = query_of(&upstream)["state"].clone();
    for at in 0..state.len() {
        let mut changed = state.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        let response =
            browser.get(&mut world, &format!("/oauth/callback/idp?code=c&state={changed}"));
        assert_eq!(response.status, 400, "{at}");
    }
    assert!(world.upstream.calls.is_empty());
}

#[test]
fn seed_12_the_id_token_counts_and_is_of_this_sign_in() {
    let token = "https://oauth2.googleapis.com/token";
    google::scene().with(token, "id_token", Value::Null).assert_refused(NO_ID_TOKEN);
    let mut scene = google::scene();
    scene.change = |right| right.claim("nonce", "another");
    scene.assert_refused(Refusal::IdToken(JwtFault::Nonce));
    let mut scene = google::scene();
    scene.change = |right| right.without_claim("nonce");
    scene.assert_refused(Refusal::IdToken(JwtFault::Nonce));
    assert!(google::scene().sent_upstream().contains_key("nonce"));
}

#[test]
fn seed_13_the_same_id_at_two_providers_is_two_people() {
    let sub = |mut scene: Scene| {
        let tokens = scene.tokens();
        claims_of(tokens["access_token"].as_str().unwrap())["sub"].clone()
    };
    let there = github::scene().with("https://api.github.com/user", "id", json!(42));
    assert_eq!((sub(there), sub(gitlab::scene())), ("github:42".into(), "gitlab:42".into()));
}

/// The store is what instances share, and a flow at the provider needs not even that.
#[test]
fn seed_14_a_sign_in_outlives_a_restart_at_any_moment() {
    let mut world = World::new();
    let mut browser = Browser::default();
    let callback = browser.until_callback(&mut world, &authorize_with(&[]));
    let mut world = world.reconfigured(config());
    let response = browser.get(&mut world, &callback);
    let code = query_of(location(&response.headers).unwrap())["code"].clone();
    let mut world = world.reconfigured(config());
    let tokens = json_of(&world.redeem(&code));
    let mut world = world.reconfigured(config());
    assert_eq!(world.refresh(tokens["refresh_token"].as_str().unwrap()).status, 200);
}

#[test]
fn seed_15_what_the_provider_says_of_an_error_stays_here() {
    let error = json!({ "error": "planted", "error_description": "planted <b>body</b>" });
    github::scene().saying(GITHUB_TOKEN, error).assert_refused(Refusal::UpstreamError);
    let mut scene = github::scene();
    let mut browser = Browser::default();
    let upstream = scene.until_upstream(&mut browser);
    let said = [("error", "access_denied"), ("error_description", "planted")];
    let response = browser.get(&mut scene.world, &callback_of(&upstream, &said));
    assert!(!location(&response.headers).unwrap().contains("planted"));
}

#[test]
fn seed_16_clocks_may_be_a_little_apart() {
    let mut scene = google::scene();
    scene.change = |right| {
        let issued = right.claims["iat"].as_u64().unwrap();
        right.claim("iat", issued + 30)
    };
    assert!(scene.person()["subject"].is_string());
    let mut world = World::new();
    let token = world.until_tokens()["access_token"].as_str().unwrap().to_owned();
    world.now -= 1;
    assert!(world.is_live(&token));
}

#[test]
fn seed_17_there_is_revocation_consent_cors_and_iss() {
    let mut world = World::new();
    let told = world.until_code();
    assert_eq!(told["iss"], ISSUER);
    let response = world.redeem(&told["code"]);
    assert_eq!(response.headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
    let tokens = json_of(&response);
    world.revoke(tokens["refresh_token"].as_str().unwrap());
    assert!(!world.is_live(tokens["access_token"].as_str().unwrap()));
    let body = json!({ "redirect_uris": [APP] }).to_string();
    let json = [("content-type", "application/json")];
    let registration = request(Method::POST, "/oauth/register", &json, &body);
    assert!(world.server.charge(&registration).is_some(), "a registration costs nothing");
}

#[test]
fn seed_18_metadata_do_not_depend_on_who_asks_how() {
    let path = "/.well-known/oauth-authorization-server";
    let mut world = World::new();
    let evil =
        [("host", "evil.test"), ("x-forwarded-host", "evil.test"), ("x-forwarded-proto", "http")];
    let asked = world.send(request(Method::GET, path, &evil, ""));
    assert_eq!(asked.body, world.get(path).body);
    assert_eq!(json_of(&asked)["issuer"], ISSUER);
}

#[test]
fn seed_19_slack_works_and_discord_is_told_right() {
    slack::scene().assert_signs_in();
    discord::scene().assert_signs_in();
}
